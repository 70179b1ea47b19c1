import Backprop
import Foundation
import Testing

@testable import Bigram

@Suite struct BigramTests {
  static let names = "emma\nolivia\nava\nisabella\nsophia\ncharlotte\nmia\namelia\nharper\nevelyn\n"

  /// The mean cross-entropy of the learned table on its pairs, in float64.
  private func loss(of model: BigramModel) throws -> Double {
    let width = model.tokenizer.vocabularySize
    let logits = try model.table.weight.tensor.values().map { Double($0) }
    let losses = zip(model.pairs.inputs, model.pairs.targets).map { first, second in
      let row = logits[(Int(first) * width)..<(Int(first) * width + width)]
      return log(row.reduce(0) { $0 + exp($1) }) - logits[Int(first) * width + Int(second)]
    }
    return losses.reduce(0, +) / Double(losses.count)
  }

  /// Trains as the program does and compares with the least loss there can be.
  private func expectTrainingReaches(_ optimum: Double, _ model: BigramModel) throws {
    var first: Float?
    let last = try model.train(steps: 200) { step, loss in if step == 0 { first = loss } }
    // All characters equally likely: ln of their number.
    #expect(abs(Double(try #require(first)) - log(Double(model.tokenizer.vocabularySize))) < 1e-5)
    let exact = try loss(of: model)
    #expect(exact >= optimum - 1e-12)
    #expect(exact < optimum + 1e-5)
    #expect(abs(Double(last) - exact) < 1e-5)
  }

  @Test func optimumIsCounted() throws {
    // After \n: a, b (ln 2 each). After a: b (0). After b: \n, \n (0). By hand: 2 ln 2 / 5.
    #expect(abs(try BigramModel(lines: "ab\nb").optimum - 2 * log(2) / 5) < 1e-15)
  }

  @Test func trainingReachesTheOptimum() throws {
    let model = try BigramModel(lines: Self.names)
    // By Python's math.fsum over Counter.
    #expect(abs(model.optimum - 1.2158323318493482) < 1e-12)
    try expectTrainingReaches(model.optimum, model)
  }

  @Test func drawsOnlyPairsThatWereSeen() throws {
    let model = try BigramModel(lines: "ab\nb")
    _ = try model.train(steps: 200)
    var generator = SeededGenerator(seed: 1)
    let drawn = try (0..<50).map { _ in try model.draw(using: &generator) }
    #expect(Set(drawn) == ["ab", "b"])
  }

  @Test func aLineWithoutAnEndIsCutOff() throws {
    let model = try BigramModel(lines: String(repeating: "a", count: 50))
    _ = try model.train(steps: 50)
    var generator = SeededGenerator(seed: 1)
    let drawn = try (0..<20).map { _ in try model.draw(using: &generator, longest: 3) }
    #expect(drawn.contains("aaa"))
    #expect(drawn.allSatisfy { $0.count <= 3 })
    #expect(try BigramModel(lines: "").draw(using: &generator).isEmpty)
  }

  /// The list of 32,033 names that bigram models are commonly taught with. BACKPROP_NAMES says where the file is.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["BACKPROP_NAMES"] != nil))
  func trainingReachesTheKnownOptimumOfNames() throws {
    let path = try #require(ProcessInfo.processInfo.environment["BACKPROP_NAMES"])
    let model = try BigramModel(lines: String(contentsOfFile: path, encoding: .utf8))
    #expect(model.tokenizer.vocabularySize == 27)
    #expect(model.pairs.inputs.count == 228_146)
    #expect(abs(model.optimum - 2.454014) < 5e-7)
    try expectTrainingReaches(model.optimum, model)
  }
}
