import Tensors

/// What an optimizer stores for a parameter: its name, its shape and its first value.
///
/// A string is a state of the parameter's shape that begins with zeros: `["mean", "squares"]`.
public struct OptimizerState: Hashable, Sendable, ExpressibleByStringLiteral {
  /// Its name, which follows the parameter's: `layers.0.weight.mean`. Of `squares` it is checked from time to time that
  /// they are finite.
  public let name: String
  /// Its shape; `nil` for the parameter's.
  public let shape: Shape?
  /// The first value of each element.
  public let start: Double

  /// A state of this name; of the parameter's shape where `shape` is `nil`.
  public init(_ name: String, shape: Shape? = nil, startingAt start: Double = 0) {
    (self.name, self.shape, self.start) = (name, shape, start)
  }

  public init(stringLiteral name: String) { self.init(name) }
}
