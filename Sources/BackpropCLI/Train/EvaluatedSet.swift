/// What a model is evaluated on during training; its raw value is the word in messages.
enum EvaluatedSet: String {
  case validation
  case test
}
