import Backprop
import Foundation

/// How likely each character is to follow each other one: a table of logits, learned from a list of lines.
///
/// The smallest language model there is, and one whose best loss can be counted: −Σ n(a, b) · ln(n(a, b) / n(a)) / Σ n(a, b).
/// Training cannot get below it and, the loss being convex in the logits, comes as near as one likes.
struct BigramModel {
  let tokenizer: CharacterTokenizer
  /// Each character and the one that follows it; a line's end stands before the first line and after the last.
  let pairs: (inputs: [Int32], targets: [Int32])
  /// [characters, characters], from 0: at first every character is as likely as any other.
  let table: Embedding

  /// A model of the lines of `text`. Throws what is wrong with the text.
  init(lines text: String) throws {
    tokenizer = CharacterTokenizer(text: text + "\n")
    pairs = try tokenizer.neighborPairs(ofLines: text)
    table = Embedding(tokenizer.vocabularySize, tokenizer.vocabularySize, deviation: 0)
  }

  /// Trains on all pairs at once and gives the mean cross-entropy, in nats, that it ends with.
  ///
  /// `report` hears of the loss before each step.
  func train(steps: Int, report: (_ step: Int, _ loss: Float) -> Void = { _, _ in }) throws -> Float {
    let inputs = Tensor(pairs.inputs, shape: [pairs.inputs.count])
    let targets = Tensor(pairs.targets, shape: [pairs.targets.count])
    // The gradients of pairs that never come soon shrink; a longer memory of their size would shorten the steps.
    let optimizer = Adam(for: table, beta2: 0.95)
    for step in 0..<steps {
      optimizer.learningRate = Float(LearningRateSchedule.cosine.factor(after: step, of: steps))
      let (loss, gradients) = valueAndGradient(of: table) { crossEntropy(logits: $0(inputs), labels: targets) }
      try optimizer.update(along: gradients)
      report(step, try loss.scalar())
    }
    return try inference { crossEntropy(logits: table(inputs), labels: targets) }.scalar()
  }

  /// The least mean cross-entropy that any bigram model has on the pairs, in nats, by counting them.
  var optimum: Double {
    var counts: [Int32: [Int32: Double]] = [:]
    for (first, second) in zip(pairs.inputs, pairs.targets) { counts[first, default: [:]][second, default: 0] += 1 }
    let sum = counts.values.reduce(0) { sum, followers in
      let total = followers.values.reduce(0, +)
      return followers.values.reduce(sum) { $0 - $1 * log($1 / total) }
    }
    return sum / Double(pairs.inputs.count)
  }

  /// A line that the model makes up, cut off after `longest` characters.
  func draw(using generator: inout SeededGenerator, longest: Int = 40) throws -> String {
    let logits = try table.weight.tensor.values()
    let lineEnd = try tokenizer.encode("\n")[0]
    var line: [Int32] = []
    while line.count < longest {
      let row = Int(line.last ?? lineEnd) * tokenizer.vocabularySize
      let scores = Array(logits[row..<(row + tokenizer.vocabularySize)])
      guard let next = Sampling().draw(from: scores, using: &generator), next != lineEnd else { break }
      line.append(Int32(next))
    }
    return try tokenizer.text(of: line)
  }
}
