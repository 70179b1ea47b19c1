import Files

extension TextDataset {
  /// The names that `named(_:tokenizer:)` knows, besides files.
  public static let knownNames = ["numbers"]

  /// The text called `name`, one of `knownNames` or a path, with a tokenizer made for it.
  ///
  /// A pipe is read once where `allowsPipes`, and refused where it comes from a record, as its writer may be gone.
  /// Throws a `DataError` that lists the known names where it is neither, and what reading the file throws.
  public static func named(
    _ name: String, tokenizer: TokenizerName, validationFraction: Double = 0.1, allowsPipes: Bool = true
  ) throws(DataError) -> TextDataset {
    try TextDataset(
      source(named: name, accepting: allowsPipes ? .regularOrPipe : .regular), name: name,
      validationFraction: validationFraction, tokenizer: tokenizer.made)
  }

  /// The text called `name`, one of `knownNames` or a path, with an existing tokenizer.
  ///
  /// As above, and throws a `DataError` where the text has a character that the tokenizer does not know.
  public static func named(
    _ name: String, tokenizer: any Tokenizer, validationFraction: Double = 0.1, allowsPipes: Bool = true
  ) throws(DataError) -> TextDataset {
    try named(name, tokenizer: tokenizer, validationFraction: validationFraction, allowsPipes: allowsPipes) { _ in }
  }

  /// The same; `check` gets the text's digest before it is encoded, which a changed text may not allow.
  package static func named(
    _ name: String, tokenizer: any Tokenizer, validationFraction: Double, allowsPipes: Bool,
    checking check: (ContentDigest) throws(DataError) -> Void
  ) throws(DataError) -> TextDataset {
    try TextDataset(
      source(named: name, accepting: allowsPipes ? .regularOrPipe : .regular), name: name,
      validationFraction: validationFraction
    ) { _, _, survey throws(DataError) in
      try check(survey.digest)
      return tokenizer
    }
  }

  /// The generated text of `NumberGrammar`. `seed` determines the order of its lines.
  public static func numbers(
    seed: UInt64 = 0, tokenizer: TokenizerName = .character, validationFraction: Double = 0.1
  ) throws(DataError) -> TextDataset {
    try TextDataset(
      numbersSource(seed: seed), name: "numbers", validationFraction: validationFraction, tokenizer: tokenizer.made)
  }

  private static func numbersSource(seed: UInt64) -> TextSource {
    TextSource(Array(NumberGrammar.text(seed: seed).utf8), name: "numbers")
  }

  private static func source(named name: String, accepting kinds: OpenFile.Kinds) throws(DataError) -> TextSource {
    if name == "numbers" { return numbersSource(seed: 0) }
    guard OpenFile.isThere(name) else {
      throw DataError(
        "there is no text '\(name)'; it should be \(knownNames.joined(separator: ", ")) or the path of a text file")
    }
    return try TextSource(contentsOf: name, accepting: kinds)
  }
}
