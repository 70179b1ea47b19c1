// An optimizer that Backprop does not have, in a package that depends on it: `swift run` in this folder.
//
// The rule is all there is to write. `Trainer` records it once with forward and backward pass and replays the step, and
// checkpoints contain its state: a training that was interrupted ends with the same bits as one that was not.
import Backprop
import Foundation

/// Lion: the sign of an average of the gradients, with decoupled weight decay.
///
/// Source: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023 (arXiv 2302.06675), algorithm 2.
final class Lion: RuleOptimizer {
  private let beta1: Float
  private let beta2: Float

  init(
    for model: any Layer, learningRate: Float = 1e-4, beta1: Float = 0.9, beta2: Float = 0.99, weightDecay: Float = 0
  ) {
    (self.beta1, self.beta2) = (beta1, beta2)
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, state: ["mean"], decouplesWeightDecay: true)
  }

  override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let (theta, mean, gradient) = (update.parameter, update.state[0], update.gradient)
    let direction = (mean * beta1 + gradient * (1 - beta1)).sign()
    let moved = theta - update.learningRate * (direction + theta * update.weightDecay)
    return (moved, [mean * beta2 + gradient * (1 - beta2)])
  }
}

/// Two half circles, one for each class: [batch, 2] -> [batch, 2].
final class Moons: CompilableTask {
  private let network = Random.$current.withValue(Random(seed: 1)) {
    Sequential {
      Dense(2, 32, activation: .relu)
      Dense(32, 2)
    }
  }
  var model: any Layer { network }
  let stepsPerEpoch = 20

  func inputs(ofStep step: Int) throws -> StepInputs {
    let random = Random(seed: UInt64(1000 + step))
    let (angles, noise) = (try random.uniform(count: 32), try random.normal(count: 64))
    var points: [Float] = []
    for (index, angle) in angles.enumerated() {
      let (x, y) = (cos(angle * .pi), sin(angle * .pi))
      points.append((index % 2 == 0 ? x : 1 - x) + 0.1 * noise[2 * index])
      points.append((index % 2 == 0 ? y : 0.5 - y) + 0.1 * noise[2 * index + 1])
    }
    let labels = Tensor((0..<32).map { Int32($0 % 2) }, shape: [32])
    return StepInputs([Tensor(points, shape: [32, 2]), labels], examples: 32)
  }

  func record(_ inputs: StepInputs) throws -> RecordedStep {
    let (_, gradients) = valueAndGradient(of: network) {
      crossEntropy(logits: $0(inputs.tensors[0]), labels: inputs.tensors[1])
    }
    return RecordedStep(gradients: gradients, examples: inputs.examples)
  }

  func evaluate() throws -> Evaluation? { nil }

  func bits() throws -> [[UInt32]] {
    try network.parameters.map { try $0.parameter.variable().values().map(\.bitPattern) }
  }
}

@main
struct OwnOptimizer {
  static func main() throws {
    func lion(_ task: Moons) -> Lion { Lion(for: task.model, learningRate: 3e-3, weightDecay: 0.01) }

    // Replayed by the trainer.
    let replayed = Moons()
    let result = try Trainer(epochs: 10).train(replayed, with: lion(replayed))
    print("loss \((result.loss * 1000).rounded() / 1000) after \(result.steps) steps")

    // Recorded anew in each step.
    let eager = Moons()
    let optimizer = lion(eager)
    for step in 0..<result.steps { try optimizer.update(along: eager.record(step: step).gradients) }
    print("replayed: \(try eager.bits() == replayed.bits() ? "the same bits" : "other bits")")

    // Interrupted after 77 steps, and resumed from the file by a new optimizer.
    let folder = FileManager.default.temporaryDirectory.appending(path: "own-optimizer-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = CheckpointStore(folder: folder)
    let stopped = Moons()
    _ = try Trainer(epochs: 10, steps: 77).train(stopped, with: lion(stopped), savingTo: store)
    let resumed = Moons()
    _ = try Trainer(epochs: 10).train(resumed, with: lion(resumed), from: try store.load(), savingTo: store)
    print("resumed: \(try resumed.bits() == replayed.bits() ? "the same bits" : "other bits")")
  }
}
