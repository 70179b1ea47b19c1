/// Byte-pair encoding over bytes: frequent words are one token, rare ones several, and any bytes at all can be encoded.
///
/// The ids are those of Python's `tokenizers` with a byte-level BPE model. Takes time in proportion to the text, and
/// memory to its distinct words while it encodes. Sources: Sennrich, Haddow & Birch, ACL 2016; Radford et al.,
/// "Language Models are Unsupervised Multitask Learners" (2019), section 2.2.
public struct BytePairTokenizer: Tokenizer {
  /// The bytes of each token; its id is its index.
  let tokens: [[UInt8]]
  /// The rules in order.
  let merges: BytePairMerges
  /// Whether a text that does not begin with a space is encoded as if it did.
  public let addsPrefixSpace: Bool
  /// Whether a word that is in the vocabulary becomes that token, even where the rules would not merge it.
  let ignoresMerges: Bool
  let addedTokens: AddedTokens
  /// The token of each byte, −1 where there is none.
  private let byteIDs: [Int32]
  /// The tokens by their bytes, for looking up whole words first.
  private let wholeWords: [[UInt8]: Int32]
  /// Whether a token contains these two bytes next to each other. Where none does, a word can be split: no rule merges
  /// across.
  private let neighbors: [Bool]

  /// A tokenizer learned from a text.
  ///
  /// It has `vocabularySize` tokens, or fewer where the text has fewer pairs; the same text gives the same ones.
  /// Throws a `DataError` where the size is out of range.
  public static func train(on text: String, vocabularySize: Int) throws(DataError) -> BytePairTokenizer {
    try TokenizerName.bytePair(vocabularySize: vocabularySize).check()
    var trainer = BytePairTrainer()
    trainer.count(Array(text.utf8))
    return trainer.tokenizer(vocabularySize: vocabularySize)
  }

  /// A tokenizer from its parts. Rules and added tokens must have ids below the number of `tokens`.
  init(
    tokens: [[UInt8]], merges: BytePairMerges, addsPrefixSpace: Bool = false, ignoresMerges: Bool = false,
    addedTokens: [AddedTokens.Token] = []
  ) {
    self.tokens = tokens
    self.merges = merges
    self.addsPrefixSpace = addsPrefixSpace
    self.ignoresMerges = ignoresMerges
    self.addedTokens = AddedTokens(addedTokens)
    let added = Set(addedTokens.map(\.id))
    var byteIDs = [Int32](repeating: -1, count: 256)
    var wholeWords: [[UInt8]: Int32] = [:]
    var neighbors = [Bool](repeating: false, count: 1 << 16)
    for (id, token) in tokens.enumerated() where !added.contains(Int32(id)) {
      for (first, second) in zip(token, token.dropFirst()) { neighbors[Int(first) << 8 | Int(second)] = true }
      if token.count == 1 { byteIDs[Int(token[0])] = Int32(id) }
      if ignoresMerges { wholeWords[token] = Int32(id) }
    }
    self.byteIDs = byteIDs
    self.wholeWords = wholeWords
    self.neighbors = neighbors
  }

  public var name: TokenizerName { .bytePair(vocabularySize: vocabularySize) }
  public var vocabularySize: Int { tokens.count }

  /// The ids of a text, which may be any bytes.
  ///
  /// Throws a `TokenizerError` only where the file that the tokenizer was loaded from lacks a byte that the text has.
  public func encode(_ bytes: [UInt8]) throws(TokenizerError) -> [Int32] {
    var result: [Int32] = []
    var known: [ArraySlice<UInt8>: [Int32]] = [:]
    for part in addedTokens.parts(of: bytes) {
      if let id = part.id {
        result.append(id)
        continue
      }
      let needsSpace = addsPrefixSpace && bytes[part.range.lowerBound] != UInt8(ascii: " ")
      let text = needsSpace ? [UInt8(ascii: " ")] + bytes[part.range] : bytes
      let splitter = WordSplitter(bytes: text)
      var start = needsSpace ? 0 : part.range.lowerBound
      let end = needsSpace ? text.count : part.range.upperBound
      var wordEnd = start
      while start < end {
        if start == wordEnd { wordEnd = splitter.endOfWord(from: start, in: end) }
        // A long word is encoded part by part, which costs less memory and time, since its parts repeat.
        let word = text[start..<(fallsApart(wordEnd - start) ? endOfPart(text, from: start, in: wordEnd) : wordEnd)]
        if let ids = known[word] {
          result += ids
        } else {
          let ids = try ids(of: word, at: needsSpace ? start + part.range.lowerBound - 1 : start)
          known[word] = ids
          result += ids
        }
        start = word.endIndex
      }
    }
    return result
  }

  /// Whether a word of this length may be encoded part by part.
  private func fallsApart(_ length: Int) -> Bool { length > 64 && !ignoresMerges && addedTokens.all.isEmpty }

  /// The end of the part of a word that begins at `start`: the first position that no token spans.
  private func endOfPart(_ text: [UInt8], from start: Int, in end: Int) -> Int {
    var place = start + 1
    while place < end, neighbors[Int(text[place - 1]) << 8 | Int(text[place])] { place += 1 }
    return place
  }

  /// The ids of a word that begins at `offset` of the text.
  private func ids(of word: ArraySlice<UInt8>, at offset: Int) throws(TokenizerError) -> [Int32] {
    if ignoresMerges, let id = wholeWords[Array(word)] { return [id] }
    return merges.applied(to: try encodeBytes(word, at: offset))
  }

  /// The tokens of single bytes at `offset` of a text.
  func encodeBytes(_ word: some Collection<UInt8>, at offset: Int = 0) throws(TokenizerError) -> [Int32] {
    var ids: [Int32] = []
    ids.reserveCapacity(word.count)
    for byte in word {
      let id = byteIDs[Int(byte)]
      guard id >= 0 else {
        throw TokenizerError(
          atByte: offset + ids.count,
          "the tokenizer has no token for the byte \(byte); its file should have one for each of the 256")
      }
      ids.append(id)
    }
    return ids
  }

  public func decode(_ ids: [Int32]) throws(TokenizerError) -> [UInt8] {
    var bytes: [UInt8] = []
    for (offset, id) in ids.enumerated() {
      guard tokens.indices.contains(Int(id)) else {
        throw TokenizerError(unknownID: id, at: offset, of: vocabularySize)
      }
      bytes += tokens[Int(id)]
    }
    return bytes
  }

  public func lastCut(in bytes: [UInt8]) -> Int? {
    if addedTokens.containSpaces { return nil }
    let splitter = WordSplitter(bytes: bytes)
    if let cut = splitter.lastCut(onlyBlanks: addsPrefixSpace) { return cut }
    // Within a word, where its tokens depend on the rules alone.
    guard !addsPrefixSpace, !ignoresMerges, addedTokens.all.isEmpty else { return nil }
    return splitter.lastPlaceInWord { !neighbors[Int(bytes[$0 - 1]) << 8 | Int(bytes[$0])] }
  }
}
