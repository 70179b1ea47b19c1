/// Added tokens, which are matched literally in a text whatever surrounds them, such as `<|endoftext|>`.
struct AddedTokens: Sendable {
  struct Token: Sendable {
    let id: Int32
    let text: [UInt8]
    let isSpecial: Bool
    /// Searched after those that are not, in the remaining parts.
    let isNormalized: Bool
  }

  let all: [Token]
  /// The tokens that begin with a byte, the longest first: for the first search, then for the second.
  private let byFirstByte: [[UInt8: [Token]]]

  init(_ tokens: [Token]) {
    all = tokens
    byFirstByte = [false, true].map { isNormalized in
      Dictionary(grouping: tokens.filter { $0.isNormalized == isNormalized }, by: { $0.text[0] })
        .mapValues { $0.sorted { $0.text.count > $1.text.count } }
    }
  }

  /// Whether a text must not be split at a space because a token may contain one.
  var containSpaces: Bool { all.contains { WordSplitter(bytes: [0x21] + $0.text).lastCut(onlyBlanks: false) != nil } }

  /// The parts of a text in order: the range of each, and its id where it is one of these tokens.
  func parts(of bytes: [UInt8]) -> [(range: Range<Int>, id: Int32?)] {
    var parts: [(range: Range<Int>, id: Int32?)] = bytes.isEmpty ? [] : [(0..<bytes.count, nil)]
    for tokens in byFirstByte where !tokens.isEmpty {
      parts = parts.flatMap { $0.id == nil ? Self.parts(of: bytes, in: $0.range, tokens) : [$0] }
    }
    return parts
  }

  private static func parts(
    of bytes: [UInt8], in range: Range<Int>, _ tokens: [UInt8: [Token]]
  ) -> [(range: Range<Int>, id: Int32?)] {
    var parts: [(range: Range<Int>, id: Int32?)] = []
    var (start, position) = (range.lowerBound, range.lowerBound)
    while position < range.upperBound {
      let rest = bytes[position..<range.upperBound]
      guard let token = tokens[bytes[position]]?.first(where: { rest.starts(with: $0.text) }) else {
        position += 1
        continue
      }
      if start < position { parts.append((start..<position, nil)) }
      parts.append((position..<(position + token.text.count), token.id))
      position += token.text.count
      start = position
    }
    if start < range.upperBound { parts.append((start..<range.upperBound, nil)) }
    return parts
  }
}
