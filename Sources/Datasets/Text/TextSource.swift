import Foundation

/// The bytes of a text, wherever they are.
struct TextSource: Sendable {
  private enum Place {
    case memory([UInt8])
    case file(MappedFile)
  }

  /// What errors call it.
  let name: String
  private let place: Place

  /// A text in memory.
  init(_ bytes: [UInt8], name: String) {
    self.name = name
    place = .memory(bytes)
  }

  /// The text in a file: mapped, or read where it is a pipe. Throws a `DataError` where it cannot be.
  init(contentsOf url: URL) throws(DataError) {
    name = url.path
    if let file = MappedFile(path: url.path), file.count > 0 {
      place = .file(file)
    } else {
      place = .memory(try readBytes(of: url))
    }
  }

  /// How many bytes it has.
  var count: Int {
    switch place {
    case .memory(let bytes): bytes.count
    case .file(let file): file.count
    }
  }

  /// The bytes in `range`, which must be inside of the text.
  func bytes(in range: Range<Int>) -> [UInt8] {
    switch place {
    case .memory(let bytes): Array(bytes[range])
    case .file(let file): file.bytes(in: range)
    }
  }

  /// Gives the bytes in `range` to `body`, piece by piece, each with its place in the text.
  ///
  /// A piece has about `size` bytes and ends where `lastCut` says, or at the end of `range`. Where `lastCut` finds
  /// nothing, the piece is made larger.
  func forEachPiece(
    in range: Range<Int>, size: Int = 1 << 20, lastCut: ([UInt8]) -> Int?,
    _ body: ([UInt8], _ offset: Int) throws(DataError) -> Void
  ) throws(DataError) {
    var start = range.lowerBound
    var size = size
    while start < range.upperBound {
      let end = start + min(size, range.upperBound - start)
      var piece = bytes(in: start..<end)
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
