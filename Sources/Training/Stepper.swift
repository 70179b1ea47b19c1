import NeuralNetworks
import Tensors

/// Takes the steps of a training: loss, accuracy and norm are computed in the same plan as the update, which is
/// recorded once where the task allows it.
struct Stepper {
  private let task: any TrainingTask
  private let optimizer: any Optimizer
  /// For tasks whose steps can be compiled.
  private let compiled: CompiledStep?
  private let clock = ContinuousClock()

  init(_ task: any TrainingTask, _ optimizer: any Optimizer) {
    self.task = task
    self.optimizer = optimizer
    compiled = (task as? any CompilableTask).map { task in
      CompiledStep(with: optimizer) { inputs, variant in
        try task.record(StepInputs(inputs, variant: variant >> 1, examples: 0))
          .recording(measuringNorm: variant & 1 == 1)
      }
    }
  }

  /// Takes the step with this number, from 0.
  func step(_ step: Int, measuringNorm: Bool) throws -> StepOutcome {
    let examples: Int
    let values: [Tensor]
    var dataSeconds = 0.0
    if let compiled, let task = task as? any CompilableTask {
      let start = clock.now
      let inputs = try task.inputs(ofStep: step)
      dataSeconds = start.duration(to: clock.now).seconds
      examples = inputs.examples
      values = try compiled(inputs.tensors, variant: inputs.variant << 1 | (measuringNorm ? 1 : 0))
    } else {
      let recorded = try task.record(step: step)
      examples = recorded.examples
      let (gradients, others) = recorded.recording(measuringNorm: measuringNorm)
      try optimizer.update(along: gradients, evaluating: others)
      values = [gradients.loss] + others
    }
    // The loss that is differentiated, the loss to report, the accuracy where there is one, the norm if it is measured.
    var numbers = try values.dropFirst().map { try $0.number() }[...]
    let norm = measuringNorm ? numbers.popLast() : nil
    let loss = numbers.popFirst() ?? .nan
    return StepOutcome(
      loss: loss, accuracy: numbers.popFirst(), gradientNorm: norm, examples: examples, dataSeconds: dataSeconds)
  }
}

extension RecordedStep {
  fileprivate func recording(measuringNorm: Bool) -> CompiledStep.Recording {
    let gradients = allGradients
    return (gradients, [loss] + [accuracy, measuringNorm ? gradients.norm : nil].compactMap { $0 })
  }
}
