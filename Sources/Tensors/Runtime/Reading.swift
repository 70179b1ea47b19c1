extension Tensor {
  /// The elements in row-major order. Computes them if needed. Throws the error of a failed tensor.
  public func values(file: StaticString = #fileID, line: UInt = #line) throws(TensorError) -> [Float] {
    try read(.float32, copying: true, CallSite(file, line)).floats(count: shape.elementCount)
  }

  /// The elements of an int32 tensor.
  public func intValues(file: StaticString = #fileID, line: UInt = #line) throws(TensorError) -> [Int32] {
    try read(.int32, copying: true, CallSite(file, line)).ints(count: shape.elementCount)
  }

  /// The value of a tensor of one element.
  public func scalar(file: StaticString = #fileID, line: UInt = #line) throws(TensorError) -> Float {
    let storage = try read(.float32, CallSite(file, line))
    guard shape.elementCount == 1 else {
      throw TensorError(
        "scalar: \(shape) holds \(shape.elementCount) numbers; use values()", callSite: CallSite(file, line))
    }
    return storage.pointer.load(as: Float.self)
  }

  /// The values, where they are known. The runtime's lock is held.
  var knownStorage: Storage? {
    if case .storage(let storage) = node.leaf { return storage }
    return node.results.indices.contains(output) ? node.results[output] : nil
  }

  /// Writes the elements into an array, reusing its memory where possible.
  package func values(into values: inout [Float]) throws(TensorError) {
    let storage = try read(.float32, CallSite(#fileID, #line))
    let count = shape.elementCount
    if values.count != count { values = [Float](repeating: 0, count: count) }
    storage.read(into: &values)
  }

  fileprivate func read(
    _ dtype: DType, copying: Bool = false, _ site: @autoclosure () -> CallSite
  ) throws(TensorError) -> Storage {
    do throws(TensorError) {
      if let failure { throw failure }
      guard self.dtype == dtype else {
        throw TensorError(
          "values of \(self.dtype) were asked for as \(dtype); use \(self.dtype == .int32 ? "intValues()" : "values()")"
        )
      }
      if copying { try Memory.check(shape.elementCount * 4, for: "an array of \(node.op.name), \(type),") }
      if case .storage(let storage) = node.leaf {
        if storage.role == .placeholder { throw Storage.noValueYet }
        return storage
      }
      try evaluate([self])
      guard let storage = Executor.shared.withLock({ _ in knownStorage }) else {
        throw TensorError("internal error: no value was computed")
      }
      return storage
    } catch {
      var located = error
      located.callSite = error.callSite ?? site()
      throw located
    }
  }
}

extension Variable {
  /// A variable with these values in row-major order; their count must be the product of `shape`.
  public convenience init(_ values: [Float], shape: Shape, name: String) throws(TensorError) {
    guard shape.isValid, shape.elementCount == values.count else {
      throw TensorError("\(name): \(values.count) values do not fill the shape \(shape)")
    }
    self.init(try Storage(values, for: "the variable \(name)"), shape: shape, dtype: .float32, name: name)
  }

  /// A variable whose first values are a copy of this tensor's. Computes them if need be.
  package convenience init(_ tensor: Tensor, name: String) throws(TensorError) {
    let values = try tensor.read(tensor.dtype, CallSite(#fileID, #line))
    let copy = try Storage(copying: values, for: "the variable \(name)")
    self.init(copy, shape: tensor.shape, dtype: tensor.dtype, name: name)
  }

  /// A copy of the values.
  public func values() throws(TensorError) -> [Float] {
    guard dtype == .float32 else { throw TensorError("\(name) holds \(dtype), not float32") }
    try Memory.check(shape.elementCount * dtype.byteCount, for: "a copy of the values of \(name)")
    return Executor.using(self) { storage.floats(count: shape.elementCount) }
  }

  /// Replaces the values.
  public func set(_ values: [Float]) throws(TensorError) {
    guard dtype == .float32, values.count == shape.elementCount else {
      throw TensorError("\(name): \(values.count) values do not fill the shape \(shape)")
    }
    try Executor.using(self, writing: true) { () throws(TensorError) in
      try prepareToWrite()
      withStorage { $0.write(values[...]) }
    }
  }

  /// Replaces the only value of a variable that holds one integer.
  package func set(_ value: Int32) throws(TensorError) {
    precondition(dtype == .int32 && shape.elementCount == 1)
    try Executor.using(self, writing: true) { () throws(TensorError) in
      try prepareToWrite()
      pointer.storeBytes(of: value, as: Int32.self)
    }
  }
}
