import Foundation
import NeuralNetworks
import Tensors
import Testing

@testable import Models

@Suite struct WeightLoadingTests {
  private struct Network: Layer {
    var body = Dense(3, 2)
    var normalization = BatchNorm(2)
    var head: Dense

    init(classes: Int) { head = Dense(2, classes) }
    func callAsFunction(_ x: Tensor) -> Tensor { head(normalization(body(x))) }
  }

  private func withWeights<Result>(of model: any Layer, _ body: (URL) throws -> Result) throws -> Result {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    try SafeTensors.write(
      try namedVariables(of: model).map { try SafeTensors.Entry(name: $0.name, $0.variable) }, metadata: [:], to: file)
    return try body(file)
  }

  private func values(_ model: any Layer, _ name: String) throws -> [Float]? {
    try namedVariables(of: model).first { $0.name == name }?.variable.values()
  }

  @Test func whatFitsIsLoadedAndTheRestReported() throws {
    let (old, new) = (Network(classes: 5), Network(classes: 3))
    let head = try values(new, "head.weight")
    try withWeights(of: old) { file in
      let report = try loadWeights(of: new, from: file, strict: false)
      #expect(report.loaded.count == 6 && report.missing == [] && report.unused == [])
      #expect(report.mismatched.map(\.name) == ["head.weight", "head.bias"])
      #expect(report.mismatched[0].found == [2, 5] && report.mismatched[0].needed == [2, 3])
      #expect(try values(new, "body.weight") == values(old, "body.weight"))
      #expect(try values(new, "head.weight") == head)
      #expect(
        "\(report)"
          == "loaded 6 of 8 arrays; of another shape: head.weight ([2, 3], not [2, 5]), head.bias ([3], not [5])")
      #expect(throws: ModelError.self) { try loadWeights(of: new, from: file) }
    }
  }

  @Test func namesAreChanged() throws {
    let (old, new) = (Network(classes: 2), Dense(3, 2))
    try withWeights(of: old) { file in
      let report = try loadWeights(of: new, from: file, strict: false) { name in
        name.hasPrefix("body.") ? String(name.dropFirst(5)) : nil
      }
      #expect(report.loaded == ["weight", "bias"])
      #expect(report.unused.count == 6 && report.unused == report.unused.sorted())
      #expect(try new.weight.tensor.values() == old.body.weight.tensor.values())
      // Strict: what is left out is too much.
      #expect(throws: ModelError.self) {
        try loadWeights(of: new, from: file) { $0.hasPrefix("body.") ? String($0.dropFirst(5)) : nil }
      }
      let error = #expect(throws: ModelError.self) {
        try loadWeights(of: new, from: file, strict: false) { _ in "weight" }
      }
      #expect(error.map { "\($0)".contains("would both be 'weight'") } == true)
    }
  }

  /// Nothing changes where it fails, even when the first arrays fit.
  @Test func aStrictFailureChangesNothing() throws {
    let (old, new) = (Network(classes: 5), Network(classes: 3))
    let before = try namedVariables(of: new).map { try $0.variable.values() }
    try withWeights(of: old) { file in
      #expect(throws: ModelError.self) { try loadWeights(of: new, from: file) }
      let after = try namedVariables(of: new).map { try $0.variable.values() }
      #expect(after == before)
    }
  }

  @Test(
    arguments: [
      ("body.*", ["body.weight", "body.bias"]), ("*", nil), ("head.bias,body.w*", ["body.weight", "head.bias"]),
      ("*.bias", ["body.bias", "head.bias"]), ("n*s*e", ["normalization.scale"]),
    ] as [(String, [String]?)])
  func parametersAreFrozenByPattern(pattern: String, expected: [String]?) throws {
    let model = Network(classes: 2)
    let frozen = try model.freezeParameters(matching: pattern)
    #expect(frozen == expected ?? model.parameters.map(\.name))
    #expect(model.parameters.filter { !$0.parameter.isTrainable }.map(\.name) == frozen)
  }

  @Test(arguments: ["bias", "head", "x*", "**q", "head.bias,none"]) func aPatternWithoutAParameterIsAnError(
    pattern: String
  ) {
    let error = #expect(throws: TensorError.self) { try Network(classes: 2).freezeParameters(matching: pattern) }
    #expect(error?.message.contains("body.weight") == true)
  }

  /// Frozen statistics are used in training, and stay.
  @Test func aFrozenNormalizationKeepsStill() throws {
    let model = Network(classes: 2)
    let images = Tensor([5, 6, 7, -1, 2, 9], shape: [2, 3])
    try model.freezeParameters(matching: "normalization.*,body.*")
    let expected = try inference { model(images) }.values()
    let (loss, gradients) = valueAndGradient(of: model) { model in
      let logits = model(images)
      return (logits - Tensor(expected, shape: [2, 2])).square().sum() + logits.sum()
    }
    #expect(abs(try loss.scalar() - expected.reduce(0, +)) < 1e-4)
    let body = try values(model, "body.weight")
    try GradientDescent(for: model, learningRate: 0.1).update(along: gradients)
    #expect(try values(model, "normalization.runningMean") == [0, 0])
    #expect(try values(model, "body.weight") == body)
  }
}
