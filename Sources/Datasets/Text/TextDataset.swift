import Foundation

/// A training text, a validation text, and the tokenizer that encoded both.
public struct TextDataset: Sendable {
  /// What messages and run records call the text: the file's name, or that of a known text.
  public let name: String
  /// The tokenizer of both texts.
  public let tokenizer: any Tokenizer
  /// The training set: the beginning of the text.
  public let train: TokenSequence
  /// The validation set: the end of the text.
  public let validation: TokenSequence
  /// What the whole text is.
  package let digest: ContentDigest

  /// The text in a file, with a tokenizer made for it.
  ///
  /// Of its characters, a share of `validationFraction`, from 0 to below 1, at the end is the validation set. A
  /// character tokenizer knows the characters of the whole text; byte pairs are learned from the training set.
  /// The file is read piece by piece, a pipe once; ids take one, two or four bytes each, and go to a temporary file
  /// where the text has more than 64 MiB.
  ///
  /// Throws a `DataError` where the file cannot be read, is empty, is not UTF-8 or the fraction is out of range.
  public init(
    contentsOf url: URL, tokenizer: TokenizerName, validationFraction: Double = 0.1
  ) throws(DataError) {
    try self.init(
      TextSource(contentsOf: url.path), name: url.lastPathComponent, validationFraction: validationFraction,
      tokenizer: tokenizer.made)
  }

  /// The text in a file, with an existing tokenizer, such as that of a saved run.
  ///
  /// As above, and throws a `DataError` where the text has a character that the tokenizer does not know.
  public init(
    contentsOf url: URL, tokenizer: any Tokenizer, validationFraction: Double = 0.1
  ) throws(DataError) {
    try self.init(
      TextSource(contentsOf: url.path), name: url.lastPathComponent, validationFraction: validationFraction
    ) { _, _, _ in tokenizer }
  }

  init(
    _ source: TextSource, name: String, validationFraction: Double,
    tokenizer: (_ source: TextSource, _ train: Range<Int>, _ survey: TextSurvey) throws(DataError) -> any Tokenizer
  ) throws(DataError) {
    guard validationFraction >= 0, validationFraction < 1 else {
      throw DataError("the fraction of a text to keep aside should be from 0 to below 1, not \(validationFraction)")
    }
    let survey = try TextSurvey(of: source)
    // As `n * 0.9` is commonly rounded, so that results can be compared.
    let trainCharacters = Int(Double(survey.characterCount) * (1 - validationFraction))
    let cut = try survey.byteOffset(ofCharacter: trainCharacters)
    let tokenizer = try tokenizer(source, 0..<cut, survey)
    self.name = name
    self.tokenizer = tokenizer
    digest = survey.digest
    train = TokenSequence(
      name: "the training part of \(source.name)", characterCount: trainCharacters,
      storage: try TokenStorage(encoding: source, in: 0..<cut, by: tokenizer))
    validation = TokenSequence(
      name: "the validation part of \(source.name)", characterCount: survey.characterCount - trainCharacters,
      storage: try TokenStorage(encoding: source, in: cut..<source.count, by: tokenizer))
  }
}

extension TokenizerName {
  /// A tokenizer of this kind for a text with the training set `train`.
  func made(for source: TextSource, train: Range<Int>, survey: TextSurvey) throws(DataError) -> any Tokenizer {
    switch self {
    case .byte: return ByteTokenizer()
    case .character: return CharacterTokenizer(characters: survey.characters)
    case .bytePair(let vocabularySize):
      try check()
      let lastCut = { WordSplitter(bytes: $0).lastCut(onlyBlanks: false) }
      var trainer = BytePairTrainer()
      try source.forEachPiece(in: train, lastCut: lastCut) { piece, _ throws(DataError) in trainer.count(piece) }
      return trainer.tokenizer(vocabularySize: vocabularySize)
    }
  }
}
