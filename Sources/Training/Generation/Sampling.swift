import Datasets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the next token is sampled from a model's logits.
///
/// The steps in this order: the repetition penalty, the temperature, then min-p removes improbable tokens, and top-k
/// and top-p some of the remaining ones; the rest is sampled by probability.
public struct Sampling: Hashable, Sendable {
  /// Divides the logits: above 1 the text is more random, below 1 less. At 0 the most probable token is taken.
  public var temperature: Double
  /// Only the k most probable tokens. Source: Fan, Lewis & Dauphin, "Hierarchical Neural Story Generation", ACL 2018.
  public var topK: Int?
  /// Only the fewest tokens whose probabilities add up to p. Source: Holtzman et al., "The Curious Case of Neural Text
  /// Degeneration", ICLR 2020.
  public var topP: Double?
  /// Only tokens at least p times as probable as the most probable one. Source: Nguyen et al., "Turning Up the Heat:
  /// Min-p Sampling for Creative and Coherent LLM Outputs", 2024.
  public var minP: Double?
  /// For recent tokens: positive logits are divided by it, negative ones multiplied. Source: Keskar et al.,
  /// "CTRL", 2019, section 4.1.
  public var repetitionPenalty: Double

  /// Sampling with these settings; by default from all tokens by their probabilities. `TextGenerator` checks them.
  public init(
    temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil,
    repetitionPenalty: Double = 1
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
  }

  /// Throws a sentence where a setting is invalid.
  func check() throws(TrainingError) {
    guard temperature >= 0, temperature.isFinite, repetitionPenalty > 0, repetitionPenalty.isFinite else {
      throw TrainingError(
        "the temperature must be a finite number of at least 0 and the repetition penalty one above 0, not "
          + "\(temperature) and \(repetitionPenalty)")
    }
    if let topK, topK < 1 { throw TrainingError("top-k must be at least 1, not \(topK)") }
    if let topP, !(topP > 0 && topP <= 1) { throw TrainingError("top-p must be above 0 and at most 1, not \(topP)") }
    if let minP, !(0...1 ~= minP) { throw TrainingError("min-p must be 0 to 1, not \(minP)") }
  }

  /// The number of recent tokens that the repetition penalty applies to.
  public static let penaltyWindow = 64

  /// Samples a token. `recent` are the tokens before it. `nil` where all logits are NaN.
  ///
  /// Takes time in proportion to the logits, plus sorting them with top-k or top-p.
  public func draw(
    from logits: [Float], recent: ArraySlice<Int32> = [], using generator: inout SeededGenerator
  ) -> Int? {
    var weights: [Double] = []
    return draw(from: logits[...], recent: recent, using: &generator, weights: &weights)
  }

  /// The same, in the caller's memory. Allocates nothing without penalty, top-k and top-p.
  func draw(
    from logits: ArraySlice<Float>, recent: ArraySlice<Int32>, using generator: inout SeededGenerator,
    weights scores: inout [Double]
  ) -> Int? {
    scores.removeAll(keepingCapacity: true)
    for logit in logits { scores.append(Double(logit)) }
    if repetitionPenalty != 1 {
      for id in Set(recent.suffix(Self.penaltyWindow)) where scores.indices.contains(Int(id)) {
        let score = scores[Int(id)]
        scores[Int(id)] = score > 0 ? score / repetitionPenalty : score * repetitionPenalty
      }
    }
    guard let best = Self.greatest(scores) else { return nil }
    // Draws one random number whatever the settings, so that a seed gives the same numbers with each of them.
    let part = Double(generator.next() >> 11) * 0x1p-53
    guard temperature > 0 else { return best }

    // From here on the scores are weights.
    let greatest = scores[best]
    for index in scores.indices {
      let weight = scores[index].isNaN ? 0 : exp((scores[index] - greatest) / temperature)
      scores[index] = weight < minP ?? 0 ? 0 : weight  // the maximum is 1
    }
    if topK != nil || topP != nil { keepMostProbable(&scores) }
    var left = part * scores.reduce(0, +)
    for (index, weight) in scores.enumerated() where weight > 0 {
      left -= weight
      if left < 0 { return index }
    }
    return best  // reached by rounding only
  }

  private func keepMostProbable(_ weights: inout [Double]) {
    // Equal ones in the order of their ids.
    let order = weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
    let total = weights.reduce(0, +)
    var kept = 0
    var sum = 0.0
    for index in order {
      if let topK, kept >= topK { break }
      if let topP, sum >= topP * total { break }
      sum += weights[index]
      kept += 1
    }
    for index in order.dropFirst(max(kept, 1)) { weights[index] = 0 }
  }

  private static func greatest(_ scores: [Double]) -> Int? {
    var best: Int?
    for (index, score) in scores.enumerated() where !score.isNaN && best.map({ score > scores[$0] }) ?? true {
      best = index
    }
    return best
  }
}
