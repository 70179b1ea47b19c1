import Datasets
import Models

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The most probable continuation that a search of this width finds: at each token the `beams` most probable texts are
/// retained. Returns the ids and the natural logarithm of their probability.
///
/// Costs `beams` (1 to 1024) times as much as sampling tokens. Throws a sentence for a prompt that the tokenizer cannot
/// encode, and for a tokenizer with more tokens than the model.
///
/// Source: Graves, "Sequence Transduction with Recurrent Neural Networks", 2012, section 2.2; Sutskever, Vinyals & Le,
/// 2014.
public func beamSearch(
  _ model: any LanguageModel, _ tokenizer: any Tokenizer, prompt: String, tokens: Int, beams: Int
) throws -> (ids: [Int32], logProbability: Double) {
  try checkVocabulary(of: model, tokenizer.vocabularySize)
  guard 1...1024 ~= beams, tokens >= 0 else {
    throw TrainingError("beams must be 1 to 1024 and tokens at least 0, not \(beams) and \(tokens)")
  }
  let start = try tokenizer.prompt(prompt)
  let width = beams
  let session = try DecodingSession(model, batch: width)
  var logits = try session.read(Array(repeating: start, count: width))
  // At the beginning all beams are equal, so only one of them is used.
  var texts = [(ids: [Int32], score: Double)](repeating: ([], -.infinity), count: width)
  texts[0].score = 0
  for step in 0..<tokens {
    var candidates: [(row: Int, id: Int, score: Double)] = []
    for (row, text) in texts.enumerated() where text.score > -.infinity {
      let scores = try logProbabilities(logits[row])
      let best = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(width)
      candidates += best.map { (row, $0, text.score + scores[$0]) }
    }
    candidates.sort { ($1.score, $0.row, $0.id) < ($0.score, $1.row, $1.id) }
    let chosen = (0..<width).map { candidates[min($0, candidates.count - 1)] }
    texts = chosen.enumerated().map { index, one in
      (texts[one.row].ids + [Int32(one.id)], index < candidates.count ? one.score : -.infinity)
    }
    guard step + 1 < tokens else { break }
    try session.reorder(chosen.map { Int32($0.row) })
    logits = try session.read(chosen.map { [Int32($0.id)] })
  }
  return (texts[0].ids, texts[0].score)
}

private func logProbabilities(_ logits: [Float]) throws -> [Double] {
  let greatest = Double(logits.max() ?? 0)
  let sum = logits.reduce(0.0) { $0 + exp(Double($1) - greatest) }
  guard sum.isFinite, sum > 0 else { throw TrainingError.scoresAreNoNumbers }
  return logits.map { Double($0) - greatest - log(sum) }
}
