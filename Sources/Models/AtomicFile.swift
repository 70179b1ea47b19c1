import Foundation

/// Files that are either as they were or wholly new, whatever happens in between.
public enum AtomicFile {
  /// Makes `data` the contents of the file at `url`.
  ///
  /// They are written to a new file beside it and brought to the disk; then that file takes the name. A link is
  /// followed, so what it leads to is replaced. Throws a `ModelError` where that cannot be done; then the file at `url`
  /// is as it was.
  public static func replace(_ url: URL, with data: Data) throws {
    let target = url.resolvingSymlinksInPath()
    let beside = target.deletingLastPathComponent().appendingPathComponent(".\(UUID().uuidString).tmp")
    guard FileManager.default.createFile(atPath: beside.path, contents: nil) else {
      throw ModelError("\(url.path) cannot be written; its folder should exist and be writable")
    }
    do {
      let handle = try FileHandle(forWritingTo: beside)
      defer { try? handle.close() }
      try handle.write(contentsOf: data)
      try handle.synchronize()
    } catch {
      try? FileManager.default.removeItem(at: beside)
      throw ModelError("\(url.path) cannot be written: \(error.localizedDescription)")
    }
    guard rename(beside.path, target.path) == 0 else {
      try? FileManager.default.removeItem(at: beside)
      throw ModelError("\(url.path) cannot be replaced; it should be a file, not a folder")
    }
    // The new name is on the disk once its folder is. Where a folder cannot be synchronized, the file still is right.
    let folder = open(target.deletingLastPathComponent().path, O_RDONLY)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }
}
