import Backprop

/// What a model is evaluated on during training; its raw value is the word in messages.
enum EvaluatedSet: String, Codable {
  case validation
  case test

  /// What a training's result is of, that evaluated on this set: of the test set, where that was looked at at the end.
  func ofResult(_ result: TrainingResult) -> EvaluatedSet { result.validation == nil ? self : .test }
}
