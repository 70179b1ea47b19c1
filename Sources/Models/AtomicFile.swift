import Files
import Foundation

/// Atomic replacement of files: they have either the old or the new contents, also after a crash.
public enum AtomicFile {
  /// Replaces the contents of the file at `url` with `data`.
  ///
  /// They are written to a new file in the same folder and synchronized to disk; then that file is renamed. A link at
  /// `url` is replaced, not followed: its target belongs to somebody else. Throws a `ModelError` that says why where
  /// that cannot be done; then the file at `url` is as it was.
  ///
  /// With `previous`, the replaced file is renamed to that in the same folder. For a moment there is no
  /// file at `url` then, but always a complete one under one of the two names.
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
      // Where there is no file yet, there is nothing to rename.
      try? Folder.rename(url.path, to: folder.appendingPathComponent(previous).path)
    }
    do { try Folder.rename(beside, to: url.path) } catch {
      try? Folder.remove(beside)
      throw ModelError("\(url.path) cannot be replaced: \(error)")
    }
    synchronize(folder)
  }

  /// Synchronizes a folder to disk. Where that is not possible, the files are still correct.
  package static func synchronize(_ folder: URL) {
    guard let descriptor = try? FileDescriptor.folder(folder.path) else { return }
    try? descriptor.synchronize()
    try? descriptor.close()
  }

  private static let temporary = ".backprop.tmp"

  /// Removes temporary files in `folder` that an interrupted process left behind.
  public static func removeLeftovers(in folder: URL) {
    for name in (try? Folder.names(in: folder.path)) ?? [] where name.hasPrefix(".") && name.hasSuffix(temporary) {
      try? Folder.remove(folder.appendingPathComponent(name).path)
    }
  }
}
