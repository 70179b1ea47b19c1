import Models
import NeuralNetworks
import Tensors

/// What a trainer calls at the events of a training: early stopping, a log, a schedule of one's own.
///
/// Each method has a default that does nothing. What a method throws ends the training.
///
/// ```swift
/// final class EpochCounter: TrainingCallback {
///   var epochs = 0
///   func epochDidEnd(_ epoch: Int, of training: RunningTraining) { epochs += 1 }
/// }
/// ```
public protocol TrainingCallback: AnyObject {
  /// The name of its state in checkpoints: by default the name of its type.
  var name: String { get }
  /// Training begins, from the start or from a checkpoint, whose state is restored by now.
  func trainingWillStart(_ training: RunningTraining) throws
  /// A step is done.
  func stepDidEnd(_ report: StepReport, of training: RunningTraining) throws
  /// An epoch, counted from 1, is done. An evaluation that belongs to it follows.
  func epochDidEnd(_ epoch: Int, of training: RunningTraining) throws
  /// The model was evaluated.
  func evaluationDidEnd(_ report: EvaluationReport, of training: RunningTraining) throws
  /// Training is done, and its last checkpoint saved. May change the result and the model.
  func trainingDidEnd(_ result: inout TrainingResult, of training: RunningTraining) throws
  /// What must be saved so that a resumed training does the same as one without interruption.
  func state() throws -> CallbackState
  /// Restores what `state()` returned. Throws where it does not fit.
  func restore(_ state: CallbackState, in training: RunningTraining) throws
}

extension TrainingCallback {
  public var name: String { "\(Self.self)" }
  public func trainingWillStart(_ training: RunningTraining) throws {}
  public func stepDidEnd(_ report: StepReport, of training: RunningTraining) throws {}
  public func epochDidEnd(_ epoch: Int, of training: RunningTraining) throws {}
  public func evaluationDidEnd(_ report: EvaluationReport, of training: RunningTraining) throws {}
  public func trainingDidEnd(_ result: inout TrainingResult, of training: RunningTraining) throws {}
  public func state() throws -> CallbackState { CallbackState() }
  public func restore(_ state: CallbackState, in training: RunningTraining) throws {}
}

/// The state of a callback in a checkpoint.
public struct CallbackState: Sendable {
  /// Numbers by name.
  public var values: [String: Double]
  /// An evaluation, such as that of the best weights.
  public var evaluation: Evaluation?
  /// Arrays, whose names are unique among them.
  public var arrays: [SafeTensors.Entry]

  /// A state of these parts.
  public init(values: [String: Double] = [:], evaluation: Evaluation? = nil, arrays: [SafeTensors.Entry] = []) {
    self.values = values
    self.evaluation = evaluation
    self.arrays = arrays
  }
}

/// A training as its callbacks see it.
public final class RunningTraining {
  /// The network, whose parameters training changes in place.
  public let model: any Layer
  /// What updates it.
  public let optimizer: any Optimizer
  /// Steps done.
  public internal(set) var step: Int
  /// Steps there will be, if nothing ends training early.
  public let totalSteps: Int
  /// What the learning rate of the next steps is multiplied with, besides the schedule: 1, until a callback changes it.
  /// A checkpoint does not contain it; a callback that changes it restores it.
  public var learningRateFactor: Float = 1
  /// Why a callback asked to end training.
  var requestedEnding: TrainingResult.Ending?

  init(model: any Layer, optimizer: any Optimizer, step: Int, totalSteps: Int) {
    self.model = model
    self.optimizer = optimizer
    self.step = step
    self.totalSteps = totalSteps
  }

  /// Ends training before the next step, which gives that ending. The first request counts.
  public func stop(_ ending: TrainingResult.Ending = .converged) { requestedEnding = requestedEnding ?? ending }
}
