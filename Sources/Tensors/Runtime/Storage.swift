import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Aligned memory that holds a tensor's elements. Written once, before anyone else sees it, or under the runtime's lock.
final class Storage: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int

  private enum Origin { case system, pool, mapping }
  private let origin: Origin

  /// Memory whose contents are not set, aligned to 64 bytes.
  init(byteCount: Int) {
    self.byteCount = byteCount
    let pooled = byteCount >= MemoryPool.smallestArray ? MemoryPool.allocate(byteCount) : nil
    origin = pooled == nil ? .system : .pool
    pointer = pooled ?? .allocate(byteCount: max(byteCount, 64), alignment: 64)
  }

  /// Memory that is about to be used from one end to the other.
  static func populated(byteCount: Int) -> Storage {
    let storage = Storage(byteCount: byteCount)
    if storage.origin == .pool { backprop_populate(storage.pointer, Int64(byteCount)) }
    return storage
  }

  /// Zeros. Large ones are pages that nobody has touched, which take no memory until somebody does.
  init(zeros byteCount: Int) {
    self.byteCount = byteCount
    let mapped =
      byteCount >= MemoryPool.smallestArray
      ? mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0) : nil
    if let mapped, mapped != MAP_FAILED {
      (origin, pointer) = (.mapping, mapped)
    } else {
      (origin, pointer) = (.system, .allocate(byteCount: max(byteCount, 64), alignment: 64))
      pointer.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }
  }

  convenience init(copying other: Storage) {
    self.init(byteCount: other.byteCount)
    pointer.copyMemory(from: other.pointer, byteCount: byteCount)
  }

  convenience init<Element: BitwiseCopyable>(_ values: [Element]) {
    self.init(byteCount: values.count * MemoryLayout<Element>.stride)
    write(values[...])
  }

  deinit {
    switch origin {
    case .system: pointer.deallocate()
    case .pool: MemoryPool.deallocate(pointer, byteCount)
    case .mapping: munmap(pointer, byteCount)
    }
  }

  func write<Element: BitwiseCopyable>(_ values: ArraySlice<Element>) {
    values.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { pointer.copyMemory(from: base, byteCount: min(bytes.count, byteCount)) }
    }
  }

  func floats(count: Int) -> [Float] { read(count) }
  func ints(count: Int) -> [Int32] { read(count) }

  /// As many elements as the array has, or as there are.
  func read(into values: inout [Float]) {
    values.withUnsafeMutableBytes { bytes in
      bytes.baseAddress?.copyMemory(from: pointer, byteCount: min(bytes.count, byteCount))
    }
  }

  private func read<Element: BitwiseCopyable>(_ count: Int) -> [Element] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = min(count, byteCount / MemoryLayout<Element>.stride)
      buffer.baseAddress?.initialize(
        from: pointer.assumingMemoryBound(to: Element.self), count: initialized)
    }
  }
}

extension Request.Source {
  /// Where the values lie. Something must keep the source meanwhile.
  var pointer: UnsafeMutableRawPointer {
    switch self {
    case .storage(let storage), .key(let storage): storage.pointer
    case .variable(let variable, _): variable.storage.pointer
    }
  }
}
