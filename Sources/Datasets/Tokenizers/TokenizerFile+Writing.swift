import Foundation

extension Tokenizer {
  /// Saves it as a `tokenizer.json`, which `loadTokenizer(from:)` and Python's `tokenizers` read.
  ///
  /// The file is replaced as a whole. Throws a `DataError` where it cannot be written.
  public func save(to url: URL) throws(DataError) {
    do {
      try jsonData().write(to: url, options: .atomic)
    } catch {
      throw DataError("\(url.path) cannot be written; its folder should exist and be writable")
    }
  }
}

extension TokenizerFile {
  /// A byte-level BPE model.
  init(_ tokenizer: BytePairTokenizer) {
    var names = tokenizer.tokens.map(ByteAlphabet.text)
    for token in tokenizer.addedTokens.all {
      names[Int(token.id)] = String(decoding: token.text, as: UTF8.self)
    }
    var ids: [String: Int] = [:]
    for (id, name) in names.enumerated() { ids[name] = id }
    self.init(
      ids: ids, merges: tokenizer.merges.pairs.map { Merge(names[Int($0.first)], names[Int($0.second)]) })
    addedTokens = tokenizer.addedTokens.all.map { token in
      AddedToken(
        id: Int(token.id), content: names[Int(token.id)], isNormalized: token.isNormalized, isSpecial: token.isSpecial)
    }
    preTokenizer?.addsPrefixSpace = tokenizer.addsPrefixSpace
    model.ignoresMerges = tokenizer.ignoresMerges
  }

  /// A byte-level BPE model without merges, whose ids are the bytes.
  init(_ tokenizer: ByteTokenizer) {
    let ids = Dictionary(
      uniqueKeysWithValues: ByteAlphabet.symbols.enumerated().map { (String($1), $0) })
    self.init(ids: ids, merges: [])
  }

  /// A unigram model of single characters, the only one of Python's models whose vocabulary is a list: in an object,
  /// names that are canonically equivalent, such as Å and the sign for ångström, count as equal for many parsers.
  init(_ tokenizer: CharacterTokenizer) {
    model = Model(type: "Unigram", vocabulary: .list(tokenizer.characters.map { String($0) }))
    decoder = Stage(type: "Fuse")
  }

  private init(ids: [String: Int], merges: [Merge]) {
    model = Model(type: "BPE", vocabulary: .ids(ids), merges: merges)
    let byteLevel = Stage(type: "ByteLevel", addsPrefixSpace: false, trimsOffsets: true, usesPattern: true)
    preTokenizer = byteLevel
    decoder = byteLevel
  }
}

extension ByteTokenizer {
  public func jsonData() throws -> Data { try TokenizerFile(self).data() }
}

extension CharacterTokenizer {
  public func jsonData() throws -> Data { try TokenizerFile(self).data() }
}

extension BytePairTokenizer {
  public func jsonData() throws -> Data { try TokenizerFile(self).data() }
}
