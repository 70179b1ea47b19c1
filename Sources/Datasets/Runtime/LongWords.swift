#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The long words of a text that byte pairs are learned from, such as a text without spaces: one after the other in an
/// array.
///
/// Joining a pair goes through all of them once, in place. Short words are found by lists of the words that contain a
/// pair, which would list a long word for every pair and take a multiple of its memory.
struct LongWords {
  /// From how many bytes on a word is long.
  static let length = 4096

  private static let end: Int32 = -1
  private var bytes: [UInt8] = []
  /// Where each word ends in `bytes`.
  private var ends: [Int] = []
  /// The tokens of all words, an `end` behind each.
  private var tokens: [Int32] = []

  var isEmpty: Bool { bytes.isEmpty && tokens.isEmpty }

  mutating func append(_ word: ArraySlice<UInt8>) {
    bytes += word
    ends.append(bytes.count)
  }

  /// Converts the bytes to tokens by `ids`, a token for each of the 256, and returns the count of each adjacent pair.
  mutating func begin(ids: [Int32]) -> [TokenPair: Int] {
    var counts = [Int](repeating: 0, count: 1 << 16)
    tokens.reserveCapacity(bytes.count + ends.count)
    var start = 0
    for end in ends {
      for place in start..<end {
        tokens.append(ids[Int(bytes[place])])
        if place > start { counts[Int(bytes[place - 1]) << 8 | Int(bytes[place])] += 1 }
      }
      tokens.append(Self.end)
      start = end
    }
    (bytes, ends) = ([], [])
    var pairs: [TokenPair: Int] = [:]
    for (bigram, count) in counts.enumerated() where count > 0 {
      pairs[TokenPair(first: ids[bigram >> 8], second: ids[bigram & 0xFF])] = count
    }
    return pairs
  }

  /// Joins `pair`, from the left, into `result`, which is below `tokenCount`. Returns by how much that changes the
  /// counts of other pairs.
  mutating func join(_ pair: TokenPair, becoming result: Int32, tokenCount: Int) -> [TokenPair: Int] {
    // How often each token precedes and follows the joined pair, and how often two joined pairs are adjacent.
    var before = [Int](repeating: 0, count: tokenCount)
    var after = before
    var adjacent = 0
    let count = tokens.withUnsafeMutableBufferPointer { tokens in
      guard let base = tokens.baseAddress else { return 0 }
      var (from, to) = (0, 0)
      // The token before `from`; whether it was joined.
      var previous = Self.end
      var wasJoined = false
      while true {
        let start = from
        from = Self.place(of: pair, in: tokens, from: start)
        if from > start {
          if wasJoined, tokens[start] >= 0 { after[Int(tokens[start])] += 1 }
          (previous, wasJoined) = (tokens[from - 1], false)
          if to < start { memmove(base + to, base + start, (from - start) * MemoryLayout<Int32>.stride) }
          to += from - start
        }
        guard from < tokens.count else { return to }
        if wasJoined { adjacent += 1 } else if previous >= 0 { before[Int(previous)] += 1 }
        tokens[to] = result
        wasJoined = true
        from += 2
        to += 1
      }
    }
    tokens.removeLast(tokens.count - count)

    var changes: [TokenPair: Int] = [:]
    func move(_ count: Int, from old: TokenPair, to new: TokenPair) {
      guard count > 0 else { return }
      changes[old, default: 0] -= count
      changes[new, default: 0] += count
    }
    for token in 0..<tokenCount {
      let other = Int32(token)
      move(
        before[token], from: TokenPair(first: other, second: pair.first), to: TokenPair(first: other, second: result))
      move(
        after[token], from: TokenPair(first: pair.second, second: other), to: TokenPair(first: result, second: other))
    }
    move(
      adjacent, from: TokenPair(first: pair.second, second: pair.first), to: TokenPair(first: result, second: result))
    return changes
  }

  /// The next position of `pair`, from `start` on; the end where there is none. Nearly all of the time is spent here.
  private static func place(of pair: TokenPair, in tokens: UnsafeMutableBufferPointer<Int32>, from start: Int) -> Int {
    guard let base = tokens.baseAddress else { return 0 }
    let last = tokens.count - 1
    var place = start
    // Sixteen at a time. Comparisons of vectors, and arrays, become loops over single tokens; this becomes vector
    // instructions.
    let (firsts, seconds) = (SIMD16(repeating: pair.first), SIMD16(repeating: pair.second))
    while place + 16 <= last {
      let piece = UnsafeRawPointer(base + place)
      let difference =
        (piece.loadUnaligned(as: SIMD16<Int32>.self) ^ firsts)
        | (piece.loadUnaligned(fromByteOffset: MemoryLayout<Int32>.stride, as: SIMD16<Int32>.self) ^ seconds)
      // Negative where the difference is 0, and nowhere else.
      let isPair = (difference &- 1) & ~difference
      let eight = isPair.lowHalf | isPair.highHalf
      let four = eight.lowHalf | eight.highHalf
      if four[0] | four[1] | four[2] | four[3] < 0 { break }
      place += 16
    }
    while place < last {
      if base[place] == pair.first, base[place + 1] == pair.second { return place }
      place += 1
    }
    return tokens.count
  }
}
