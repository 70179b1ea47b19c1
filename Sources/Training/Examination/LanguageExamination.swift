import Datasets
import Models
import NeuralNetworks
import Tensors

/// Where a text surprises a language model most.
package struct LanguageExamination: Sendable {
  /// A token that the model did not expect.
  package struct Surprise: Sendable {
    /// The text before it.
    package var before: String
    package var token: String
    package var probability: Double
    /// What was most probable instead.
    package var expected: [(text: String, probability: Double)]
  }

  /// How many tokens were looked at.
  package private(set) var count = 0
  /// The tokens of the lowest probability, the lowest first, not too near each other.
  package private(set) var surprises: [Surprise] = []

  private struct Candidate {
    var position: Int
    var probability: Float
    var best: [(token: Int, probability: Float)]
  }

  /// Looks at the first tokens of `text`, as many as some 64 MB of probabilities are for. Windows have `context` tokens, and
  /// the first eighth of each is not counted: there the model has seen too little to expect anything.
  ///
  /// Throws what the model throws, and a `TrainingError` for a text with tokens that the model does not know.
  package init(
    of model: any LanguageModel, on text: TokenSequence, tokenizer: any Tokenizer, context: Int,
    surprises limit: Int = 12
  ) throws {
    try checkVocabulary(of: model, text.vocabularySize)
    let greatest = min((1 << 24) / max(model.vocabulary, 1), 20_000)
    let kept = max(limit, 1)
    var candidates: [Candidate] = []
    var bound = Float.infinity
    var position = 0
    for batch in try text.evaluationWindows(context: context, batchSize: 1) where position < max(greatest, context) {
      let probabilities = inference { model(batch.inputs).cast(to: .float32).softmax() }
      let values = try probabilities.values()
      let vocabulary = probabilities.shape[-1]
      for (index, target) in try batch.targets.values(as: Int32.self).enumerated() {
        defer { position += 1 }
        count += 1
        guard index >= context / 8 else { continue }
        let row = values[index * vocabulary..<(index + 1) * vocabulary]
        let probability = row[row.startIndex + Int(target)]
        guard probability < bound else { continue }
        candidates.append(Candidate(position: position + 1, probability: probability, best: Self.best(row)))
        // Only the lowest ones are kept, more of them than are shown, since some will be too near others.
        guard candidates.count >= 16 * kept else { continue }
        candidates.sort { ($0.probability, $0.position) < ($1.probability, $1.position) }
        candidates.removeLast(candidates.count - 8 * kept)
        bound = candidates[candidates.count - 1].probability
      }
    }
    candidates.sort { ($0.probability, $0.position) < ($1.probability, $1.position) }
    var places: [Int] = []
    for candidate in candidates where surprises.count < limit {
      guard !places.contains(where: { abs($0 - candidate.position) < 12 }) else { continue }
      places.append(candidate.position)
      let ids = text.ids(in: max(candidate.position - 40, 0)..<candidate.position + 1)
      surprises.append(
        Surprise(
          before: try tokenizer.text(of: ids.dropLast()), token: try tokenizer.text(of: ids.suffix(1)),
          probability: Double(candidate.probability),
          expected: try candidate.best.map { (try tokenizer.text(of: [Int32($0.token)]), Double($0.probability)) }))
    }
  }

  /// The three most probable tokens.
  private static func best(_ row: ArraySlice<Float>) -> [(token: Int, probability: Float)] {
    var best: [(token: Int, probability: Float)] = []
    for (token, probability) in row.enumerated()
    where best.count < 3 || probability > best[best.count - 1].probability {
      best.append((token, probability))
      best.sort { $0.probability > $1.probability }
      if best.count > 3 { best.removeLast() }
    }
    return best
  }
}
