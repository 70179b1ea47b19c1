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
  public let layers: [any Layer]

  public init(@SequentialBuilder _ layers: () -> [any Layer]) { self.init(layers()) }

  public init(_ layers: [any Layer]) {
    self.layers = layers
    _ = parts(of: self)  // Sets the layers' paths; a model that contains this one sets longer ones.
  }

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
  public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
  public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}
