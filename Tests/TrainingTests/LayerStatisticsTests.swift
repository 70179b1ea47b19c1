import Datasets
import Foundation
import NeuralNetworks
import Tensors
import Testing

@testable import Training

@Suite struct LayerStatisticsTests {
  private struct Network: Layer {
    let hidden = Dense(3, 4, activation: .tanh)
    let output = Dense(4, 2)
    func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x)) }
  }

  private struct Task: CompilableTask {
    let network = Network()
    var model: any Layer { network }
    var stepsPerEpoch: Int { 4 }

    func inputs(ofStep step: Int) throws -> StepInputs {
      let values = try Random(seed: UInt64(step + 1)).normal(count: 24)
      return StepInputs([Tensor(values, shape: [8, 3])], examples: 8)
    }

    func record(_ inputs: StepInputs) throws -> RecordedStep {
      let (_, gradients) = valueAndGradient(of: network) { ($0(inputs.tensors[0]) - 1).square().mean() }
      return RecordedStep(gradients: gradients, examples: inputs.examples)
    }

    func evaluate() throws -> Evaluation? { nil }
    func example() throws -> Tensor? { try inputs(ofStep: 0).tensors[0] }

    /// The values of a layer's parameters.
    func values() throws -> [String: [Double]] {
      var values: [String: [Double]] = [:]
      for (name, parameter) in network.parameters {
        values[LayerMeasurement.layer(ofParameter: name), default: []] += try parameter.tensor.values().map(Double.init)
      }
      return values
    }
  }

  /// Without momentum an update is the gradient times the learning rate, so both can be had from the weights before and
  /// after a step, in float64.
  @Test(arguments: [false, true]) func `layers are measured as their weights say`(isFrozen: Bool) throws {
    let task = Random.$current.withValue(Random(seed: 5)) { Task() }
    task.network.hidden.weight.isTrainable = !isFrozen
    let optimizer = GradientDescent(for: task.network, learningRate: 0.25)
    var before = try task.values()
    var trainable = before
    var measured = 0
    _ = try Trainer(steps: 6, logInterval: 1).train(task, with: optimizer) { event in
      guard case .step(let report) = event else { return }
      let after = try task.values()
      let layers = try #require(report.layers)
      #expect(layers.map(\.name) == ["hidden", "output"])
      for layer in layers {
        let change = norm(zip(after[layer.name] ?? [], before[layer.name] ?? []).map(-))
        // A frozen weight is no part of what is compared.
        let frozen = isFrozen && layer.name == "hidden" ? 12 : 0
        trainable[layer.name] = Array((before[layer.name] ?? []).dropFirst(frozen))
        let weights = norm(trainable[layer.name] ?? [])
        #expect(abs(layer.gradientNorm - change / 0.25) <= 2e-5 * layer.gradientNorm)
        if weights > 0 {
          #expect(abs((layer.updateRatio ?? 0) - change / weights) <= 2e-5 * change / weights)
        } else {
          #expect(layer.updateRatio == nil)
        }
      }
      let all = layers.reduce(0) { $0 + $1.gradientNorm * $1.gradientNorm }.squareRoot()
      #expect(abs(all - (report.gradientNorm ?? 0)) <= 1e-6 * all)
      before = after
      measured += 1
    }
    #expect(measured == 6)
  }

  /// What is measured does not change what is trained.
  @Test func `a measured training has the weights of another`() throws {
    let runs = try [1, 1000].map { interval in
      let task = Random.$current.withValue(Random(seed: 7)) { Task() }
      _ = try Trainer(steps: 20, logInterval: interval).train(task, with: Adam(for: task.network))
      return try task.values()
    }
    #expect(runs[0] == runs[1])
  }

  private func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  @Test func `histograms are of weights and of what layers give`() throws {
    let task = Random.$current.withValue(Random(seed: 5)) { Task() }
    let histograms = try LayerHistograms(of: task.network, example: task.example())
    #expect(histograms.weights.map(\.name) == ["hidden.weight", "hidden.bias", "output.weight", "output.bias"])
    #expect(histograms.activations.map(\.name) == ["hidden", "output"])
    #expect(histograms.weights.map { $0.histogram.counts.reduce(0, +) } == [12, 4, 8, 2])
    #expect(histograms.activations.map { $0.histogram.counts.reduce(0, +) } == [32, 16])
    let hidden = task.network.hidden(try #require(try task.example()))
    let values = try hidden.values().map { Double($0) }
    #expect(histograms.activations[0].histogram.low == values.min())
    #expect(histograms.activations[0].histogram.high == values.max())
    // An example of another shape, and none.
    #expect(
      try LayerHistograms(of: task.network, example: Tensor([1, 2] as [Float], shape: [1, 2])).activations.isEmpty)
    #expect(try LayerHistograms(of: task.network, example: nil).activations.isEmpty)
  }

  // numpy.histogram([…], bins=4)
  @Test(
    arguments: [
      ([0, 1, 2, 3, 4], [1, 1, 1, 2], 0, 4), ([-1, -1, 0.5, 1, .nan, .infinity], [2, 0, 0, 2], -1, 1),
      ([2, 2, 2], [0, 0, 3, 0], 1, 3),
      ([-.greatestFiniteMagnitude, .greatestFiniteMagnitude], [1, 0, 0, 1], nil, nil),
    ] as [([Float], [Int], Double?, Double?)])
  func `values are counted by ranges`(values: [Float], counts: [Int], low: Double?, high: Double?) throws {
    let found: HistogramChart.Histogram? = .init(of: values, ranges: 4)
    let histogram = try #require(found)
    #expect(histogram.counts == counts)
    if let low, let high { #expect((histogram.low, histogram.high) == (low, high)) }
  }

  @Test func `there is no histogram of nothing`() {
    #expect(HistogramChart.Histogram(of: [], ranges: 4) == nil)
    #expect(HistogramChart.Histogram(of: [.nan], ranges: 4) == nil)
    #expect(HistogramChart.Histogram(of: [1], ranges: 0) == nil)
  }

  @Test(arguments: [
    (100, 10, [0, 10, 20, 95, 100], [10, 9, 8, 1, 0]), (105, 10, [0, 100, 104, 105], [11, 1, 1, 0]),
    (7, 10, [0, 6, 7], [1, 1, 0]),
  ]) func `evaluations that are left are counted`(steps: Int, interval: Int, done: [Int], left: [Int]) throws {
    let length = try TrainingLength(Trainer(epochs: 1, evaluationInterval: interval), stepsPerEpoch: steps)
    #expect(done.map(length.evaluations) == left)
    // Those that follow, one by one.
    #expect(done.map { step in (step..<steps).count { length.isEvaluated(after: $0 + 1) } } == left)
  }
}
