import Files
import Foundation

/// The tokenizer in a file `tokenizer.json`: one that was saved here, or by Python's `tokenizers` with a byte-level BPE
/// model.
///
/// Throws a `DataError` that names the file and what it should be where it cannot be read, is corrupt or requires
/// something that is not supported (a normalizer, another pre-tokenizer or model, truncation).
public func loadTokenizer(from url: URL) throws(DataError) -> any Tokenizer {
  let bytes = try DataError.naming(url.path) { () throws(FileFailure) in
    try OpenFile(url.path).contents(limit: JSONReading.greatestSize)
  }
  return try tokenizer(fromJSON: bytes, name: url.path)
}

/// The tokenizer in the bytes of a file, called `name` in errors.
func tokenizer(fromJSON bytes: [UInt8], name: String) throws(DataError) -> any Tokenizer {
  let file = try DataError.naming(name) { () throws(FileFailure) in
    try JSONReading.value(TokenizerFile.self, from: bytes)
  }
  do throws(TokenizerFile.Failure) { return try file.tokenizer() } catch { throw DataError("\(name) \(error.reason)") }
}

extension TokenizerFile {
  /// What is wrong, as the rest of a sentence that begins with the name of the file.
  struct Failure: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  func tokenizer() throws(Failure) -> any Tokenizer {
    for (name, isThere) in [
      ("truncation", truncation != nil), ("padding", padding != nil), ("normalizer", normalizer != nil),
    ] where isThere {
      throw Failure("has a \(name), which is not done here; it should be null")
    }
    switch (model.vocabulary, model.type ?? "BPE") {
    case (.list(let tokens), "Unigram"): return try characterTokenizer(tokens)
    case (.ids(let ids), "BPE"): return try bytePairTokenizer(ids)
    default: throw Failure("should have a model of type BPE or, of single characters, Unigram")
    }
  }

  private func characterTokenizer(_ tokens: [String]) throws(Failure) -> CharacterTokenizer {
    guard preTokenizer == nil, postProcessor == nil, addedTokens?.isEmpty ?? true else {
      throw Failure("should have no pre-tokenizer, post-processor or added tokens beside single characters")
    }
    var characters: [Unicode.Scalar] = []
    for token in tokens {
      let scalars = token.unicodeScalars
      guard let scalar = scalars.first, scalars.count == 1 else {
        throw Failure("should have tokens of one character each in a Unigram model, not '\(token)'")
      }
      characters.append(scalar)
    }
    guard Set(characters).count == characters.count else { throw Failure("should have each character once") }
    return CharacterTokenizer(inOrder: characters)
  }

  private func bytePairTokenizer(_ ids: [String: Int]) throws(Failure) -> any Tokenizer {
    guard let preTokenizer, preTokenizer.type == "ByteLevel", preTokenizer.usesPattern ?? true else {
      throw Failure("should have the pre-tokenizer ByteLevel, which splits by GPT-2's pattern")
    }
    guard decoder?.type ?? "ByteLevel" == "ByteLevel", postProcessor?.type ?? "ByteLevel" == "ByteLevel" else {
      throw Failure("should have the decoder ByteLevel, and no post-processor or that of this name")
    }
    guard model.dropout ?? 0 == 0, model.fallsBackToBytes != true, model.subwordPrefix ?? "" == "",
      model.wordSuffix ?? "" == ""
    else { throw Failure("should have a BPE model without dropout, byte fallback, prefixes and suffixes") }

    let added = try checkedAddedTokens(ids)
    let tokens = try tokens(ids, added)
    let merges = try merges(ids)
    // The form that `ByteTokenizer` saves: no merges, and each byte's id is its value.
    let isOfBytes = tokens == (UInt8.min...UInt8.max).map { [$0] } && merges.pairs.isEmpty && added.isEmpty
    if isOfBytes, preTokenizer.addsPrefixSpace == false { return ByteTokenizer() }
    return BytePairTokenizer(
      tokens: tokens, merges: merges, addsPrefixSpace: preTokenizer.addsPrefixSpace ?? true,
      ignoresMerges: model.ignoresMerges ?? false, addedTokens: added)
  }

  private func checkedAddedTokens(_ ids: [String: Int]) throws(Failure) -> [AddedTokens.Token] {
    var tokens: [AddedTokens.Token] = []
    for token in addedTokens ?? [] {
      guard !token.content.isEmpty, !token.isSingleWord, !token.stripsLeft, !token.stripsRight else {
        throw Failure(
          "has an added token '\(token.content)' that should have text and not be single_word, lstrip or rstrip")
      }
      guard let id = Int32(exactly: token.id), ids[token.content] ?? token.id == token.id else {
        throw Failure("should give the added token '\(token.content)' the id of the vocabulary, not \(token.id)")
      }
      tokens.append(
        AddedTokens.Token(
          id: id, text: Array(token.content.utf8), isSpecial: token.isSpecial, isNormalized: token.isNormalized))
    }
    return tokens
  }

  /// The bytes of all tokens in the order of their ids.
  private func tokens(_ ids: [String: Int], _ added: [AddedTokens.Token]) throws(Failure) -> [[UInt8]] {
    let addedIDs = Set(added.map { Int($0.id) })
    let ownIDs = Set(ids.values)
    let count = ownIDs.union(addedIDs).count
    guard addedIDs.count == added.count, ownIDs.count == ids.count,
      ownIDs.union(addedIDs).allSatisfy((0..<count).contains)
    else { throw Failure("should have tokens with the ids from 0 to \(count - 1), each for one token") }
    var tokens = [[UInt8]](repeating: [], count: count)
    for token in added { tokens[Int(token.id)] = token.text }
    for (text, id) in ids where !addedIDs.contains(id) {
      guard let bytes = ByteAlphabet.bytes(of: text), !bytes.isEmpty else {
        throw Failure("has a token '\(text)' that should be of the characters that stand for bytes, as Ġ for a space")
      }
      tokens[id] = bytes
    }
    return tokens
  }

  private func merges(_ ids: [String: Int]) throws(Failure) -> BytePairMerges {
    var merges = BytePairMerges()
    for merge in model.merges ?? [] {
      guard let first = ids[merge.first], let second = ids[merge.second], let result = ids[merge.first + merge.second],
        !merge.first.isEmpty, !merge.second.isEmpty
      else {
        throw Failure(
          "should have tokens for '\(merge.first)', '\(merge.second)' and both together, as its merges join them")
      }
      merges.append(TokenPair(first: Int32(first), second: Int32(second)), becoming: Int32(result))
    }
    return merges
  }
}
