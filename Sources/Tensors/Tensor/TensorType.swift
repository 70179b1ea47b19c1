/// Shape and type of the elements.
struct TensorType: Hashable, Sendable, CustomStringConvertible {
  var shape: Shape
  var dtype: DType

  init(_ shape: Shape, _ dtype: DType = .float32) {
    self.shape = shape
    self.dtype = dtype
  }

  /// Bytes of all elements.
  var byteCount: Int { shape.elementCount.times(dtype.byteCount) }

  var description: String { "\(dtype) \(shape)" }
}

/// A constant in a graph, compared by its bits so that NaN equals itself.
struct Constant: Hashable, Sendable {
  let bits: UInt64
  var value: Double { Double(bitPattern: bits) }
  init(_ value: Double) { bits = value.bitPattern }
}
