/// Many token ids in as few bytes as the vocabulary allows: one, two or four each, in memory or in a file.
struct TokenStorage: Sendable {
  private enum Place {
    case memory([UInt8])
    case file(MappedFile)
  }

  /// How many ids there are.
  let count: Int
  /// The upper bound of the ids.
  let vocabularySize: Int
  private let width: Int
  private let place: Place

  /// These ids, in memory; they must be below `vocabularySize`.
  init(_ ids: [Int32], vocabularySize: Int) {
    self.vocabularySize = vocabularySize
    width = Self.width(for: vocabularySize)
    count = ids.count
    place = .memory(Self.packed(ids, width: width))
  }

  /// The ids that `tokenizer` makes of a part of `source`.
  ///
  /// A part of more than `memoryLimit` bytes goes to a temporary file. Throws a `DataError` that names the text and the
  /// position where the vocabulary lacks something, or says that there is no space.
  init(
    encoding source: TextSource, in range: Range<Int>, by tokenizer: any Tokenizer, memoryLimit: Int = 64 << 20
  ) throws(DataError) {
    let width = Self.width(for: tokenizer.vocabularySize)
    var count = 0
    var memory: [UInt8] = []
    let file = range.count > memoryLimit ? try TemporaryFile() : nil
    try source.forEachPiece(in: range, lastCut: tokenizer.lastCut) { piece, offset throws(DataError) in
      let ids: [Int32]
      do throws(TokenizerError) {
        ids = try tokenizer.encode(piece)
      } catch {
        throw DataError("\(source.name), byte \(offset + error.offset): \(error.reason)")
      }
      count += ids.count
      let packed = Self.packed(ids, width: width)
      if let file { try file.append(packed) } else { memory += packed }
    }
    vocabularySize = tokenizer.vocabularySize
    self.width = width
    self.count = count
    if let file {
      guard let mapped = file.mapped(), mapped.count == count * width else {
        throw DataError("\(source.name): its tokens should fit the address space")
      }
      place = .file(mapped)
    } else {
      place = .memory(memory)
    }
  }

  /// The ids at the positions of `range`, which must be below `count`.
  func ids(in range: Range<Int>) -> [Int32] {
    let bytes =
      switch place {
      case .memory(let bytes): bytes[(range.lowerBound * width)..<(range.upperBound * width)]
      case .file(let file): file.bytes(in: (range.lowerBound * width)..<(range.upperBound * width))[...]
      }
    return stride(from: bytes.startIndex, to: bytes.endIndex, by: width).map { place in
      var id: UInt32 = 0
      for (shift, byte) in bytes[place..<(place + width)].enumerated() { id |= UInt32(byte) << UInt32(8 * shift) }
      return Int32(bitPattern: id)
    }
  }

  private static func width(for vocabularySize: Int) -> Int {
    vocabularySize <= 1 << 8 ? 1 : vocabularySize <= 1 << 16 ? 2 : 4
  }

  /// The ids, each in `width` little-endian bytes.
  private static func packed(_ ids: [Int32], width: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(ids.count * width)
    for id in ids {
      for shift in 0..<Int32(width) { bytes.append(UInt8(truncatingIfNeeded: id >> (8 * shift))) }
    }
    return bytes
  }
}
