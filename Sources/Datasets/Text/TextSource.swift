import Files

/// The bytes of a text, in memory or in a file.
struct TextSource: Sendable {
  private enum Place {
    case memory([UInt8])
    /// Read on demand, not mapped: it may be truncated meanwhile.
    case file(OpenFile)
    /// The contents of a pipe, in an unlinked file.
    case copy(MappedFile)
  }

  /// Its name in errors.
  let name: String
  /// Its length in bytes.
  let count: Int
  private let place: Place

  /// A text in memory.
  init(_ bytes: [UInt8], name: String) {
    self.name = name
    count = bytes.count
    place = .memory(bytes)
  }

  /// The text in a file or from a pipe. A pipe's goes to a temporary file where it has more than `memoryLimit` bytes.
  /// Throws a `DataError` where it cannot be read.
  init(
    contentsOf path: String, accepting kinds: OpenFile.Kinds = .regularOrPipe, memoryLimit: Int = 64 << 20
  ) throws(DataError) {
    name = path
    let file = try DataError.naming(path) { () throws(FileFailure) in try OpenFile(path, accepting: kinds) }
    // Virtual files, such as those in /proc, report a size of 0.
    if let size = file.size, size > 0 {
      (count, place) = (size, .file(file))
      return
    }
    let next = { () throws(DataError) in
      try DataError.naming(path) { () throws(FileFailure) in try file.next(atMost: 1 << 20) }
    }
    var bytes: [UInt8] = []
    while bytes.count <= memoryLimit {
      let piece = try next()
      guard !piece.isEmpty else {
        (count, place) = (bytes.count, .memory(bytes))
        return
      }
      bytes += piece
    }
    let copy = try TemporaryFile()
    while !bytes.isEmpty {
      try copy.append(bytes)
      bytes = try next()
    }
    guard let mapped = copy.mapped() else { throw DataError("\(path) should fit the address space") }
    (count, place) = (mapped.count, .copy(mapped))
  }

  /// The bytes in `range`, which must be inside of the text. Throws where the file has become shorter.
  func bytes(in range: Range<Int>) throws(DataError) -> [UInt8] {
    switch place {
    case .memory(let bytes): return Array(bytes[range])
    case .copy(let file): return file.bytes(in: range)
    case .file(let file):
      return try DataError.naming(name) { () throws(FileFailure) in try file.bytes(in: range) }
    }
  }

  /// Passes the bytes in `range` to `body`, piece by piece, each with its offset in the text.
  ///
  /// A piece has about `size` bytes and ends where `lastCut` says, or at the end of `range`. Where `lastCut` finds
  /// nothing, the piece is extended.
  func forEachPiece(
    in range: Range<Int>, size: Int = 1 << 20, lastCut: ([UInt8]) -> Int?,
    _ body: ([UInt8], _ offset: Int) throws(DataError) -> Void
  ) throws(DataError) {
    var start = range.lowerBound
    var size = size
    while start < range.upperBound {
      let end = start + min(size, range.upperBound - start)
      var piece = try bytes(in: start..<end)
      if end < range.upperBound {
        guard let cut = lastCut(piece), cut > 0 else {
          size *= 2
          continue
        }
        piece.removeSubrange(cut...)
      }
      try body(piece, start)
      start += piece.count
    }
  }
}
