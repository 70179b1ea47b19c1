import Foundation

/// Files that are either as they were or wholly new, whatever happens in between.
public enum AtomicFile {
  /// Makes `data` the contents of the file at `url`.
  ///
  /// They are written to a new file beside it and brought to the disk; then that file takes the name. A link is
  /// followed, so what it leads to is replaced. Throws a `ModelError` where that cannot be done; then the file at `url`
  /// is as it was.
  ///
  /// With `previous`, the file that is replaced lives on under that name in the same folder. For a moment there is no
  /// file at `url` then, but always a whole one under one of the two names.
  public static func replace(_ url: URL, with data: Data, keepingAs previous: String? = nil) throws {
    let target = url.resolvingSymlinksInPath()
    let beside = target.deletingLastPathComponent().appendingPathComponent(
      ".\(UUID().uuidString)\(temporary)")
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
    if let previous {
      // Where there is no file yet, there is nothing to keep.
      rename(target.path, target.deletingLastPathComponent().appendingPathComponent(previous).path)
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

  private static let temporary = ".backprop.tmp"

  /// Removes what writing left behind in `folder` where the process ended in the middle of it.
  public static func removeLeftovers(in folder: URL) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name.hasPrefix(".") && name.hasSuffix(temporary) {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
  }
}
