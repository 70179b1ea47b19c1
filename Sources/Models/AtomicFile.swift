import Files
import Foundation

/// Files that are either as they were or wholly new, whatever happens in between.
public enum AtomicFile {
  /// Makes `data` the contents of the file at `url`.
  ///
  /// They are written to a new file beside it and brought to the disk; then that file takes the name. A link at `url` is
  /// replaced, not followed: what it leads to belongs to somebody else. Throws a `ModelError` that says why where that
  /// cannot be done; then the file at `url` is as it was.
  ///
  /// With `previous`, the file that is replaced lives on under that name in the same folder. For a moment there is no
  /// file at `url` then, but always a whole one under one of the two names.
  public static func replace(_ url: URL, with data: Data, keepingAs previous: String? = nil) throws {
    let folder = url.deletingLastPathComponent()
    let beside = folder.appendingPathComponent(".\(UUID().uuidString)\(temporary)").path
    do {
      let file = try FileDescriptor.creating(beside)
      do {
        try file.write(data)
        try file.synchronize()
      } catch {
        try? file.close()
        throw error
      }
      try file.close()
    } catch {
      try? Folder.remove(beside)
      throw ModelError("\(url.path) cannot be written: \(error)")
    }
    if let previous {
      // Where there is no file yet, there is nothing to keep.
      try? Folder.rename(url.path, to: folder.appendingPathComponent(previous).path)
    }
    do { try Folder.rename(beside, to: url.path) } catch {
      try? Folder.remove(beside)
      throw ModelError("\(url.path) cannot be replaced: \(error)")
    }
    synchronize(folder)
  }

  /// Brings the names in a folder to the disk. Where a folder cannot be synchronized, the files are right all the same.
  package static func synchronize(_ folder: URL) {
    guard let descriptor = try? FileDescriptor.folder(folder.path) else { return }
    try? descriptor.synchronize()
    try? descriptor.close()
  }

  private static let temporary = ".backprop.tmp"

  /// Removes what writing left behind in `folder` where the process ended in the middle of it.
  public static func removeLeftovers(in folder: URL) {
    for name in (try? Folder.names(in: folder.path)) ?? [] where name.hasPrefix(".") && name.hasSuffix(temporary) {
      try? Folder.remove(folder.appendingPathComponent(name).path)
    }
  }
}
