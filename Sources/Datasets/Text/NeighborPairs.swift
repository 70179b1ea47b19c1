extension Tokenizer {
  /// Each token of a text and the token that follows it, with an end of a line before the text and one after it.
  ///
  /// All that a bigram model can learn from a list of lines: how they begin, continue and end. An end of a line that
  /// the text has at its beginning or end is not doubled. Throws a `TokenizerError` where the vocabulary lacks
  /// something the text has, or the end of a line.
  public func neighborPairs(ofLines text: String) throws(TokenizerError) -> (inputs: [Int32], targets: [Int32]) {
    var bytes = Array(text.utf8)
    let lineEnd = UInt8(ascii: "\n")
    if bytes.first != lineEnd { bytes.insert(lineEnd, at: 0) }
    if bytes.count < 2 || bytes.last != lineEnd { bytes.append(lineEnd) }
    let ids = try encode(bytes)
    return (Array(ids.dropLast()), Array(ids.dropFirst()))
  }
}
