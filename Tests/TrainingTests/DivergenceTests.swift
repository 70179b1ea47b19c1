import Foundation
import NeuralNetworks
import Tensors
import Testing

@testable import Training

/// A network of two layers, the second of which can produce non-finite values.
private struct Network: Layer {
  let first = Dense(2, 3)
  let second: any Layer

  func callAsFunction(_ x: Tensor) -> Tensor { second(first(x)) }
}

/// Any function as a named layer.
private struct Function: NamedLayer {
  let summary: String
  let path = LayerPath()
  let function: @Sendable (Tensor) -> Tensor

  func apply(_ x: Tensor) -> Tensor { function(x) }
}

/// Least squares towards zero, with data that may be non-finite in one step.
private struct Task: TrainingTask {
  var model: any Layer
  /// The step, from 0, whose data are not finite.
  var damagedStep = -1

  init(_ kind: String, damagedStep: Int = -1, _ function: @escaping @Sendable (Tensor) -> Tensor) {
    model = Random.$current.withValue(Random(seed: 0)) {
      Network(second: Function(summary: kind, function: function))
    }
    self.damagedStep = damagedStep
    _ = model.parameters
  }

  var stepsPerEpoch: Int { 4 }

  func record(step: Int) -> RecordedStep { record(model, step) }

  private func record<Model: Layer>(_ model: Model, _ step: Int) -> RecordedStep {
    let x = Tensor([1, step == damagedStep ? .infinity : 2], shape: [1, 2])
    let (_, gradients) = valueAndGradient(of: model) { ($0(x) - Tensor(1)).square().mean() }
    return RecordedStep(gradients: gradients, examples: 1)
  }

  func evaluate() -> Evaluation? { nil }
}

@Suite struct DivergenceTests {
  /// The message of a diverging training, and whether the model still has finite values.
  private func message(_ task: Task, learningRate: Float = 0.01) throws -> String {
    let optimizer = GradientDescent(for: task.model, learningRate: learningRate)
    var message = ""
    do {
      _ = try Random.$current.withValue(Random(seed: 1)) { try Trainer(epochs: 5).train(task, with: optimizer) }
    } catch let error as TrainingError {
      message = error.message
    }
    for (name, parameter) in task.model.parameters {
      #expect(try parameter.variable().values().allSatisfy(\.isFinite), "\(name) should have its last finite values")
    }
    return message
  }

  @Test func namesTheOperationAndTheLayer() throws {
    // The logarithm of a negative number.
    let found = try message(Task("Logarithm") { (-$0.square() - 1).log() })
    #expect(found.hasPrefix("the loss became not a number at step 1: "))
    #expect(found.contains("'log' in second (Logarithm), [1, 3], in step 1"), "\(found)")
  }

  @Test func namesAnInfiniteIntermediate() throws {
    // e to the 2000th is infinite, and its reciprocal is finite again but for the difference of infinities.
    let found = try message(Task("Exponential") { x in x + (x * 0 + 2000).exp() - (x * 0 + 2000).exp() })
    #expect(found.contains("infinite came out of 'exp' in second (Exponential)"), "\(found)")
  }

  @Test func anInfiniteConstantIsNoCause() throws {
    // As a mask does, and then a true cause.
    let found = try message(
      Task("Masked") { x in
        maximum(x, Tensor.full([], -.infinity)) + (-x.square() - 1).sqrt()
      })
    #expect(found.contains("'sqrt' in second (Masked)"), "\(found)")
  }

  @Test func namesTheData() throws {
    let found = try message(Task("Identity", damagedStep: 6) { $0 })
    #expect(found.hasPrefix("the loss became") && found.contains("at step 7: the data of step 7"), "\(found)")
  }

  @Test func goesBackToTheLastCheckpointAndNoFurther() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let task = Task("Identity", damagedStep: 6) { $0 }
    var traced: [Int] = []
    #expect(throws: TrainingError.self) {
      try Trainer(epochs: 5, checkpointInterval: 1e9, checkpointSteps: 4).train(
        task, with: Momentum(for: task.model), savingTo: CheckpointStore(folder: folder)
      ) { event in
        if case .tracing(let step, let start) = event { traced = [step, start] }
      }
    }
    #expect(traced == [7, 4])
  }

  @Test func namesTheGradient() throws {
    // √ has a finite value and an infinite derivative at 0.
    let found = try message(Task("Root") { ($0 * 0).sqrt() })
    #expect(found.contains("in the gradient of first.") && found.contains("in step 1"), "\(found)")
  }

  @Test func namesTheUpdate() throws {
    let found = try message(Task("Identity") { $0 * 1e3 }, learningRate: 1e38)
    #expect(found.contains("the update of step 1 gave first.weight a value that was infinite"), "\(found)")
  }
}
