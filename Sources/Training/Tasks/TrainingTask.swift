import NeuralNetworks
import Tensors

/// What is trained on what: all that a `Trainer` needs to know of images or text.
///
/// What a step looks at depends on the task and the step's number alone, never on the steps before it. So the number is
/// the position in the data, and a training that goes on after it was stopped sees what it would have seen.
public protocol TrainingTask {
  /// The network. Training changes its parameters in place.
  var model: any Layer { get }
  /// Steps that see every example once.
  var stepsPerEpoch: Int { get }
  /// What is carried from step to step beside the model, such as the state of a recurrent network, with a name each.
  /// Steps give it new values by `assignments`; it is saved with the training and restored.
  var stateVariables: [(name: String, variable: Variable)] { get }
  /// Records forward and backward pass of the step with this number, from 0. Computes nothing.
  func record(step: Int) throws -> RecordedStep
  /// Looks at the data kept aside without learning from it; `nil` where there is none. Must not change the state.
  func evaluate() throws -> Evaluation?
}

/// A task whose steps can be recorded once and replayed.
public protocol CompilableTask: TrainingTask {
  /// What the step with this number looks at.
  func inputs(ofStep step: Int) throws -> StepInputs
  /// Records a step on these inputs, whatever their values.
  func record(_ inputs: StepInputs) throws -> RecordedStep
}

extension CompilableTask {
  public func record(step: Int) throws -> RecordedStep { try record(try inputs(ofStep: step)) }
}

/// What a step looks at.
public struct StepInputs: Sendable {
  /// Data: a batch.
  public var tensors: [Tensor]
  /// Which of several recordings the step takes, where shapes and types do not tell.
  public var variant: Int
  /// How many examples (images, tokens) there are.
  public var examples: Int

  public init(_ tensors: [Tensor], variant: Int = 0, examples: Int) {
    self.tensors = tensors
    self.variant = variant
    self.examples = examples
  }
}

extension TrainingTask {
  public var stateVariables: [(name: String, variable: Variable)] { [] }
}

/// A training step that is recorded and not yet computed.
public struct RecordedStep: Sendable {
  public var gradients: Gradients
  /// The loss to report, a mean over the examples: [].
  public var loss: Tensor
  /// The share of the examples that the model has right, 0 to 1: []; `nil` where that means nothing.
  public var accuracy: Tensor?
  /// How many examples (images, tokens) the means are over.
  public var examples: Int
  /// New values for the task's state, taken over in the same plan as the update.
  public var assignments: [(Variable, Tensor)]

  /// A step along `gradients`; `loss` is what they are the gradients of where nothing else is said.
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
