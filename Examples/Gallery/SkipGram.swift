import Backprop

/// Word vectors by the skip-gram model with negative sampling: the vector of a word is near those of the words around it, and
/// far from those of words drawn at random. A step changes the vectors of the words in it and no others.
///
/// The text is made up: sentences of a noun, such as "queen", and words that go with its role ("throne") or its gender
/// ("she"). Measured by analogies: of all nouns, king − man + woman should be nearest to queen.
///
/// Source: Mikolov, Sutskever, Chen, Corrado & Dean, "Distributed Representations of Words and Phrases and their
/// Compositionality", NIPS 2013, equation 4.
///
/// Result: all of 180 analogies right (untrained 13.3 %, by chance 5.9 %); 0.1 s of one core.
struct SkipGram: Layer, Program {
  static let name = "word-vectors"
  private static let (width, negatives) = (24, 5)
  private static let nouns = [
    ["king", "queen"], ["man", "woman"], ["prince", "princess"], ["actor", "actress"], ["waiter", "waitress"],
    ["father", "mother"], ["brother", "sister"], ["uncle", "aunt"], ["monk", "nun"], ["wizard", "witch"],
  ]
  private static let roles = [
    ["throne", "crown", "reigns"], ["street", "walks", "adult"], ["castle", "young", "heir"],
    ["stage", "film", "plays"], ["menu", "table", "serves"], ["child", "raises", "parent"],
    ["sibling", "shares", "twin"], ["nephew", "niece", "visits"], ["convent", "prays", "vow"],
    ["spell", "broom", "magic"],
  ]
  private static let genders = [["he", "his", "him", "mister"], ["she", "her", "hers", "madam"]]
  private static let vocabulary = (nouns + roles + genders).flatMap { $0 }

  let words = Embedding(vocabulary.count, width, deviation: 0.1, updatesOnlyUsedRows: true)
  let contexts = Embedding(vocabulary.count, width, deviation: 0.1, updatesOnlyUsedRows: true)

  /// The vectors of words: int32 [batch] → [batch, width].
  func callAsFunction(_ numbers: Tensor) -> Tensor { words(numbers) }

  /// −log σ(v · c) of each word's context, the first of `candidates` [batch, 1 + negatives], and −log σ(−v · c) of the others.
  func loss(_ numbers: Tensor, _ candidates: Tensor) -> Tensor {
    let products = (words(numbers)[0..., .newAxis] * contexts(candidates)).sum(axes: [2])
    return -(products[0..., 0].logSigmoid() + (-products[0..., 1...]).logSigmoid().sum(axes: [1])).mean()
  }

  static func run(quick: Bool) throws -> Finding {
    let model = SkipGram()
    let numbers = Dictionary(uniqueKeysWithValues: zip(vocabulary, Int32(0)...))
    let step = CompiledStep(with: Adam(for: model, learningRate: 5e-3), for: model) { $0.loss($1[0], $1[1]) }
    let before = try analogies(model, numbers)
    var random = SeededGenerator(seed: 0)
    for _ in 0..<(quick ? 300 : 1000) {
      var (centers, candidates): ([Int32], [Int32]) = ([], [])
      for _ in 0..<16 {
        let (role, gender) = (Int.random(in: 0..<10, using: &random), Int.random(in: 0..<2, using: &random))
        let sentence = [
          nouns[role][gender], roles[role].randomElement(using: &random)!,
          genders[gender].randomElement(using: &random)!,
        ]
        for center in sentence {
          for context in sentence where context != center {
            centers.append(numbers[center]!)
            candidates.append(numbers[context]!)
            candidates += (0..<negatives).map { _ in .random(in: 0..<Int32(vocabulary.count), using: &random) }
          }
        }
      }
      let shape = [centers.count, 1 + negatives]
      try step([Tensor(centers, shape: [centers.count]), Tensor(candidates, shape: shape)])
    }
    let after = try analogies(model, numbers)
    return Finding(
      value: after,
      text: "\(after.percent) of 180 analogies right, untrained \(before.percent), by chance 5.9 %")
  }

  /// The share of analogies a₁ − a₀ + b₀ among all pairs of nouns that are nearest to b₁, by the cosine, of the nouns that
  /// are not in the question; in both directions.
  private static func analogies(_ model: SkipGram, _ numbers: [String: Int32]) throws -> Double {
    func vectors(_ words: [String]) -> Tensor { model(Tensor(words.map { numbers[$0]! }, shape: [words.count])) }
    let all = nouns.flatMap { $0 }
    var right = 0
    for a in nouns {
      for b in nouns where b != a {
        for (from, to) in [(0, 1), (1, 0)] {
          let rest = all.filter { ![a[from], a[to], b[from]].contains($0) }
          let goal = vectors([a[to]]) - vectors([a[from]]) + vectors([b[from]])
          let best = try cosineSimilarity(goal, vectors(rest)).argmax().scalar(as: Int32.self)
          right += rest[Int(best)] == b[to] ? 1 : 0
        }
      }
    }
    return Double(right) / 180
  }
}
