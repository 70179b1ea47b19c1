#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is open for reading. It is opened once, so that its properties and contents are those of the same file.
///
/// Nothing is mapped: a file that is truncated meanwhile is an error and not a signal.
package final class OpenFile: Sendable {
  /// The kinds of files that may be opened.
  package enum Kinds: Sendable {
    /// A regular file: it has a size, and can be read again.
    case regular
    /// Also a pipe, which can be read once and is waited for.
    case regularOrPipe
  }

  private let descriptor: Int32
  /// The length of a regular file when it was opened; `nil` for a pipe.
  package let size: Int?

  /// Opens the file at `path`. Throws where it is missing, of another kind or not readable.
  package init(_ path: String, accepting kinds: Kinds = .regular) throws(FileFailure) {
    let name: [CChar]
    do { name = try FilePath.cString(path) } catch {
      throw FileFailure("has a zero byte in its name and should have none")
    }
    // A pipe is opened only where one is allowed: opening waits for a writer, possibly forever.
    var status = stat()
    let waits = kinds == .regularOrPipe && stat(name, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    let descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | (waits ? 0 : O_NONBLOCK))
    guard descriptor >= 0 else { throw Self.failure(errno) }
    self.descriptor = descriptor
    guard fstat(descriptor, &status) == 0 else {
      size = nil
      throw Self.failure(errno)
    }
    let kind = status.st_mode & S_IFMT
    size = kind == S_IFREG ? Int(status.st_size) : nil
    guard kind == S_IFREG || kind == S_IFIFO && waits else {
      throw FileFailure(
        "is \(Self.name(of: kind)) and should be a regular file\(kinds == .regular ? "" : " or a pipe")")
    }
  }

  deinit { close(descriptor) }

  /// Whether the name exists, as a file or not, even where it is not accessible.
  package static func isThere(_ path: String) -> Bool {
    var status = stat()
    guard let name = try? FilePath.cString(path) else { return false }
    return stat(name, &status) == 0 || errno != ENOENT && errno != ENOTDIR
  }

  /// Whether it is a folder.
  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    guard let name = try? FilePath.cString(path) else { return false }
    return stat(name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The bytes in `range` of a regular file. Throws where the file is shorter now.
  package func bytes(in range: Range<Int>) throws(FileFailure) -> [UInt8] {
    try Self.requireMemory(range.count)
    var problem: FileFailure?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      while count < range.count {
        let found = pread(
          descriptor, buffer.baseAddress.map { $0 + count }, min(range.count - count, 1 << 30),
          off_t(range.lowerBound + count))
        if found < 0, errno == EINTR { continue }
        guard found > 0 else {
          problem =
            found == 0 ? FileFailure("became shorter while it was read; it should not change") : Self.failure(errno)
          return
        }
        count += found
      }
    }
    if let problem { throw problem }
    return bytes
  }

  /// The rest of the file from the current position, which should be at most `limit` bytes.
  package func contents(limit: Int) throws(FileFailure) -> [UInt8] {
    if let size, size > limit { throw FileFailure("should have at most \(limit) bytes, not \(size)") }
    var bytes: [UInt8] = []
    try Self.requireMemory(size ?? 0)
    // One more, so that the end is found without allocating another piece.
    bytes.reserveCapacity((size ?? 0) + 1)
    while bytes.count <= limit {
      let piece = try next(atMost: min(max(bytes.capacity - bytes.count, 1 << 16), 1 << 20))
      guard !piece.isEmpty else { return bytes }
      if bytes.count + piece.count > bytes.capacity { try Self.requireMemory(2 * bytes.capacity) }
      bytes += piece
    }
    throw FileFailure("should have at most \(limit) bytes")
  }

  /// The next bytes, at most `count`; none at the end.
  package func next(atMost count: Int) throws(FileFailure) -> [UInt8] {
    var problem: FileFailure?
    let bytes = [UInt8](unsafeUninitializedCapacity: max(count, 1)) { buffer, initialized in
      var found = -1
      repeat { found = read(descriptor, buffer.baseAddress, buffer.count) } while found < 0 && errno == EINTR
      if found < 0 { problem = Self.failure(errno) }
      initialized = max(found, 0)
    }
    if let problem { throw problem }
    return bytes
  }

  /// Throws where so much memory cannot be allocated: an array would end the program.
  package static func requireMemory(_ byteCount: Int) throws(FileFailure) {
    guard byteCount > 1 << 20 else { return }
    // Not `malloc`, which compilers optimize away where the memory is freed at once.
    let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let memory, memory != MAP_FAILED else {
      throw FileFailure("needs \(byteCount >> 20) MiB of memory, which cannot be had")
    }
    munmap(memory, byteCount)
  }

  private static func failure(_ number: Int32) -> FileFailure {
    switch number {
    case ENOENT: FileFailure("should exist", isMissing: true)
    case ENOTDIR: FileFailure("should be in a folder, but a part of its path is a file")
    case EACCES, EPERM: FileFailure("cannot be read and should be a readable file: permission is denied")
    case ELOOP: FileFailure("cannot be read: its links lead in a circle")
    default: FileFailure("cannot be read and should be a readable file: \(String(cString: strerror(number)))")
    }
  }

  private static func name(of kind: mode_t) -> String {
    switch kind {
    case S_IFDIR: "a folder"
    case S_IFIFO: "a named pipe"
    case S_IFSOCK: "a socket"
    case S_IFCHR, S_IFBLK: "a device"
    default: "something else"
    }
  }
}
