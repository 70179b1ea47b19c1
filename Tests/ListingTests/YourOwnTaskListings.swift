// Made by tools/make_listings.py from Sources/Backprop/Backprop.docc/YourOwnTask.md, where changes belong.
import Backprop
import Foundation
import Testing

private final class SineTask: CompilableTask {
  let network = Random.$current.withValue(Random(seed: 0)) {
    Sequential {
      Dense(1, 32, activation: .tanh)
      Dense(32, 1)
    }
  }
  var model: any Layer { network }
  let stepsPerEpoch = 100

  /// 64 points x from −3 to 3, and sin x: both [64, 1].
  func inputs(ofStep step: Int) throws -> StepInputs {
    let x = try Random(seed: UInt64(step)).uniform(count: 64).map { 6 * $0 - 3 }
    return StepInputs([Tensor(x, shape: [64, 1]), Tensor(x.map { sin($0) }, shape: [64, 1])], examples: 64)
  }

  func record(_ inputs: StepInputs) throws -> RecordedStep {
    let (_, gradients) = valueAndGradient(of: network) { meanSquaredError($0(inputs.tensors[0]), inputs.tensors[1]) }
    return RecordedStep(gradients: gradients, examples: inputs.examples)
  }

  func evaluate() throws -> Evaluation? {
    let x = (-30...30).map { Float($0) / 10 }
    let error = network(Tensor(x, shape: [61, 1])) - Tensor(x.map { sin($0) }, shape: [61, 1])
    let (mean, largest) = (error.square().mean(), error.abs().max())
    return .metrics(
      MetricsResult(loss: Double(try mean.scalar()), metrics: ["largest error": Double(try largest.scalar())]))
  }
}

private func callbacks() -> [any TrainingCallback] { [EarlyStopping(patience: 5), BestWeights()] }

private func weights(of task: SineTask) throws -> [[Float]] {
  try task.model.parameters.map { try $0.parameter.tensor.values() }
}

@Suite struct YourOwnTaskListings {
  @Test func listing() throws {
    let task = SineTask()

    let trainer = Trainer(epochs: 20, schedule: .cosine)
    let result = try trainer.train(
      task, with: Adam(for: task.model, learningRate: 0.01), callbacks: callbacks()
    ) { event in
      if case .evaluation(let report) = event, let evaluation = report.evaluation {
        print(report.epoch, evaluation.loss, evaluation.metrics)
      }
    }
    print(result.ending, result.steps)
    expectPrinted("completed 2000")
    print((result.evaluation?.metrics["largest error"] ?? 1) < 0.2)
    expectPrinted("true")

    let temporary = try TemporaryFolder()
    defer { temporary.remove() }

    let store = CheckpointStore(folder: URL(filePath: temporary.path("sine-checkpoints")))
    let stopped = SineTask()
    var stoppable = trainer
    stoppable.stop = StopRequest()
    let part = try stoppable.train(
      stopped, with: Adam(for: stopped.model, learningRate: 0.01), callbacks: callbacks(), savingTo: store
    ) { event in
      if case .step(let report) = event, report.step == 777 { stoppable.stop.request() }
    }
    print(part.ending, part.steps)
    expectPrinted("interrupted 777")

    let resumed = SineTask()  // in another process, perhaps
    let rest = try trainer.train(
      resumed, with: Adam(for: resumed.model, learningRate: 0.01), callbacks: callbacks(), from: try store.load(),
      savingTo: store)
    print(rest.ending, rest.steps)
    expectPrinted("completed 2000")

    print(try weights(of: resumed) == weights(of: task))
    expectPrinted("true")
  }
}
