import Files

/// Where a command writes its result. Folders are created, and what cannot be written is refused, before any work.
enum OutputPlace {
  /// Creates the folder at `path` and its parents. Throws a `RequestError` with `advice` where it cannot be made or
  /// written.
  static func folder(
    _ path: String, advice: String = "name another one with --output"
  ) throws(RequestError) {
    if OpenFile.isThere(path), !OpenFile.isFolder(path) {
      throw RequestError("\(path) is a file and should be a folder; \(advice)")
    }
    do {
      try Folder.create(path)
      try Folder.requireWritable(path)
    } catch {
      throw RequestError("the folder \(path) cannot be written: \(error); \(advice)")
    }
  }

  /// Creates the folder for the file at `path`. Throws a `RequestError` where a file of that name cannot be made.
  static func file(_ path: String) throws(RequestError) {
    guard !OpenFile.isFolder(path), !path.hasSuffix("/") else {
      throw RequestError("--output \(path) is a folder; name a file, such as \(path)/report.html")
    }
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let parent = slash.map { String(path.utf8[..<$0]) ?? "" }
    try folder(parent.map { $0.isEmpty ? "/" : $0 } ?? ".")
  }
}
