import Datasets
import Models
import NeuralNetworks
import Tensors

/// What networks learn when optimizers are compared: the same data in the same order and, for a seed, the same first
/// weights.
package struct ComparedTask: Sendable {
  /// The tasks by name.
  package enum Name: String, CaseIterable, Sendable {
    case image, text, sparse
  }

  package let name: Name
  /// The data, the network and the steps, as a reader is told.
  package let summary: String
  /// Steps of a training.
  package let steps: Int
  /// The training loss, as a mean over ten steps, that counts as reached.
  package let target: Double
  /// A task whose model has the first weights of a seed.
  private let make: @Sendable (_ seed: UInt64) throws -> any CompilableTask

  /// The task of this name. Throws a `DataError` where its data are damaged.
  package static func named(_ name: Name) throws -> ComparedTask {
    switch name {
    case .image:
      let data = try ImageDataset.digits().standardized
      return ComparedTask(
        name: name, summary: "\(data.train.count) handwritten digits of 8 × 8, a network 64-32-10, batches of 32",
        steps: 400,
        target: 0.1
      ) { seed in
        let model = Random.$current.withValue(Random(seed: seed)) {
          Sequential {
            Flatten()
            Dense(64, 32, activation: .relu)
            Dense(32, 10)
          }
        }
        return try ImageTask(model, on: data.train, evaluatingOn: data.test, batchSize: 32, seed: seed)
      }
    case .text:
      let data = try TextDataset.numbers()
      let vocabulary = data.tokenizer.vocabularySize
      return ComparedTask(
        name: name,
        summary: "numbers as words, the next of \(vocabulary) characters from the last 8 by 32 hidden units",
        steps: 300,
        target: 0.6
      ) { seed in
        let description = LanguageModelDescription(kind: .mlp, vocabulary: vocabulary, context: 8, width: 32)
        let model = try Random.$current.withValue(Random(seed: seed)) { try description.makeModel() }
        return try TextTask(
          model, on: data.train, context: description.window, batchSize: 16, seed: seed)
      }
    case .sparse:
      return ComparedTask(
        name: name,
        summary:
          "logistic regression on \(SparseTask.features) features, of which some 8 are on and most rarely, batches of 32",
        steps: 400, target: 0.3
      ) { seed in SparseTask(seed: seed) }
    }
  }

  /// What one training came to.
  package struct Outcome: Sendable {
    /// The training loss of each step, before its update; ends where it was not finite any more.
    package var losses: [Double]
    package var accuracy: Double?
    package var isDiverged: Bool

    /// The mean loss of the last tenth of the steps; infinite where the training diverged.
    package var finalLoss: Double {
      let last = losses.suffix(max(losses.count / 10, 1))
      return isDiverged || last.isEmpty ? .infinity : last.reduce(0, +) / Double(last.count)
    }

    /// The first step after which the mean loss of the ten steps before is at most `target`.
    package func steps(to target: Double) -> Int? {
      (10...max(losses.count, 10)).first { end in
        end <= losses.count && losses[(end - 10)..<end].reduce(0, +) <= 10 * target
      }
    }
  }

  /// Trains from the first weights of `seed`, and evaluates, where `evaluates`.
  package func train(
    _ optimizer: OptimizerName, learningRate: Float, seed: UInt64, evaluates: Bool = true
  ) throws -> Outcome {
    let task = try make(seed)
    let optimizer = try makeOptimizer(named: optimizer.rawValue, for: task.model, learningRate: learningRate)
    let step = CompiledStep(with: optimizer) { inputs, variant in
      let recorded = try task.record(StepInputs(inputs, variant: variant, examples: 0))
      return (recorded.allGradients, [])
    }
    var outcome = Outcome(losses: [], accuracy: nil, isDiverged: false)
    for index in 0..<steps {
      let inputs = try task.inputs(ofStep: index)
      do {
        let loss = try step(inputs.tensors, variant: inputs.variant)[0].number()
        outcome.losses.append(loss)
        outcome.isDiverged = !loss.isFinite
      } catch let error as TensorError {
        // A graph that has run once fails only for numbers out of range, as squares of gradients.
        guard index > 0 else { throw error }
        outcome.isDiverged = true
      }
      if outcome.isDiverged { return outcome }
    }
    if evaluates { outcome.accuracy = try task.evaluate()?.metrics["accuracy"] }
    return outcome
  }
}
