import ArgumentParser
import Backprop

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Lists a network's layers, shapes, parameters, operations and bytes.")

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
  var folder: String?

  @Option(help: "mlp, cnn or resnet20, in place of a run.")
  var model: String?

  @Option(help: "The data that the network is for.")
  var data: String?

  @OptionGroup var common: CommonOptions

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

  private func description() throws -> ModelDescription {
    switch (folder, model) {
    case (let folder?, nil):
      return try Run.open(folder, kind: .image).loadModel().description
    case (nil, let model?):
      return try ModelDescription.image(model, for: ImageDataset.named(data ?? "digits"))
    default:
      throw RequestError("name a run or a --model, one of the two")
    }
  }

  /// Operations are those of one example's way forward.
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
