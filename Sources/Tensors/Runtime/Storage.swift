#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Aligned memory that holds a tensor's elements. Written once, before anyone else sees it, or under the runtime's lock.
final class Storage: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int

  /// Memory whose contents are not set. Aligned to 64 bytes, or to a huge page where it is large.
  init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = UnsafeMutableRawPointer.allocate(
      byteCount: max(byteCount, 64), alignment: byteCount >= 1 << 22 ? 1 << 21 : 64)
    #if os(Linux)
      // Fewer page faults and TLB misses on large arrays; only advice, so the answer does not matter.
      let hugePages: Int32 = 14  // MADV_HUGEPAGE
      if byteCount >= 1 << 22 { _ = madvise(pointer, byteCount, hugePages) }
    #endif
  }

  convenience init<Element: BitwiseCopyable>(_ values: [Element]) {
    self.init(byteCount: values.count * MemoryLayout<Element>.stride)
    write(values)
  }

  deinit { pointer.deallocate() }

  func write<Element: BitwiseCopyable>(_ values: [Element]) {
    values.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { pointer.copyMemory(from: base, byteCount: min(bytes.count, byteCount)) }
    }
  }

  func floats(count: Int) -> [Float] { read(count) }
  func ints(count: Int) -> [Int32] { read(count) }

  private func read<Element: BitwiseCopyable>(_ count: Int) -> [Element] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = min(count, byteCount / MemoryLayout<Element>.stride)
      buffer.baseAddress?.initialize(
        from: pointer.assumingMemoryBound(to: Element.self), count: initialized)
    }
  }
}
