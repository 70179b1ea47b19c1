import ArgumentParser
import Backprop

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Lists a network's layers, shapes, parameters, operations and bytes.",
    usage: """
      backprop summary <run> [<options>]
      backprop summary --model <model> [--data <data>] [<options>]
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
  var folder: String?

  @Option(
    help: """
      The name of a network for images or, with --data of text or a table, for these; in place of a run.
      """)
  var model: String?

  @Option(help: "The data that the network is for (default: digits, numbers for text).")
  var data: String?

  @Option(help: "The column to predict, where --data is a table.")
  var target: String?

  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      try requirePath(folder, "the run")
      try requirePath(data, "--data")
      try requirePath(target, "--target")
      if let model { try checkName(of: model) }
    }
  }

  func run() throws {
    try common.apply()
    let summary = try RequestError.whenFailing { try description().summary() }
    let parameters = summary.reduce(0) { $0 + $1.parameters }
    let operations = summary.reduce(0) { $0 + $1.operations }
    guard common.json else {
      let rows = summary.map {
        [
          $0.name, $0.kind, "\($0.outputShape)", $0.parameters.grouped, $0.operations.grouped,
          ($0.parameters * 4).bytes,
        ]
      }
      let total = ["total", "", "", parameters.grouped, operations.grouped, (parameters * 4).bytes]
      let header = ["layer", "kind", "output", "parameters", "operations", "bytes"]
      return table([header] + rows + [total], left: [0, 1, 2]).forEach(Console.result)
    }
    try Console.json(
      Report(
        layers: summary.map {
          Report.Row(
            name: $0.name, kind: $0.kind, shape: $0.outputShape.dimensions, parameters: $0.parameters,
            operations: $0.operations, bytes: $0.parameters * 4)
        },
        parameters: parameters, operations: operations, bytes: parameters * 4))
  }

  private func description() throws -> any NetworkDescription {
    switch (folder, model) {
    case (let folder?, nil):
      let run = try Run.open(folder)
      switch try run.task {
      case .image: return try run.loadModel().description
      case .text: return try run.loadLanguageModel().description
      case .table: return try run.loadTableModel().description
      }
    case (nil, let model?):
      return try named(model)
    default:
      throw RequestError("name a run or a --model, one of the two")
    }
  }

  private func checkName(of model: String) throws(RequestError) {
    let known = ModelDescription.kindNames + LanguageModelDescription.kindNames
    guard known.contains(model) else {
      throw RequestError.unknown(
        "model", model, known: known.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
    }
  }

  /// Names that images and text share, such as lstm, mean the one for images unless the data are text.
  private func named(_ model: String) throws -> any NetworkDescription {
    let isTable = [".csv", ".tsv"].contains { data?.lowercased().hasSuffix($0) ?? false }
    if isTable || target != nil { return try tableNetwork(model) }
    let isForImages = data == nil && ModelDescription.kindNames.contains(model)
    let images = isForImages ? "digits" : data
    if let images, let dataset = try? ImageDataset.named(images) {
      return try ModelDescription.image(model, for: dataset)
    }
    let text = try TextDataset.named(data ?? "numbers", tokenizer: .character)
    return try LanguageModelDescription(
      kind: LanguageModelDescription.kind(named: model), vocabulary: text.tokenizer.vocabularySize)
  }

  /// The default network of `train table`.
  private func tableNetwork(_ model: String) throws -> any NetworkDescription {
    guard TableModelDescription.kindNames.contains(model) else {
      throw RequestError.unknown("model of tables", model, known: TableModelDescription.kindNames)
    }
    guard let data, let target else {
      throw RequestError(
        data.map { "\($0) is a table; name the column to predict with --target" }
          ?? "--target is for a table; name its file with --data")
    }
    return TableModelDescription(
      for: try TrainingTable(
        data, target: target, goal: nil, validation: TrainTableCommand.validationShare, seed: 0, allowsPipes: true))
  }

  /// Operations are those of one example's forward pass.
  private struct Report: Encodable {
    struct Row: Encodable {
      var name: String
      var kind: String
      var shape: [Int]
      var parameters: Int
      var operations: Int
      var bytes: Int
    }

    var layers: [Row]
    var parameters: Int
    var operations: Int
    var bytes: Int
  }
}
