import Datasets
import Models

/// Continues a text, token by token.
///
/// The same model, prompt, settings and seed give the same tokens.
///
/// Speculative decoding: where reading the weights from memory takes most of a token's time, the next three tokens are
/// first drafted with int8-quantized weights, a quarter of the bytes. All are then verified at once with the float
/// weights, which are read once. Each token is sampled with the same random number in both, and the drafts are accepted
/// up to the first that differs, so the text is exactly the network's. Up to four tokens are sampled ahead of `next`: a
/// change of the weights shows after them.
///
/// Sources: Leviathan, Kalman & Matias, "Fast Inference from Transformers via Speculative Decoding", ICML 2023; Zhang
/// et al., "Draft & Verify: Lossless Large Language Model Acceleration via Self-Speculative Decoding", ACL 2024.
///
/// ```swift
/// let generator = try TextGenerator(model, tokenizer, prompt: "ROMEO:", sampling: Sampling(temperature: 0.8), seed: 1)
/// let ids = try (0..<100).map { _ in try generator.next() }
/// ```
public final class TextGenerator {
  let session: DecodingSession
  private let vocabulary: Int
  private var drawing: Drawing
  /// The sampler of draft tokens.
  private var drafter: Drawing
  private var drafting: Drafting
  /// Tokens sampled, and how many of them were returned.
  private var drawn: [Int32] = []
  private var given = 0
  /// The tokens after those that the model has read: the last token sampled, then draft tokens; empty at first.
  private var draft: [Int32] = []

  /// Reads the prompt; an empty one counts as a line's end, if the tokenizer has one, else as its first token. Throws a
  /// sentence for a prompt that the tokenizer cannot encode. Without `drafts` nothing is drafted.
  public init(
    _ model: any LanguageModel, _ tokenizer: any Tokenizer, prompt: String, sampling: Sampling = Sampling(),
    seed: UInt64, drafts: Bool = true
  ) throws {
    try checkVocabulary(of: model, tokenizer.vocabularySize)
    try sampling.check()
    let ids = try tokenizer.prompt(prompt)
    session = try DecodingSession(model)
    vocabulary = model.vocabulary
    drawing = Drawing(sampling, seed: seed, after: ids, vocabulary: vocabulary)
    drafter = Drawing(sampling, seed: seed, after: ids, vocabulary: vocabulary)
    drafting = Drafting(isOn: drafts)
    drawn.reserveCapacity(DecodingSession.draftLength)
    draft.reserveCapacity(DecodingSession.draftLength)
    _ = try session.read([ids])
  }

  /// The next token. Throws where the model's logits are NaN.
  public func next() throws -> Int32 {
    if given == drawn.count {
      drawn.removeAll(keepingCapacity: true)
      given = 0
      try drawMore()
    }
    given += 1
    return drawn[given - 1]
  }

  private func drawMore() throws {
    if draft.count > 1 {  // after an error
      draft.removeLast(draft.count - 1)
      try session.forgetDraft()
    }
    if !draft.isEmpty, try drafting.pays() && session.canDraft() {
      try drawDrafted()
    } else {
      if !draft.isEmpty { try session.read(next: draft[...]) }
      try draw(from: session.logits[...])
    }
    draft.removeAll(keepingCapacity: true)
    draft.append(drawn[drawn.count - 1])
  }

  /// Samples the tokens up to the first draft that is not accepted, and the one after them.
  private func drawDrafted() throws {
    drafter.resume(from: drawing)
    while draft.count < DecodingSession.draftLength {
      try session.draft(draft.suffix(1))
      draft.append(drafter.draw(from: session.logits[...]) ?? 0)
    }
    try session.check(draft[...])
    repeat {
      let logits = session.checkedLogits[(drawn.count * vocabulary)..<((drawn.count + 1) * vocabulary)]
      // The tokens before the first NaN logits are returned first.
      do { try draw(from: logits) } catch { if drawn.isEmpty { throw error } else { break } }
    } while drawn.count < draft.count && drawn.last == draft[drawn.count]
    try session.keep(drawn.count, of: draft[...])
    drafting.drew(drawn.count)
  }

  private func draw(from logits: ArraySlice<Float>) throws {
    guard let id = drawing.draw(from: logits) else { throw TrainingError.scoresAreNoNumbers }
    drawn.append(id)
  }
}

/// Samples tokens one after another.
private struct Drawing {
  private let sampling: Sampling
  private var random: SeededGenerator
  private var recent: [Int32] = []
  /// Memory for sampling.
  private var weights: [Double] = []

  init(_ sampling: Sampling, seed: UInt64, after ids: [Int32], vocabulary: Int) {
    self.sampling = sampling
    random = SeededGenerator(seed: seed)
    recent.reserveCapacity(Sampling.penaltyWindow)
    weights.reserveCapacity(vocabulary)
    recent += ids.suffix(Sampling.penaltyWindow)
  }

  /// `nil` where all logits are NaN.
  mutating func draw(from logits: ArraySlice<Float>) -> Int32? {
    guard let drawn = sampling.draw(from: logits, recent: recent[...], using: &random, weights: &weights)
    else { return nil }
    if recent.count == Sampling.penaltyWindow { recent.removeFirst() }
    recent.append(Int32(drawn))
    return Int32(drawn)
  }

  /// Takes over the other's random state and recent tokens, so that it samples the same tokens.
  mutating func resume(from other: Drawing) {
    random = other.random
    recent.removeAll(keepingCapacity: true)
    recent += other.recent
  }
}

/// The acceptance rate of draft tokens: whether drafting is worth it.
private struct Drafting {
  var isOn: Bool
  /// How many tokens a verification yields, on average over about the last ten.
  private var gain = Double(DecodingSession.draftLength)
  /// How many tokens to sample without drafts.
  private var pause = 0

  init(isOn: Bool) { self.isOn = isOn }

  mutating func pays() -> Bool {
    guard pause == 0 else {
      pause -= 1
      return false
    }
    return isOn
  }

  /// To draft and verify takes as long as to sample two and a half tokens. Below that, drafting pauses for a while.
  mutating func drew(_ count: Int) {
    gain += (Double(count) - gain) / 10
    if gain < 2.5 { (gain, pause) = (3, 64) }
  }
}

extension Tokenizer {
  /// The ids of the prompt: at least one.
  func prompt(_ text: String) throws -> [Int32] {
    if !text.isEmpty { return try encode(text) }
    return (try? encode("\n")) ?? [0]
  }
}

extension TrainingError {
  static let scoresAreNoNumbers = TrainingError(
    "the model's scores are no numbers: its weights were ruined in training; train it again with a lower learning rate")
}
