#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A memory-mapped file.
///
/// Bytes are copied out, so no pointer escapes. Only for our own unlinked files: the system ends a program that reads
/// beyond the end of a file that was truncated meanwhile.
final class MappedFile: @unchecked Sendable {
  // Unchecked: the memory is only read.
  private let base: UnsafeRawPointer?
  /// How many bytes there are.
  let count: Int

  /// The contents of an open file, which may be closed afterwards. `nil` where it cannot be mapped.
  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, let count = Int(exactly: status.st_size)
    else { return nil }
    self.count = count
    guard count > 0 else {
      base = nil
      return
    }
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else { return nil }
    self.base = UnsafeRawPointer(base)
  }

  deinit {
    if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
  }

  /// The bytes in `range`, as far as there are any.
  func bytes(in range: Range<Int>) -> [UInt8] {
    guard let base else { return [] }
    return Array(UnsafeRawBufferPointer(start: base, count: count)[range.clamped(to: 0..<count)])
  }
}
