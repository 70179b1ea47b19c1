import Foundation
import NeuralNetworks
import Tensors
import Testing
import Training

/// Regression on a table: a task of one's own with named metrics, early stopping and checkpoints.
@Suite struct OwnTaskTests {
  private final class Regression: TrainingTask {
    let network: Dense
    var model: any Layer { network }
    let stepsPerEpoch = 4
    private let x: Tensor
    private let y: Tensor

    init(_ dtype: DType = .float32) throws {
      network = try Random.$current.withValue(Random(seed: 3)) { try Dense(3, 1).copy(as: dtype) }
      x = Tensor(try Random(seed: 1).normal(count: 96), shape: [32, 3]).cast(to: dtype)
      y = x.matmul(Tensor([1, -2, 0.5], shape: [3, 1]).cast(to: dtype)) + 0.25
    }

    func record(step: Int) throws -> RecordedStep {
      let first = step % stepsPerEpoch * 8
      let (_, gradients) = valueAndGradient(of: network) { model in
        (model(x.sliced(starts: [first, 0], shape: [8, 3])) - y.sliced(starts: [first, 0], shape: [8, 1])).square()
          .mean()
      }
      return RecordedStep(gradients: gradients, examples: 8)
    }

    func evaluate() throws -> Evaluation? {
      let error = network(x) - y
      return .metrics(
        MetricsResult(
          loss: Double(try error.square().mean().cast(to: .float32).scalar()),
          metrics: ["MAE": Double(try maximum(error, -error).mean().cast(to: .float32).scalar())]))
    }

    func values() throws -> [Double] {
      try network.weight.tensor.cast(to: .float64).values(as: Double.self)
    }
  }

  @Test func trainsWithMetricsAndEarlyStopping() throws {
    let task = try Regression()
    var seen: [Double] = []
    let result = try Trainer(epochs: 200).train(
      task, with: Adam(for: task.model, learningRate: 0.05),
      callbacks: [EarlyStopping(patience: 10), BestWeights(watching: WatchedMetric("MAE", .lowerIsBetter))]
    ) { event in
      if case .evaluation(let report) = event, let value = report.evaluation?.metrics["MAE"] { seen.append(value) }
    }
    #expect(seen.count >= 10 && seen[0] > 0.3)
    guard case .metrics(let best)? = result.evaluation else {
      Issue.record("no metrics: \(String(describing: result.evaluation))")
      return
    }
    #expect(best.loss < 0.01 && best.metrics["MAE"] ?? 1 < 0.1 && best.metrics.keys.sorted() == ["MAE"])
  }

  @Test(arguments: [DType.float32, .float64]) func resumesFromACheckpointOnDisk(dtype: DType) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "own-task-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = CheckpointStore(folder: folder)
    let whole = try Regression(dtype)
    _ = try Trainer(epochs: 6).train(whole, with: Adam(for: whole.model, learningRate: 0.05))
    let first = try Regression(dtype)
    _ = try Trainer(epochs: 6, steps: 10).train(
      first, with: Adam(for: first.model, learningRate: 0.05), savingTo: store)
    let second = try Regression(dtype)
    _ = try Trainer(epochs: 6).train(
      second, with: Adam(for: second.model, learningRate: 0.05), from: try store.load(), savingTo: store)
    #expect(try second.values() == whole.values())
  }

  /// A loop of one's own saves and restores by the same checkpoints.
  @Test func ownLoopsHaveCheckpoints() throws {
    let task = try Regression()
    let optimizer = Adam(for: task.model, learningRate: 0.05)
    func step(_ number: Int) throws { try optimizer.update(along: task.record(step: number).gradients) }
    for number in 0..<5 { try step(number) }
    let checkpoint = try Checkpoint(of: task, with: optimizer, step: 5)
    #expect(checkpoint.step == 5)
    for number in 5..<9 { try step(number) }
    let values = try task.values()
    try checkpoint.restore(to: task, with: optimizer)
    #expect(optimizer.stepCount == 5)
    for number in 5..<9 { try step(number) }
    #expect(try task.values() == values)
  }
}
