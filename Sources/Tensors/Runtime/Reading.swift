extension Tensor {
  /// The elements in row-major order, as the type of Swift that they are: `values(as: Int32.self)`.
  ///
  /// Computes them if needed. float32 is the default, as which bfloat16 and float16 are read too. Throws for another type
  /// than the tensor's, which has to be cast, and the error of a failed tensor.
  public func values<Element: TensorElement>(
    as type: Element.Type = Float.self, file: StaticString = #fileID, line: UInt = #line
  ) throws(TensorError) -> [Element] {
    let tensor = readable(as: type)
    return try tensor.read(Element.tensorType, copying: true, CallSite(file, line)).elements(count: shape.elementCount)
  }

  /// The value of a tensor of one element, as `values(as:)`.
  public func scalar<Element: TensorElement>(
    as type: Element.Type = Float.self, file: StaticString = #fileID, line: UInt = #line
  ) throws(TensorError) -> Element {
    let storage = try readable(as: type).read(Element.tensorType, CallSite(file, line))
    guard shape.elementCount == 1 else {
      throw TensorError(
        "scalar: \(shape) holds \(shape.elementCount) numbers; use values()", callSite: CallSite(file, line))
    }
    return storage.pointer.load(as: Element.self)
  }

  /// The value of a tensor of one number of any type.
  package func number() throws(TensorError) -> Double {
    dtype == .float32 ? Double(try scalar()) : try cast(to: .float64).scalar(as: Double.self)
  }

  /// The floats of 16 bits, which Swift lacks on some platforms, as float32.
  private func readable<Element: TensorElement>(as type: Element.Type) -> Tensor {
    (dtype == .bfloat16 || dtype == .float16) && Element.tensorType == .float32 ? cast(to: .float32) : self
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

  func read(
    _ dtype: DType, copying: Bool = false, _ site: @autoclosure () -> CallSite
  ) throws(TensorError) -> Storage {
    do throws(TensorError) {
      if let failure { throw failure }
      guard self.dtype == dtype else {
        let element = self.dtype.element
        let accessor = element == Float.self ? "values()" : "values(as: \(element).self)"
        throw TensorError(
          "values of \(self.dtype) were asked for as \(dtype); use \(accessor), or cast(to: .\(dtype)) first"
        )
      }
      if copying { try Memory.check(type.byteCount, for: "an array of \(node.op.name), \(type),") }
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
      throw error.called(at: site())
    }
  }
}

extension Variable {
  /// A variable with these values in row-major order; their count must be the product of `shape`.
  public convenience init(_ values: [Float], shape: Shape, name: String) throws(TensorError) {
    try self.init(elements: values, shape, name)
  }

  /// The same for elements of any type.
  @_disfavoredOverload
  public convenience init<Element: TensorElement>(_ values: [Element], shape: Shape, name: String) throws(TensorError) {
    try self.init(elements: values, shape, name)
  }

  private convenience init<Element: TensorElement>(
    elements values: [Element], _ shape: Shape, _ name: String
  ) throws(TensorError) {
    guard shape.isValid, shape.elementCount == values.count else {
      throw TensorError("\(name): \(values.count) values do not fill the shape \(shape)")
    }
    self.init(try Storage(values, for: "the variable \(name)"), shape: shape, dtype: Element.tensorType, name: name)
  }

  /// A variable whose first values are a copy of this tensor's. Computes them if need be.
  package convenience init(_ tensor: Tensor, name: String) throws(TensorError) {
    let values = try tensor.read(tensor.dtype, CallSite(#fileID, #line))
    let copy = try Storage(copying: values, for: "the variable \(name)")
    self.init(copy, shape: tensor.shape, dtype: tensor.dtype, name: name)
  }

  /// A copy of the values, as the type of Swift that they are; see `Tensor.values(as:)`.
  public func values<Element: TensorElement>(as type: Element.Type = Float.self) throws(TensorError) -> [Element] {
    guard dtype == Element.tensorType else { throw TensorError("\(name) holds \(dtype), not \(Element.tensorType)") }
    try Memory.check(self.type.byteCount, for: "a copy of the values of \(name)")
    return Executor.using(self) { storage.elements(count: shape.elementCount) }
  }

  /// Replaces the values by others of the same type.
  public func set(_ values: [Float]) throws(TensorError) { try set(elements: values) }
  /// Replaces the values by others of the same type.
  @_disfavoredOverload
  public func set<Element: TensorElement>(_ values: [Element]) throws(TensorError) { try set(elements: values) }

  private func set<Element: TensorElement>(elements values: [Element]) throws(TensorError) {
    guard dtype == Element.tensorType else {
      throw TensorError("\(name) holds \(dtype) and cannot take over \(Element.tensorType) values")
    }
    guard values.count == shape.elementCount else {
      throw TensorError("\(name): \(values.count) values do not fill the shape \(shape)")
    }
    try write { $0.write(values[...]) }
  }

  /// Replaces the only value of a variable that holds one integer.
  package func set(_ value: Int32) throws(TensorError) {
    precondition(dtype == .int32 && shape.elementCount == 1)
    try write { $0.pointer.storeBytes(of: value, as: Int32.self) }
  }

  /// Calls `body` with memory that nobody else holds, while no run uses it.
  func write(_ body: (Storage) -> Void) throws(TensorError) {
    try Executor.using(self, writing: true) { () throws(TensorError) in
      try prepareToWrite()
      withStorage(body)
    }
  }
}
