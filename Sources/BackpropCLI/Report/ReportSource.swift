import Backprop

/// What a report of a training needs to know of its task.
struct ReportSource {
  /// The layers of the network in the order of execution.
  var layers: () throws -> [LayerTrace]
  var classNames: [String] = []
  /// What the first layer looks for, in images.
  var filters: () -> FirstLayerFilters? = { nil }
  /// What the trained network says about examples; `nil` where there are none.
  var examine: () throws -> Examination?
  /// What these examples are; `nil`: the set that the results are of.
  var set: EvaluatedSet?
  /// A text that the network writes, where it writes text.
  var sample: (() throws -> String)?
}

extension ReportSource {
  /// Why a page has none.
  static let noExamples = RequestError("the run has no test or validation set")

  /// Of a classifier of images. `example` are a few images; `set` is read when they are looked at.
  static func images(
    _ network: any Layer, _ description: ModelDescription, on set: @escaping () throws -> ImageSet?,
    classNames: [String], example: @escaping () throws -> Tensor?
  ) -> ReportSource {
    ReportSource(
      layers: { try summarize(network, example: description.example) }, classNames: classNames,
      filters: { FirstLayerFilters(of: network, imageShape: description.inputShape) },
      examine: {
        guard let set = try set(), set.count > 0 else { return nil }
        return .classifier(
          try ClassifierExamination(of: network, on: set),
          try AttentionMaps(
            of: network, example: try example(),
            note: """
              For the first test image: a row for each patch, from left to right and top to bottom, bright at the patches \
              that it looks at.
              """))
      })
  }

  /// Of a network for a table's rows. `rows` are those that it is examined with.
  static func table(
    _ network: any Layer, _ description: TableModelDescription, _ preparation: TablePreparation,
    on rows: @escaping () throws -> TrainingTable.ValidationRows?
  ) -> ReportSource {
    ReportSource(
      layers: { try summarize(network, example: description.example) }, classNames: preparation.target.classNames,
      examine: {
        guard let rows = try rows(), rows.examples.count > 0 else { return nil }
        return .table(try TableExamination(of: network, on: rows.examples, of: rows.table, preparation))
      })
  }

  /// Of a language model.
  static func text(
    _ network: any LanguageModel, _ description: LanguageModelDescription, on text: TokenSequence,
    _ tokenizer: any Tokenizer
  ) -> ReportSource {
    ReportSource(
      layers: { try summarize(network, example: description.example) },
      examine: {
        let first = text.ids(in: 0..<min(description.window, 48))
        return .language(
          try LanguageExamination(of: network, on: text, tokenizer: tokenizer, context: description.window),
          try AttentionMaps(
            of: network, example: first.isEmpty ? nil : Tensor(first, shape: [1, first.count]),
            note: """
              For the beginning of the validation text, “\(try tokenizer.text(of: first).visibleLineEnds)”: a row for each token, \
              bright at those that it looks at.
              """))
      },
      sample: {
        let generator = try TextGenerator(network, tokenizer, prompt: "\n", seed: 0)
        return try tokenizer.text(of: (0..<160).map { _ in try generator.next() })
      })
  }
}
