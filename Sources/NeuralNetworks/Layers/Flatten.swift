import Tensors

/// All axes but the first become one: [batch, a, b, …] → [batch, a · b · …].
public struct Flatten: NamedLayer {
  public let path = LayerPath()

  /// A layer that makes one row of each example.
  public init() {}

  public var summary: String { "Flatten" }

  public func apply(_ x: Tensor) -> Tensor { x.flattened(from: 1) }
}
