import CKernels

/// Aligned memory that holds a tensor's elements. Written once, before anyone else sees it, or under the runtime's
/// lock where only a variable holds it.
final class Storage: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int

  enum Role {
    case data
    /// Stands for values that each run of a compiled graph gives.
    case placeholder
    /// A `Float` that an operation was recorded with.
    case number
  }
  let role: Role
  /// What reading such values is.
  static let noValueYet = TensorError(
    "a value was asked for while a compiled step is recorded, where its inputs have none yet; compute it from tensors, "
      + "return it with the step's results, or give it as an input")

  private enum Origin { case system, pool, mapping }
  private let origin: Origin

  /// No bytes.
  init() {
    (byteCount, origin, role) = (0, .system, .data)
    pointer = .allocate(byteCount: 64, alignment: 64)
  }

  /// Uninitialized memory, aligned to 64 bytes, or zeros: many are untouched pages, which take no memory until they are
  /// used.
  ///
  /// Throws where it cannot be allocated, with its purpose: `purpose` is the subject of a sentence.
  init(
    byteCount: Int, zeroed: Bool = false, role: Role = .data, for purpose: @autoclosure () -> String
  ) throws(TensorError) {
    (self.byteCount, self.role) = (byteCount, role)
    let isLarge = (MemoryPool.smallestArray...Memory.limit).contains(byteCount)
    if isLarge, zeroed, let mapped = Memory.map(byteCount) {
      (origin, pointer) = (.mapping, mapped)
    } else if isLarge, !zeroed, let pooled = MemoryPool.allocate(byteCount) {
      (origin, pointer) = (.pool, pooled)
    } else if let memory = Memory.allocate(byteCount) {
      (origin, pointer) = (.system, memory)
      if zeroed { pointer.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount) }
    } else {
      throw Memory.failure(byteCount, purpose())
    }
  }

  /// Maps the pages of an array that is used completely.
  func prefault() { if origin == .pool { backprop_prefault(pointer, Int64(byteCount)) } }

  convenience init(copying other: Storage, for purpose: @autoclosure () -> String) throws(TensorError) {
    try self.init(byteCount: other.byteCount, for: purpose())
    pointer.copyMemory(from: other.pointer, byteCount: byteCount)
  }

  convenience init<Element: BitwiseCopyable>(
    _ values: [Element], role: Role = .data, for purpose: @autoclosure () -> String
  ) throws(TensorError) {
    try self.init(byteCount: values.count * MemoryLayout<Element>.stride, role: role, for: purpose())
    write(values[...])
  }

  /// Throws where there would be no memory to fill zeros that take none yet.
  func checkMemory(for purpose: @autoclosure () -> String) throws(TensorError) {
    try Memory.check(byteCount, for: purpose())
  }

  /// Takes the values of memory of the same size.
  func copy(_ other: Storage) {
    if origin != .system { backprop_prefault(pointer, Int64(byteCount)) }
    pointer.copyMemory(from: other.pointer, byteCount: byteCount)
  }

  func fill(with number: Int32) {
    pointer.initializeMemory(as: Int32.self, repeating: number, count: byteCount / MemoryLayout<Int32>.stride)
  }

  /// Replaces the rows with these int32 numbers; those outside are none.
  func replaceRows(_ numbers: Storage, with rows: Storage) {
    let count = numbers.byteCount / MemoryLayout<Int32>.stride
    guard count > 0 else { return }
    let size = rows.byteCount / count
    let places: [Int32] = numbers.elements(count: count)
    for (index, place) in places.enumerated() where place >= 0 && (Int(place) + 1) * size <= byteCount {
      (pointer + Int(place) * size).copyMemory(from: rows.pointer + index * size, byteCount: size)
    }
  }

  deinit {
    switch origin {
    case .system: Memory.deallocate(pointer, byteCount)
    case .pool: MemoryPool.deallocate(pointer, byteCount)
    case .mapping: Memory.unmap(pointer, byteCount)
    }
  }

  func write<Element: BitwiseCopyable>(_ values: ArraySlice<Element>) {
    values.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { pointer.copyMemory(from: base, byteCount: min(bytes.count, byteCount)) }
    }
  }

  /// The value of one float or double.
  var number: Double {
    get { byteCount == 8 ? pointer.load(as: Double.self) : Double(pointer.load(as: Float.self)) }
    set {
      if byteCount == 8 {
        pointer.storeBytes(of: newValue, as: Double.self)
      } else {
        pointer.storeBytes(of: Float(newValue), as: Float.self)
      }
    }
  }

  /// Copies as many elements as both have.
  func read(into values: inout [Float]) {
    values.withUnsafeMutableBytes { bytes in
      bytes.baseAddress?.copyMemory(from: pointer, byteCount: min(bytes.count, byteCount))
    }
  }

  /// Elements of this type, converted.
  func converted<Element: TensorElement>(from dtype: DType, count: Int) -> [Element] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      backprop_plain_cast(dtype.code, Element.tensorType.code, Int64(count), pointer, buffer.baseAddress)
      initialized = count
    }
  }

  func elements<Element: BitwiseCopyable>(count: Int) -> [Element] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = min(count, byteCount / MemoryLayout<Element>.stride)
      buffer.baseAddress?.initialize(
        from: pointer.assumingMemoryBound(to: Element.self), count: initialized)
    }
  }
}

extension Request.Source {
  /// The address of the values. The source must be retained meanwhile.
  var pointer: UnsafeMutableRawPointer {
    switch self {
    case .storage(let storage), .key(let storage): storage.pointer
    case .variable(let variable): variable.pointer
    }
  }
}
