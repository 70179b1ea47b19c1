import NeuralNetworks
import Tensors

/// A model and its data: all that a `Trainer` needs to know of images or text.
///
/// The data of a step depend on the task and the step's number alone, never on earlier steps. So the number is the
/// position in the data, and a resumed training uses the same data as an uninterrupted one.
public protocol TrainingTask {
  /// The network. Training changes its parameters in place.
  var model: any Layer { get }
  /// The processes that train together, each with its part of a step's data. By default one.
  var processes: Distributed { get }
  /// How many steps use every example once: the steps of an epoch.
  var stepsPerEpoch: Int { get }
  /// The named state that is carried from step to step besides the model, such as that of a recurrent network. Steps
  /// assign it by `assignments`; it is saved with the training and restored.
  var stateVariables: [(name: String, variable: Variable)] { get }
  /// Records forward and backward pass of the step with this number, from 0. Computes nothing.
  func record(step: Int) throws -> RecordedStep
  /// Collects in `stateVariables` what the processes have of them, before a checkpoint; all processes must. By default
  /// nothing.
  func collectState() throws
  /// Evaluates the model on the validation set; `nil` where there is none. Must not change the state.
  func evaluate() throws -> Evaluation?
  /// A few examples as the model takes them, always the same ones: what its layers give for them is recorded from time
  /// to time. By default none.
  func example() throws -> Tensor?
}

/// A task whose steps can be recorded once and compiled.
public protocol CompilableTask: TrainingTask {
  /// The data of the step with this number.
  func inputs(ofStep step: Int) throws -> StepInputs
  /// Records a step on these inputs, whatever their values.
  func record(_ inputs: StepInputs) throws -> RecordedStep
}

extension CompilableTask {
  public func record(step: Int) throws -> RecordedStep { try record(try inputs(ofStep: step)) }
}

/// The data of a training step, which its recording gets as inputs.
public struct StepInputs: Sendable {
  /// The tensors of the batch, such as images and labels.
  public var tensors: [Tensor]
  /// Which of several recordings the step uses, where shapes and types do not determine it.
  public var variant: Int
  /// How many examples (images, tokens) there are, in all processes.
  public var examples: Int
  /// How many of them this process has; `nil` where all have as many.
  public var ownExamples: Int?

  /// A batch of so many examples, of which this process has `ownExamples`.
  public init(_ tensors: [Tensor], variant: Int = 0, examples: Int, ownExamples: Int? = nil) {
    self.tensors = tensors
    self.variant = variant
    self.examples = examples
    self.ownExamples = ownExamples
  }
}

extension TrainingTask {
  public var stateVariables: [(name: String, variable: Variable)] { [] }
  public func example() throws -> Tensor? { nil }
  public var processes: Distributed { .one }
  public func collectState() throws {}
}

/// A training step that is recorded and not yet computed.
public struct RecordedStep: Sendable {
  /// The gradients that the optimizer steps along.
  public var gradients: Gradients
  /// The loss to report, a mean over the examples: [].
  public var loss: Tensor
  /// The share of correct predictions, 0 to 1: []; `nil` where that is not defined.
  public var accuracy: Tensor?
  /// How many examples (images, tokens) the means are over.
  public var examples: Int
  /// New values for the task's state, assigned in the same plan as the update.
  public var assignments: [(Variable, Tensor)]
  /// What processes that train together request, as numbers above 0.
  var requests: [Tensor] = []

  /// A step along `gradients`; `loss` is by default the loss that was differentiated.
  public init(
    gradients: Gradients, loss: Tensor? = nil, accuracy: Tensor? = nil, examples: Int,
    assignments: [(Variable, Tensor)] = []
  ) {
    self.gradients = gradients
    self.loss = loss ?? gradients.loss
    self.accuracy = accuracy
    self.examples = examples
    self.assignments = assignments
  }
}
