import Files

/// Why training could not continue: a sentence with what would help.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was wrong, and what would help.
  public var message: String
  /// The step, counted from 1, that failed; `nil` where training had not begun.
  public var step: Int?

  /// An error with this sentence, whose control characters are replaced.
  public init(_ message: String, step: Int? = nil) {
    self.message = message.printableLines
    self.step = step
  }

  public var description: String { message }

  /// The loss of `step` is not finite, and why.
  static func diverged(loss: Float, step: Int, learningRate: Float, cause: String?) -> TrainingError {
    let what = loss.isNaN ? "not a number" : "infinite"
    return TrainingError(
      "the loss became \(what) at step \(step)\(cause.map { ": \($0)" } ?? ""); lower the learning rate (it is "
        + "\(learningRate), try \(learningRate / 10)), clip the gradients or check the data for values that are not finite",
      step: step)
  }
}
