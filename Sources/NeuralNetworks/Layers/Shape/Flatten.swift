import Tensors

/// All axes from one on become one: [batch, a, b, …] → [batch, a · b · …].
public struct Flatten: NamedLayer {
  public let path = LayerPath()
  private let axis: Int

  /// A layer that makes one row of each example, or one of each position before `axis`.
  public init(from axis: Int = 1) { self.axis = axis }

  public var summary: String { "Flatten" }

  public func apply(_ x: Tensor) -> Tensor { x.flattened(from: axis) }
}

/// An axis becomes several: [batch, …, a · b, …] → [batch, …, a, b, …].
public struct Unflatten: NamedLayer {
  public let path = LayerPath()
  private let axis: Int
  private let sizes: Shape

  /// A layer that makes axes of these sizes, whose product is that of the axis; a negative one counts from the end.
  public init(axis: Int = 1, to sizes: Shape) { (self.axis, self.sizes) = (axis, sizes) }

  public var summary: String { "Unflatten \(sizes)" }

  public func apply(_ x: Tensor) -> Tensor {
    if x.failure != nil { return x }
    let index = axis < 0 ? axis + x.shape.rank : axis
    guard x.shape.indices.contains(index), sizes.allSatisfy({ $0 > 0 }), sizes.elementCount == x.shape[index] else {
      return .failed(TensorError("Unflatten: axis \(axis) of \(x.shape) does not become axes of the sizes \(sizes)"))
    }
    var shape = x.shape
    shape.dimensions.replaceSubrange(index...index, with: sizes.dimensions)
    return x.reshaped(to: shape)
  }
}

/// The input itself: where a layer is chosen that may be none.
public struct Identity: NamedLayer {
  public let path = LayerPath()

  /// A layer without effect.
  public init() {}

  public var summary: String { "Identity" }

  public func apply(_ x: Tensor) -> Tensor { x }
}
