import NeuralNetworks
import Tensors

/// What a step measures besides loss and accuracy.
struct StepMeasurement: OptionSet {
  let rawValue: Int

  /// The norm of all gradients.
  static let norm = StepMeasurement(rawValue: 1)
  /// The gradients and updates of each layer, which read all weights once more.
  static let layers = StepMeasurement(rawValue: 2)
}

/// Takes the steps of a training: loss, accuracy, and what is measured of the layers are computed in the same plan as the update, which is
/// recorded once where the task allows it.
struct Stepper {
  private let task: any TrainingTask
  private let optimizer: any Optimizer
  /// For tasks whose steps can be compiled.
  private let compiled: CompiledStep?
  private let measurement: LayerMeasurement
  private let clock = ContinuousClock()

  init(_ task: any TrainingTask, _ optimizer: any Optimizer) {
    self.task = task
    self.optimizer = optimizer
    measurement = LayerMeasurement(task.model)
    compiled = (task as? any CompilableTask).map { task in
      CompiledStep(with: optimizer, measuringChanges: { $0 & 2 == 2 }) { inputs, variant in
        try task.record(StepInputs(inputs, variant: variant >> 2, examples: 0))
          .recording(StepMeasurement(rawValue: variant & 3))
      }
    }
  }

  /// Takes the step with this number, from 0.
  func step(_ step: Int, measuring: StepMeasurement) throws -> StepOutcome {
    let examples: Int
    let values: [Tensor]
    var dataSeconds = 0.0
    if let compiled, let task = task as? any CompilableTask {
      let start = clock.now
      let inputs = try task.inputs(ofStep: step)
      dataSeconds = start.duration(to: clock.now).seconds
      examples = inputs.examples
      values = try compiled(inputs.tensors, variant: inputs.variant << 2 | measuring.rawValue)
    } else {
      let recorded = try task.record(step: step)
      examples = recorded.examples
      let (gradients, others) = recorded.recording(measuring)
      try optimizer.update(along: gradients, evaluating: others)
      values = [gradients.loss] + others
    }
    // The loss that is differentiated, the loss to report and the accuracy where there is one; where it is measured, the
    // norm, the parameters' norms, and their changes if the optimizer's rule is known.
    let count = values.dropFirst().prefix { $0.shape.rank == 0 }.count
    var numbers = try values.dropFirst().prefix(count).map { try $0.number() }[...]
    let norm = measuring.contains(.norm) ? numbers.popLast() : nil
    let loss = numbers.popFirst() ?? .nan
    let vectors = try values.dropFirst(1 + count).map { try $0.numbers() }
    return StepOutcome(
      loss: loss, accuracy: numbers.popFirst(), gradientNorm: norm,
      layers: vectors.first.map {
        measurement.statistics(
          gradientNorms: $0, changes: vectors.count > 1 ? vectors[1] : nil, optimizer: optimizer)
      }, examples: examples, dataSeconds: dataSeconds)
  }
}

extension RecordedStep {
  fileprivate func recording(_ measurement: StepMeasurement) -> CompiledStep.Recording {
    let gradients = allGradients
    return (
      gradients,
      [loss] + [accuracy].compactMap { $0 } + (measurement.contains(.norm) ? [gradients.norm] : [])
        + (measurement.contains(.layers) ? [gradients.norms] : [])
    )
  }
}

extension Tensor {
  /// The values of a vector of norms.
  fileprivate func numbers() throws(TensorError) -> [Double] {
    dtype == .float64 ? try values(as: Double.self) : try values().map(Double.init)
  }
}
