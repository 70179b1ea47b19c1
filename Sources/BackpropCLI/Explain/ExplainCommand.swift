import ArgumentParser
import Backprop
import Files
import Foundation

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Shows one step of back-propagation in a small network with every number.",
    discussion: """
      backprop explain
      backprop explain --network 3-4-2 --optimizer adam --output step.html
      """)

  @Option(
    help: """
      The units of each layer, inputs first: \(ExplainedNetwork.layerRange.lowerBound) to \
      \(ExplainedNetwork.layerRange.upperBound) layers of \(ExplainedNetwork.unitRange.lowerBound) to \
      \(ExplainedNetwork.unitRange.upperBound) units.
      """)
  var network = "2-2-1"

  @Option(help: "\(OptimizerName.allCases.map(\.rawValue).joined(separator: ", ")).")
  var optimizer = "sgd"

  @Option(parsing: .unconditional, help: "The learning rate (default: the optimizer's).")
  var learningRate: Double?

  @Option(parsing: .unconditional, help: "Which step of a training on the example is shown, 1 to 1000.")
  var step = 1

  @Option(parsing: .unconditional, help: "What draws weights and inputs.")
  var seed: UInt64 = 0

  @Option(help: "A page that shows the step, number by number.")
  var output: String?

  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      do { _ = try ExplainedNetwork.sizes(named: network) } catch { throw RequestError("--network: \(error)") }
      guard OptimizerName(rawValue: optimizer) != nil else {
        throw RequestError.unknown("optimizer", optimizer, known: OptimizerName.allCases.map(\.rawValue))
      }
      try requirePositive(learningRate, "--learning-rate", suchAs: 0.1)
      try require(step, "--step", in: 1...1000)
      try requirePath(output, "--output")
    }
  }

  func run() throws {
    try output.map(OutputPlace.file)
    try common.apply()
    let explanation = try Explanation(
      sizes: try ExplainedNetwork.sizes(named: network), optimizer: optimizer,
      learningRate: learningRate.map { Float($0) }, seed: seed, step: step)
    if let output {
      try AtomicFile.replace(URL(fileURLWithPath: output), with: Data(ExplanationPage(explanation).html.utf8))
    }
    if common.json {
      try Console.json(explanation)
    } else {
      ExplanationText(explanation).lines.forEach(Console.result)
    }
    if let output { Console.log("page in \(output)") }
  }
}
