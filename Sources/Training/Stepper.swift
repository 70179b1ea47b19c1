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
  private let synchronizesBatchNorm: Bool
  private let gradientType: DType
  private let clock = ContinuousClock()

  init(
    _ task: any TrainingTask, _ optimizer: any Optimizer, synchronizesBatchNorm: Bool = false,
    gradientType: DType = .float32
  ) {
    self.task = task
    self.optimizer = optimizer
    self.synchronizesBatchNorm = synchronizesBatchNorm
    self.gradientType = gradientType
    measurement = LayerMeasurement(task.model)
    let processes = task.processes
    compiled = (task as? any CompilableTask).map { task in
      CompiledStep(with: optimizer, measuringChanges: { $0 & 2 == 2 }) { inputs, variant in
        // Where there are several processes, a weight if they have not as many examples, and requests.
        let requests = inputs.suffix(processes.size > 1 ? StepRequests.count : 0)
        let weight = inputs.dropLast(requests.count).suffix(variant & 4 == 4 ? 1 : 0)
        let own = Array(inputs.dropLast(requests.count + weight.count))
        return try BatchNorm.$processes.withValue(synchronizesBatchNorm ? processes : nil) {
          try BatchNorm.$exampleCount.withValue(weight.first) {
            try task.record(StepInputs(own, variant: variant >> 3, examples: 0))
          }
        }
        .averaged(over: processes, weight: weight.first, sendingAs: gradientType, Array(requests))
        .recording(StepMeasurement(rawValue: variant & 3))
      }
    }
  }

  /// Takes the step with this number, from 0. `requests` are those of this process, of several.
  func step(_ step: Int, measuring: StepMeasurement, requests: StepRequests = StepRequests()) throws -> StepOutcome {
    let requested = task.processes.size > 1 ? requests.tensors : []
    let examples: Int
    let values: [Tensor]
    var dataSeconds = 0.0
    if let compiled, let task = task as? any CompilableTask {
      let start = clock.now
      let inputs = try task.inputs(ofStep: step)
      dataSeconds = start.duration(to: clock.now).seconds
      examples = inputs.examples
      let weight = inputs.ownExamples.map { [Tensor(Float($0))] } ?? []
      values = try compiled(
        inputs.tensors + weight + requested,
        variant: inputs.variant << 3 | weight.count << 2 | measuring.rawValue)
    } else {
      let recorded = try BatchNorm.$processes.withValue(synchronizesBatchNorm ? task.processes : nil) {
        try task.record(step: step)
      }
      examples = recorded.examples
      let weight = Tensor(Float(recorded.examples))
      let (gradients, others) = recorded.averaged(
        over: task.processes, weight: weight, sendingAs: gradientType, requested
      ).recording(measuring)
      try optimizer.update(along: gradients, evaluating: others)
      values = [gradients.loss] + others
    }
    // The loss that is differentiated, the loss to report, the accuracy where there is one, and the requests of several
    // processes; where it is measured, the norm, the parameters' norms, and their changes if the optimizer's rule is known.
    let count = values.dropFirst().prefix { $0.shape.rank == 0 }.count
    var numbers = try values.dropFirst().prefix(count).map { try $0.number() }[...]
    let norm = measuring.contains(.norm) ? numbers.popLast() : nil
    let agreed = StepRequests(numbers.suffix(requested.count))
    numbers = numbers.dropLast(requested.count)
    let loss = numbers.popFirst() ?? .nan
    let vectors = try values.dropFirst(1 + count).map { try $0.numbers() }
    return StepOutcome(
      loss: loss, accuracy: numbers.popFirst(), gradientNorm: norm,
      layers: vectors.first.map {
        measurement.statistics(
          gradientNorms: $0, changes: vectors.count > 1 ? vectors[1] : nil, optimizer: optimizer)
      }, examples: examples, dataSeconds: dataSeconds, requests: agreed)
  }
}

extension RecordedStep {
  /// The means over all processes, with what they request.
  fileprivate func averaged(
    over processes: Distributed, weight: Tensor?, sendingAs type: DType, _ requests: [Tensor]
  ) -> RecordedStep {
    guard processes.size > 1 else { return self }
    let scalars = [loss] + [accuracy].compactMap { $0 } + requests
    let (means, others) = gradients.averaged(over: processes, weight: weight, sendingAs: type, with: scalars)
    var result = self
    result.gradients = means
    (result.loss, result.accuracy) = (others[0], accuracy == nil ? nil : others[1])
    result.requests = Array(others.suffix(requests.count))
    return result
  }

  fileprivate func recording(_ measurement: StepMeasurement) -> CompiledStep.Recording {
    let gradients = allGradients
    return (
      gradients,
      [loss] + [accuracy].compactMap { $0 } + requests + (measurement.contains(.norm) ? [gradients.norm] : [])
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
