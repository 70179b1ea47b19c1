import Backprop

/// `backprop help models`: the defaults of trainings that differ between models, from the functions that trainings take
/// them from.
enum ModelsHelp {
  static let arguments = ["help", "models"]

  static var lines: [String] {
    let images = ModelDescription.Kind.allCases.map { kind in
      [("model", kind.rawValue)] + rows(TrainingOptions.Defaults.image(kind, count: 1000))
    }
    let texts = LanguageModelDescription.Kind.allCases.map { kind in
      let sizes = TrainTextCommand.defaultSizes(kind)
      return [
        ("model", kind.rawValue), ("context", "\(sizes.context)"), ("width", "\(sizes.width)"),
        ("layers", "\(sizes.layers)"), ("heads", "\(sizes.heads)"),
      ] + rows(TrainingOptions.Defaults.text(kind, steps: nil))
    }
    return ["Defaults of 'backprop train image' that depend on the model:", ""] + lines(images)
      + ["", "Defaults of 'backprop train text' that depend on the model:", ""] + lines(texts)
      + [
        "", "With another optimizer, the learning rate is the default of that one:", "",
      ] + table(OptimizerName.allCases.map { [$0.rawValue, "\($0.defaultLearningRate)"] }, left: [0]).map { "  " + $0 }
      + ["", "'backprop train image --help' and the help of text and table have the others."]
  }

  /// The flags and their values.
  private static func rows(_ defaults: TrainingOptions.Defaults) -> [(String, String)] {
    func text(_ value: (some Any)?) -> String { value.map { "\($0)" } ?? "none" }
    return [
      ("epochs", text(defaults.epochs)), ("steps", text(defaults.steps)), ("batch-size", text(defaults.batchSize)),
      ("optimizer", defaults.optimizer), ("learning-rate", text(defaults.learningRate(with: defaults.optimizer))),
      ("weight-decay", text(defaults.weightDecay)), ("clip-norm", text(defaults.clipNorm)),
      ("schedule", defaults.schedule.rawValue), ("warmup-steps", text(defaults.warmupSteps ?? 0)),
      ("patience", text(defaults.patience)), ("evaluation-steps", text(defaults.evaluationSteps)),
    ]
  }

  /// A table of the columns in which models differ.
  private static func lines(_ models: [[(String, String)]]) -> [String] {
    guard let first = models.first else { return [] }
    let columns = first.indices.filter { column in Set(models.map { $0[column].1 }).count > 1 }
    let rows = [columns.map { first[$0].0 }] + models.map { model in columns.map { model[$0].1 } }
    return table(rows, left: [0]).map { "  " + $0 }
  }
}
