// Elements of any type as bytes, little-endian whatever the machine: what files hold.

extension Tensor {
  /// Elements from little-endian bytes in row-major order, whose count must be that of the shape.
  package init(bytes: [UInt8], shape: [Int], dtype: DType) {
    let type = TensorType(Shape(shape), dtype)
    self = .checked { () throws(TensorError) in
      guard type.shape.isValid, bytes.count == type.byteCount else {
        throw TensorError("Tensor: \(bytes.count) bytes do not fill \(type)")
      }
      return Tensor(try Storage(bytes.inMachineOrder(dtype), for: "a tensor \(type)"), type)
    }
  }

  /// The elements as little-endian bytes. Computes them if needed.
  package func bytes() throws(TensorError) -> [UInt8] {
    let storage = try read(dtype, copying: true, CallSite(#fileID, #line))
    return (storage.elements(count: type.byteCount) as [UInt8]).inMachineOrder(dtype)
  }
}

extension Variable {
  /// A variable with the values of another one, at this time.
  package convenience init(copying other: Variable) throws(TensorError) {
    let copy = try Executor.using(other) { () throws(TensorError) in
      try Storage(copying: other.storage, for: "a copy of \(other.name)")
    }
    self.init(copy, shape: other.shape, dtype: other.dtype, name: other.name)
  }

  /// A variable with the same number everywhere: float64 where `other` is, float32 otherwise.
  package convenience init(
    repeating value: Double, shape: Shape, like other: Variable, name: String
  ) throws(TensorError) {
    let count = shape.elementCount
    if other.dtype == .float64 {
      try self.init(Array(repeating: value, count: count), shape: shape, name: name)
    } else {
      try self.init(Array(repeating: Float(value), count: count), shape: shape, name: name)
    }
  }

  /// The values as little-endian bytes.
  package func bytes() throws(TensorError) -> [UInt8] {
    try Memory.check(type.byteCount, for: "a copy of the values of \(name)")
    let bytes: [UInt8] = Executor.using(self) { storage.elements(count: type.byteCount) }
    return bytes.inMachineOrder(dtype)
  }

  /// Replaces the values by those of little-endian bytes.
  package func set(bytes: [UInt8]) throws(TensorError) {
    guard bytes.count == type.byteCount else {
      throw TensorError("\(name): \(bytes.count) bytes do not fill \(type)")
    }
    try write { $0.write(bytes.inMachineOrder(dtype)[...]) }
  }

  /// Replaces the values by those of a tensor of this shape, converted to this type.
  package func set(converting tensor: Tensor) throws(TensorError) {
    guard tensor.failure != nil || tensor.shape == shape else {
      throw TensorError("\(name): \(tensor.type) does not fill the shape \(shape)")
    }
    try set(bytes: try tensor.cast(to: dtype).bytes())
  }
}

extension [UInt8] {
  /// Little-endian elements in the machine's order, or the other way round.
  fileprivate func inMachineOrder(_ dtype: DType) -> [UInt8] {
    let size = dtype.byteCount
    if 1.littleEndian == 1 || size == 1 { return self }
    return indices.map { self[$0 / size * size + size - 1 - $0 % size] }
  }
}
