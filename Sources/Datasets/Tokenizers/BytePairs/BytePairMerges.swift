import HeapModule

/// Two adjacent tokens. Pairs are ordered by their first token, then by their second.
struct TokenPair: Hashable, Comparable {
  let first: Int32
  let second: Int32

  static func < (a: TokenPair, b: TokenPair) -> Bool { (a.first, a.second) < (b.first, b.second) }
}

/// The merge rules of byte pairs, in order of priority.
struct BytePairMerges: Sendable {
  private struct Rule: Sendable {
    let rank: Int
    let result: Int32
  }

  /// A pair at a position of a word, ordered by rule and then from left to right.
  private struct Candidate: Comparable {
    let rank: Int
    let place: Int
    let result: Int32

    static func < (a: Candidate, b: Candidate) -> Bool { (a.rank, a.place) < (b.rank, b.place) }
  }

  private var rules: [TokenPair: Rule] = [:]
  /// The pairs in the order of their rules.
  private(set) var pairs: [TokenPair] = []

  /// Adds a rule after all others: `pair` becomes `result`.
  mutating func append(_ pair: TokenPair, becoming result: Int32) {
    rules[pair] = Rule(rank: pairs.count, result: result)
    pairs.append(pair)
  }

  /// The tokens of a word after all rules, given its bytes' tokens.
  ///
  /// Takes time n log n for n bytes, so that a file without a space is not slow.
  func applied(to word: [Int32]) -> [Int32] {
    // A doubly linked list: the token that begins at a position, and where its neighbors begin; −1 where it was joined.
    var tokens = word
    var next = Array(1...max(word.count, 1))
    var previous = Array(-1..<(word.count - 1))
    var heap = Heap<Candidate>()

    func candidate(at place: Int) -> Candidate? {
      guard place >= 0, next[place] < tokens.count else { return nil }
      let pair = TokenPair(first: tokens[place], second: tokens[next[place]])
      guard let rule = rules[pair] else { return nil }
      return Candidate(rank: rule.rank, place: place, result: rule.result)
    }

    heap.insert(contentsOf: tokens.indices.compactMap(candidate))
    while let best = heap.popMin() {
      // Another merge may have consumed one of the two tokens; then the current pair has its own candidate.
      guard tokens[best.place] >= 0, candidate(at: best.place) == best else { continue }
      let joined = next[best.place]
      tokens[best.place] = best.result
      tokens[joined] = -1
      next[best.place] = next[joined]
      if next[joined] < tokens.count { previous[next[joined]] = best.place }
      for place in [previous[best.place], best.place] {
        if let candidate = candidate(at: place) { heap.insert(candidate) }
      }
    }
    return tokens.filter { $0 >= 0 }
  }
}
