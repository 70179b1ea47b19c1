#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Folders and the names in them, which may be any bytes (`FilePath`): all queries and changes of names go through here
/// and `OpenFile`.
package enum Folder {
  /// Creates the folder at `path` and its parents. An existing one is no error.
  package static func create(_ path: String) throws(SystemError) {
    let name = try FilePath.cString(path)
    guard mkdir(name, 0o777) != 0, case let reason = SystemError() else { return }
    if OpenFile.isFolder(path) { return }
    guard reason.code == ENOENT, let parent = FilePath.parent(of: path) else { throw reason }
    try create(parent)
    // Another process may have created it meanwhile.
    guard mkdir(name, 0o777) == 0 || OpenFile.isFolder(path) else { throw SystemError() }
  }

  /// Creates the folder at `path`; `false` where the name exists.
  package static func createNew(_ path: String) throws(SystemError) -> Bool {
    guard mkdir(try FilePath.cString(path), 0o777) != 0 else { return true }
    let reason = SystemError()
    guard reason.code == EEXIST else { throw reason }
    return false
  }

  /// The names in the folder at `path`, in no order.
  package static func names(in path: String) throws(SystemError) -> [String] {
    guard let folder = opendir(try FilePath.cString(path)) else { throw SystemError() }
    defer { closedir(folder) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(folder) else {
        guard errno == 0 else { throw SystemError() }
        return names
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { FilePath.string(of: $0.prefix { $0 != 0 }) }
      if name != ".", name != ".." { names.append(name) }
    }
  }

  /// Whether there is something at `path`. Throws where that cannot be determined.
  package static func holds(_ path: String) throws(SystemError) -> Bool {
    do { try require(path, F_OK) } catch {
      if error.code == ENOENT { return false }
      throw error
    }
    return true
  }

  /// Throws where names in the folder at `path` cannot be added and removed.
  package static func requireWritable(_ path: String) throws(SystemError) { try require(path, W_OK | X_OK) }

  /// Throws where the names in the folder at `path` cannot be listed and used.
  package static func requireReadable(_ path: String) throws(SystemError) { try require(path, R_OK | X_OK) }

  private static func require(_ path: String, _ mode: Int32) throws(SystemError) {
    guard access(try FilePath.cString(path), mode) == 0 else { throw SystemError() }
  }

  /// Renames the file at `path` to `other`, replacing an existing one.
  package static func rename(_ path: String, to other: String) throws(SystemError) {
    let (old, new) = (try FilePath.cString(path), try FilePath.cString(other))
    #if canImport(Musl)
      let status = Musl.rename(old, new)
    #elseif canImport(Darwin)
      let status = Darwin.rename(old, new)
    #else
      let status = Glibc.rename(old, new)
    #endif
    guard status == 0 else { throw SystemError() }
  }

  /// Removes the file or link at `path`. A missing one is no error.
  package static func remove(_ path: String) throws(SystemError) {
    guard unlink(try FilePath.cString(path)) != 0 else { return }
    let reason = SystemError()
    if reason.code != ENOENT { throw reason }
  }

  /// Which folder it is, whatever paths and links lead to it.
  package struct Identity: Hashable, Sendable {
    private let device: UInt64
    private let number: UInt64

    fileprivate init(_ status: stat) {
      device = UInt64(truncatingIfNeeded: status.st_dev)
      number = UInt64(truncatingIfNeeded: status.st_ino)
    }
  }

  /// The identity of the folder at `path`, links followed. `nil` where there is none.
  package static func identity(of path: String) -> Identity? {
    var status = stat()
    guard let name = try? FilePath.cString(path), stat(name, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      return nil
    }
    return Identity(status)
  }

  /// Whether two paths lead to the same file or folder, links followed. A pipe may have other contents each time.
  package static func isSame(_ path: String, as other: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard let a = try? FilePath.cString(path), let b = try? FilePath.cString(other), stat(a, &first) == 0,
      stat(b, &second) == 0, [S_IFREG, S_IFDIR].contains(first.st_mode & S_IFMT)
    else { return false }
    return Identity(first) == Identity(second)
  }

  /// The kind of the file at `path`; links are not followed.
  package enum Entry { case nothing, folder, link, other }

  package static func entry(at path: String) throws(SystemError) -> Entry {
    var status = stat()
    guard lstat(try FilePath.cString(path), &status) == 0 else {
      let reason = SystemError()
      if reason.code == ENOENT { return .nothing }
      throw reason
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .folder
    case S_IFLNK: return .link
    default: return .other
    }
  }
}
