import Datasets
import Models

/// Writes on from a text, symbol by symbol.
///
/// The same model, prompt, settings and seed give the same symbols.
///
/// ```swift
/// let generator = try TextGenerator(model, tokenizer, prompt: "ROMEO:", sampling: Sampling(temperature: 0.8), seed: 1)
/// let ids = try (0..<100).map { _ in try generator.next() }
/// ```
public final class TextGenerator {
  private let sampling: Sampling
  private let session: DecodingSession
  private var random: SeededGenerator
  private var recent: [Int32]
  /// Drawn, but not yet read by the model; empty before the first.
  private var last: [Int32]
  /// Memory for drawing.
  private var weights: [Double]

  /// Reads the prompt; an empty one counts as a line's end, if the tokenizer has one, else as its first symbol. Throws a
  /// sentence for a prompt that the tokenizer cannot read.
  public init(
    _ model: any LanguageModel, _ tokenizer: any Tokenizer, prompt: String, sampling: Sampling = Sampling(),
    seed: UInt64
  ) throws {
    let ids = try tokenizer.prompt(prompt)
    self.sampling = sampling
    random = SeededGenerator(seed: seed)
    session = try DecodingSession(model)
    (recent, last, weights) = ([], [], [])
    recent.reserveCapacity(Sampling.penaltyWindow)
    last.reserveCapacity(1)
    weights.reserveCapacity(model.vocabulary)
    recent += ids.suffix(Sampling.penaltyWindow)
    _ = try session.read([ids])
  }

  /// The next symbol. Throws where the model's scores are no numbers.
  public func next() throws -> Int32 {
    if !last.isEmpty { try session.read(next: last) }
    guard let drawn = sampling.draw(from: session.logits, recent: recent[...], using: &random, weights: &weights)
    else { throw TrainingError.scoresAreNoNumbers }
    let id = Int32(drawn)
    last.removeAll(keepingCapacity: true)
    last.append(id)
    if recent.count == Sampling.penaltyWindow { recent.removeFirst() }
    recent.append(id)
    return id
  }
}

extension Tokenizer {
  /// The ids that a model reads before it writes: at least one.
  func prompt(_ text: String) throws -> [Int32] {
    if !text.isEmpty { return try encode(text) }
    return (try? encode("\n")) ?? [0]
  }
}

extension TrainingError {
  static let scoresAreNoNumbers = TrainingError(
    "the model's scores are no numbers: its weights were ruined in training; train it again with a lower learning rate")
}
