import Datasets
import NeuralNetworks
import Tensors

/// Trains a model: forward, loss, backward, update, until the epochs are done, a callback ends it or a stop is
/// requested.
///
/// The model is initialized when it is created; training changes its parameters in place. Dropout draws from
/// `Random.current`, so the same seeds give the same training.
///
/// ```swift
/// let result = try Trainer(epochs: 5).train(model, with: optimizer, on: data.train, evaluatingOn: data.test)
/// ```
public struct Trainer: Sendable {
  /// How often every training example is used. With `steps`, whichever ends first counts.
  public var epochs: Int
  /// The greatest number of updates, or `nil` for as many as the epochs take.
  public var steps: Int?
  /// Seconds for the whole training, with its evaluations and checkpoints; `nil` for as long as it takes. The schedule
  /// then follows the time, so that it is at its end when the time is up: such a training is not repeatable.
  public var timeLimit: Double?
  /// How the learning rate changes from the optimizer's initial one.
  public var schedule: LearningRateSchedule
  /// Steps between two evaluations, or `nil` for one after each epoch. There is one at the end in any case.
  public var evaluationInterval: Int?
  /// Steps between two whose gradient norm is measured.
  public var logInterval: Int
  /// Seconds between two checkpoints. There are more at the end of epochs where they cost little, when a stop is
  /// requested, and at the end.
  public var checkpointInterval: Double
  /// Steps after each of which there is a checkpoint as well; `nil` for none.
  public var checkpointSteps: Int?
  /// What another thread or a signal handler asks to stop with; checked after each step.
  public var stop: StopRequest
  /// Whether batch normalization takes the statistics of all processes' parts of a batch, where several train together;
  /// see ``BatchNorm/processes``.
  public var synchronizesBatchNorm = false
  /// Whether each of several processes stores a part of the optimizer's state, which begins as the same in all; see
  /// ``RuleOptimizer/shard(over:)``. Checkpoints have all of it.
  public var shardsOptimizer = false
  /// As what several processes send each other gradients: float32, or bfloat16, which is half as much.
  public var gradientType = DType.float32

  /// A trainer with these settings. Numbers that make no sense are errors when training begins.
  public init(
    epochs: Int = 10, steps: Int? = nil, timeLimit: Double? = nil, schedule: LearningRateSchedule = .constant,
    evaluationInterval: Int? = nil, logInterval: Int = 10, checkpointInterval: Double = 60,
    checkpointSteps: Int? = nil, stop: StopRequest = StopRequest()
  ) {
    self.epochs = epochs
    self.steps = steps
    self.timeLimit = timeLimit
    self.schedule = schedule
    self.evaluationInterval = evaluationInterval
    self.logInterval = logInterval
    self.checkpointInterval = checkpointInterval
    self.checkpointSteps = checkpointSteps
    self.stop = stop
  }

  /// Trains the model of `task`, saving checkpoints to `store` where there is one.
  ///
  /// From a `checkpoint` it resumes where that was made, and ends with the same bits as without the interruption, if
  /// task, optimizer, settings, `Random.current`'s seed and the number of threads are the same.
  ///
  /// `callbacks` are called at the events of the training in their order, such as ``EarlyStopping`` and ``BestWeights``;
  /// `report` is called for each step and each evaluation before them. Throws a `TrainingError` that names the step where the loss
  /// is not finite, what the model throws where shapes do not fit, what saving throws and what `report` throws.
  public func train(
    _ task: some TrainingTask, with optimizer: any Optimizer, callbacks: [any TrainingCallback] = [],
    from checkpoint: Checkpoint? = nil, savingTo store: CheckpointStore? = nil,
    report: (TrainingEvent) throws -> Void = { _ in }
  ) throws -> TrainingResult {
    let firstRate = optimizer.learningRate
    // Setting a momentum sets that of groups with an optimizer of their own, which are set again after it.
    let momenta = optimizer.momentumOptimizers.map { ($0, $0.momentum) }
    defer {
      optimizer.learningRate = firstRate
      for (optimizer, momentum) in momenta { optimizer.momentum = momentum }
    }
    var loop = try TrainingLoop(
      trainer: self, task: task, optimizer: optimizer, callbacks: callbacks,
      length: try TrainingLength(self, stepsPerEpoch: task.stepsPerEpoch), checkpoint: checkpoint, store: store)
    return try loop.run(report)
  }

  /// Trains a classifier on `training`, in batches of `batchSize` whose order `seed` determines, and evaluates it on
  /// `evaluation` after each epoch. Throws what `train(_:with:callbacks:from:savingTo:report:)` throws, and a `TrainingError` for
  /// an empty set.
  public func train(
    _ model: any Layer, with optimizer: any Optimizer, on training: ImageSet, evaluatingOn evaluation: ImageSet? = nil,
    batchSize: Int = 64, seed: UInt64 = 0, callbacks: [any TrainingCallback] = [],
    report: (TrainingEvent) throws -> Void = { _ in }
  ) throws -> TrainingResult {
    let task = try ImageTask(model, on: training, evaluatingOn: evaluation, batchSize: batchSize, seed: seed)
    return try train(task, with: optimizer, callbacks: callbacks, report: report)
  }
}
