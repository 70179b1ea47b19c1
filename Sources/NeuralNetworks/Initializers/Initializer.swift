import Tensors

/// How a parameter is initialized.
///
/// The fans are how many inputs an output depends on and how many outputs an input reaches. Random values come from
/// `Random.current` when the layer is created.
public struct Initializer: Sendable {
  private let make: @Sendable (_ shape: Shape, _ fanIn: Int, _ fanOut: Int) throws(TensorError) -> [Float]

  private init(
    storing make: @escaping @Sendable (_ shape: Shape, _ fanIn: Int, _ fanOut: Int) throws(TensorError) -> [Float],
    _: Void
  ) { self.make = make }

  /// An initializer of your own. What it throws becomes the parameter's error.
  public init(_ make: @escaping @Sendable (_ count: Int, _ fanIn: Int, _ fanOut: Int) throws(TensorError) -> [Float]) {
    self.init(
      storing: { shape, fanIn, fanOut throws(TensorError) in try make(shape.elementCount, fanIn, fanOut) }, ())
  }

  /// An initializer of your own that depends on the parameter's shape. Its values are in row-major order.
  public static func shaped(
    _ make: @escaping @Sendable (_ shape: Shape, _ fanIn: Int, _ fanOut: Int) throws(TensorError) -> [Float]
  ) -> Initializer { Initializer(storing: make, ()) }

  /// The values of a parameter of this shape, in row-major order. Throws where the shape has a negative size, there is no
  /// memory for it, or the initializer's settings are invalid.
  public func values(shape: Shape, fanIn: Int, fanOut: Int) throws(TensorError) -> [Float] {
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw TensorError("an initializer makes values of at least 0 along each axis, not \(shape)")
    }
    let count = shape.elementCount
    try Memory.check(count.times(MemoryLayout<Float>.stride), for: "an array of \(count) first values")
    return try make(shape, fanIn, fanOut)
  }

  /// Zero everywhere: for biases and shifts.
  public static let zeros = constant(0)
  /// One everywhere: for the scales of normalization layers.
  public static let ones = constant(1)

  /// The same number everywhere.
  public static func constant(_ value: Float) -> Initializer {
    Initializer { count, _, _ in Array(repeating: value, count: count) }
  }
}
