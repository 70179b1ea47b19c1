/// Evaluates the model once on the test set, when training ends: after callbacks before it have restored the best weights,
/// and not where training was interrupted.
///
/// `TrainingResult.evaluation` is then that of the test set, and `TrainingResult.validation` what it was before.
public final class TestEvaluation: TrainingCallback {
  private let evaluate: () throws -> Evaluation?

  /// Evaluates with `evaluate`.
  public init(_ evaluate: @escaping () throws -> Evaluation?) { self.evaluate = evaluate }

  public func trainingDidEnd(_ result: inout TrainingResult, of training: RunningTraining) throws {
    guard result.ending != .interrupted else { return }
    result.validation = result.evaluation
    result.evaluation = try evaluate()
  }
}
