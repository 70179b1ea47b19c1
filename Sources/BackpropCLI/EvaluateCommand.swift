import ArgumentParser
import Backprop

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measures a trained network on test data.")

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
  var folder: String

  @Option(help: "Other data than the run was trained on.")
  var data: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    try common.apply()
    let run = try Run.open(folder, kind: .image)
    let (description, model) = try run.loadModel()
    let dataset = try openData(data, for: run)
    guard dataset.imageShape == description.inputShape else {
      throw RequestError(
        "\(dataset.name) has images of \(dataset.imageShape), but \(folder) takes \(description.inputShape)")
    }
    let result = try evaluateClassifier(model, on: dataset.test)
    guard common.json else {
      return EvaluationText.lines(result, dataset.classNames).dropLast().forEach(Console.result)
    }
    try Console.json(
      Report(
        accuracy: result.accuracy, loss: result.loss, confusionMatrix: result.confusionMatrix.counts,
        parameters: parameterCount(of: model), seconds: result.seconds, examplesPerSecond: result.examplesPerSecond))
  }

  private struct Report: Encodable {
    var accuracy: Double
    var loss: Double
    var confusionMatrix: [[Int]]
    var parameters: Int
    var seconds: Double
    var examplesPerSecond: Double
  }
}

/// The data that was asked for, else the data the run was trained on.
func openData(_ name: String?, for run: Run) throws -> ImageDataset {
  guard let name = try name ?? run.readRecord()?.flags["data"].map({ "\($0)" }) else {
    throw RequestError("\(run.path) does not say what it was trained on; name the data with --data")
  }
  return try RequestError.whenFailing { try ImageDataset.named(name) }
}
