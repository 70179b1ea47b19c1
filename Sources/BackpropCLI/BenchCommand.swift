import ArgumentParser
import Backprop

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures training steps: a line a workload.")

  @Argument(help: ArgumentHelp("mlp, cnn, resnet20, lstm, gpt-small or gpt-medium.", valueName: "workload"))
  var workloads: [String] = ["mlp", "cnn"]

  @Option(parsing: .unconditional, help: "How long to measure each workload.")
  var seconds = 5.0

  @OptionGroup var common: CommonOptions

  func run() throws {
    guard seconds > 0, seconds <= 86_400 else {
      throw RequestError("--seconds must be above 0 and at most 86400, not \(seconds)")
    }
    let chosen = try workloads.map { name in
      guard let workload = Workload.all.first(where: { $0.name == name }) else {
        throw RequestError.unknown("workload", name, known: Workload.all.map(\.name))
      }
      return workload
    }
    try common.apply()
    Console.log(Engine.description)
    for workload in chosen {
      let result = try Random.$current.withValue(Random(seed: 0)) { try workload.measure(seconds: seconds) }
      if common.json { try Console.json(result) } else { Console.result(line(result)) }
    }
  }

  private func line(_ result: Measurement) -> String {
    "\(result.workload): \(result.millisecondsPerStep.fixed(3)) ms a step (least \(result.minimum.fixed(3)), "
      + "first \(result.firstStepMilliseconds.fixed(1))), \(result.gflopsPerSecond.fixed(1)) GFLOP/s, "
      + "\(result.parameters.grouped) parameters, \(result.peakBytes.bytes), \(result.threads) threads"
  }
}
