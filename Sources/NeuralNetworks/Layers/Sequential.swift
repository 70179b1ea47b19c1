import Tensors

/// Layers one after the other.
///
/// ```swift
/// let model = Sequential {
///   Flatten()
///   Dense(784, 128, activation: .relu)
///   Dense(128, 10)
/// }
/// ```
public struct Sequential: Layer {
  /// The layers, in the order in which they are called.
  public let layers: [any Layer]

  /// The layers listed in the closure, where `if` and `for` may choose them.
  public init(@SequentialBuilder _ layers: () -> [any Layer]) { self.init(layers()) }

  /// The layers of an array.
  public init(_ layers: [any Layer]) {
    self.layers = layers
    _ = parts(of: self)  // Sets the layers' paths; a model that contains this one sets longer ones.
  }

  /// The result of the last layer; `x` itself where there are no layers.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var result = x
    for (index, layer) in layers.enumerated() {
      result = layer(result).located(in: "layers.\(index) (\(type(of: layer)))")
    }
    return result
  }
}

/// Gathers the layers of a `Sequential`; `if` and `for` may be used.
@resultBuilder
public enum SequentialBuilder {
  /// A layer on a line of its own.
  public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
  /// The lines, one after the other.
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
  /// The layers of an `if` without `else`: none where it does not hold.
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  /// The layers of an `if` that holds.
  public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
  /// The layers of its `else`.
  public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
  /// The layers of a `for`, those of each iteration after those of the one before.
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}
