/// The result of scanning a text: that it is UTF-8, how many characters it has, and which, and its digest.
struct TextSurvey {
  /// How many characters (Unicode scalars) there are.
  private(set) var characterCount = 0
  /// The set of characters.
  private(set) var characters: Set<Unicode.Scalar> = []
  /// What the text is.
  private(set) var digest = ContentDigest(of: [])
  /// The beginning of each piece: bytes and characters before it.
  private var starts: [(byte: Int, character: Int)] = []
  private let source: TextSource

  /// Reads all of `source`. Throws a `DataError` where it is empty or not UTF-8.
  init(of source: TextSource) throws(DataError) {
    self.source = source
    guard source.count > 0 else { throw DataError("\(source.name) is empty and should have text") }
    var isThere = [Bool](repeating: false, count: 0x11_0000)
    try source.forEachPiece(in: 0..<source.count, lastCut: UTF8Cut.last) { piece, offset throws(DataError) in
      starts.append((offset, characterCount))
      digest.append(piece)
      var position = 0
      while position < piece.count {
        guard case .scalar(let scalar, let length) = UTF8Step(piece, at: position) else {
          throw DataError(
            "\(source.name) should be text in UTF-8, but its byte \(offset + position) (\(piece[position])) does not "
              + "belong to a character")
        }
        isThere[Int(scalar)] = true
        characterCount += 1
        position += length
      }
    }
    characters = Set(isThere.indices.lazy.filter { isThere[$0] }.compactMap { Unicode.Scalar(UInt32($0)) })
  }

  /// The byte offset of the character at `index`; the end of the text where there are fewer characters.
  /// Throws where the file has become shorter.
  func byteOffset(ofCharacter index: Int) throws(DataError) -> Int {
    guard index < characterCount, let piece = starts.lastIndex(where: { $0.character <= index }) else {
      return source.count
    }
    let start = starts[piece].byte
    let end = piece + 1 < starts.count ? starts[piece + 1].byte : source.count
    var left = index - starts[piece].character
    for (offset, byte) in try source.bytes(in: start..<end).enumerated() where byte & 0xC0 != 0x80 {
      if left == 0 { return start + offset }
      left -= 1
    }
    return end
  }
}
