import HeapModule

/// Learns byte pairs: repeatedly merges the most frequent pair of tokens.
///
/// Of equally frequent pairs, the one with the smaller ids is merged, as in Python's `tokenizers`: both learn the same
/// from the same text. Source: Sennrich, Haddow & Birch, "Neural Machine Translation of Rare Words with Subword Units",
/// ACL 2016, algorithm 1.
struct BytePairTrainer {
  private struct Candidate: Comparable {
    let count: Int
    let pair: TokenPair

    static func < (a: Candidate, b: Candidate) -> Bool {
      a.count != b.count ? a.count < b.count : a.pair > b.pair
    }
  }

  private var wordCounts: [ArraySlice<UInt8>: Int] = [:]
  private var longWords = LongWords()

  /// Counts the words of a piece of text that `WordSplitter.lastCut` or the text's end bounds.
  mutating func count(_ piece: [UInt8]) {
    let splitter = WordSplitter(bytes: piece)
    var start = 0
    while start < piece.count {
      let end = splitter.endOfWord(from: start, in: piece.count)
      let word = piece[start..<end]
      if word.count >= LongWords.length {
        longWords.append(word)
      } else if let index = wordCounts.index(forKey: word) {
        wordCounts.values[index] += 1
      } else {
        // A copy, or the word would retain the whole piece in memory.
        wordCounts[ArraySlice(Array(word))] = 1
      }
      start = end
    }
  }

  /// A tokenizer with `vocabularySize` tokens, or fewer where the text has fewer pairs.
  ///
  /// The first 256 are the bytes. Takes time in proportion to the distinct words and to the merges in them, and for
  /// each token to the length of all long words.
  consuming func tokenizer(vocabularySize: Int) -> BytePairTokenizer {
    var tokens = ByteAlphabet.bytesInOrder.map { [$0] }
    var ids: [[UInt8]: Int32] = [:]
    for (id, token) in tokens.enumerated() { ids[token] = Int32(id) }
    var merges = BytePairMerges()

    var words: [[Int32]] = []
    var counts: [Int] = []
    var pairCounts: [TokenPair: Int] = [:]
    var places: [TokenPair: Set<Int>] = [:]
    for (word, count) in wordCounts where word.count > 1 {
      words.append(word.map { ids[[$0]] ?? 0 })
      counts.append(count)
      for pair in Self.pairs(of: words[words.count - 1]) {
        pairCounts[pair, default: 0] += count
        places[pair, default: []].insert(words.count - 1)
      }
    }

    let byteIDs = (UInt8.min...UInt8.max).map { ids[[$0]] ?? 0 }
    for (pair, count) in longWords.begin(ids: byteIDs) { pairCounts[pair, default: 0] += count }

    var heap = Heap(pairCounts.map { Candidate(count: $1, pair: $0) })
    while tokens.count < vocabularySize, let best = heap.popMax() {
      let count = pairCounts[best.pair] ?? 0
      guard count == best.count else {
        // Its count has decreased since it was inserted.
        if count > 0 { heap.insert(Candidate(count: count, pair: best.pair)) }
        continue
      }
      guard count > 0 else { break }
      let token = tokens[Int(best.pair.first)] + tokens[Int(best.pair.second)]
      let result = ids[token] ?? Int32(tokens.count)
      if ids.updateValue(result, forKey: token) == nil { tokens.append(token) }
      merges.append(best.pair, becoming: result)

      var risen: Set<TokenPair> = []
      for index in places[best.pair] ?? [] {
        let joined = Self.joined(words[index], best.pair, becoming: result)
        for pair in Self.pairs(of: words[index]) { pairCounts[pair, default: 0] -= counts[index] }
        for pair in Self.pairs(of: joined) {
          pairCounts[pair, default: 0] += counts[index]
          if pair.first == result || pair.second == result {
            places[pair, default: []].insert(index)
            risen.insert(pair)
          }
        }
        words[index] = joined
      }
      if !longWords.isEmpty {
        for (pair, change) in longWords.join(best.pair, becoming: result, tokenCount: tokens.count) {
          pairCounts[pair, default: 0] += change
          if change > 0 { risen.insert(pair) }
        }
      }
      pairCounts[best.pair] = nil
      places[best.pair] = nil
      heap.insert(contentsOf: risen.map { Candidate(count: pairCounts[$0] ?? 0, pair: $0) })
    }
    return BytePairTokenizer(tokens: tokens, merges: merges)
  }

  private static func pairs(of word: [Int32]) -> [TokenPair] {
    zip(word, word.dropFirst()).map { TokenPair(first: $0, second: $1) }
  }

  /// A word in which `pair` was replaced by `result`, from the left.
  private static func joined(_ word: [Int32], _ pair: TokenPair, becoming result: Int32) -> [Int32] {
    var joined: [Int32] = []
    var place = 0
    while place < word.count {
      if place + 1 < word.count, word[place] == pair.first, word[place + 1] == pair.second {
        joined.append(result)
        place += 2
      } else {
        joined.append(word[place])
        place += 1
      }
    }
    return joined
  }
}
