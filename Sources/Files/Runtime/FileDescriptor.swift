#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The `errno` of a failed system call, and its message: "No space left on device".
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  package var code: Int32

  package init(_ code: Int32 = errno) { self.code = code }

  static let invalidName = SystemError(EINVAL)

  package var description: String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }
}

/// An open file, pipe or terminal. All output of this package goes through `write`.
package struct FileDescriptor: Sendable {
  package let number: Int32

  package init(_ number: Int32) { self.number = number }

  /// Creates a file with the permissions of the process's umask.
  package static func creating(_ path: String) throws(SystemError) -> FileDescriptor {
    try opened(open(FilePath.cString(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666))
  }

  /// Opens a file to append to. A link is not followed.
  package static func appending(to path: String) throws(SystemError) -> FileDescriptor {
    try opened(open(FilePath.cString(path), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC))
  }

  /// Opens a folder, to lock it or to synchronize its entries to disk.
  package static func folder(_ path: String) throws(SystemError) -> FileDescriptor {
    try opened(open(FilePath.cString(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC))
  }

  private static func opened(_ number: Int32) throws(SystemError) -> FileDescriptor {
    guard number >= 0 else { throw SystemError() }
    return FileDescriptor(number)
  }

  /// Writes all of `data`: short writes are continued, interrupted ones repeated, and a full non-blocking pipe is
  /// waited for.
  package func write(_ data: Data) throws(SystemError) {
    let failure = data.withUnsafeBytes { bytes -> SystemError? in
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest)
        #if canImport(Musl)
          let count = Musl.write(number, part.baseAddress, part.count)
        #elseif canImport(Darwin)
          let count = Darwin.write(number, part.baseAddress, part.count)
        #else
          let count = Glibc.write(number, part.baseAddress, part.count)
        #endif
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if count == 0 {
          return SystemError(EIO)
        } else if errno == EAGAIN || errno == EWOULDBLOCK {
          var waiting = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
          if poll(&waiting, 1, -1) < 0, errno != EINTR { return SystemError() }
        } else if errno != EINTR {
          return SystemError()
        }
      }
      return nil
    }
    if let failure { throw failure }
  }

  /// Synchronizes the file to disk.
  package func synchronize() throws(SystemError) {
    while fsync(number) != 0 {
      guard errno == EINTR else { throw SystemError() }
    }
  }

  /// The length of the file in bytes.
  package func size() throws(SystemError) -> Int {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw SystemError() }
    return Int(status.st_size)
  }

  /// Whether the open file is still the one at `path`.
  package func stands(at path: String) -> Bool {
    guard let name = try? FilePath.cString(path) else { return false }
    var (opened, named) = (stat(), stat())
    return fstat(number, &opened) == 0 && stat(name, &named) == 0 && opened.st_dev == named.st_dev
      && opened.st_ino == named.st_ino
  }

  /// Locks the file or folder until it is closed; `false` where another process has locked it.
  package func lock() throws(SystemError) -> Bool {
    guard flock(number, LOCK_EX | LOCK_NB) != 0 else { return true }
    let reason = SystemError()
    guard reason.code == EWOULDBLOCK else { throw reason }
    return false
  }

  /// Truncates the file to `size` bytes.
  package func truncate(to size: Int) throws(SystemError) {
    guard ftruncate(number, off_t(size)) == 0 else { throw SystemError() }
  }

  /// Closes it. Some file systems report only now that there was no space.
  package func close() throws(SystemError) {
    #if canImport(Musl)
      let status = Musl.close(number)
    #elseif canImport(Darwin)
      let status = Darwin.close(number)
    #else
      let status = Glibc.close(number)
    #endif
    // Even when interrupted, the descriptor is closed.
    guard status == 0 || errno == EINTR else { throw SystemError() }
  }
}
