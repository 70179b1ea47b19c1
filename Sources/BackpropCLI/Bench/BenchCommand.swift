import ArgumentParser
import Backprop

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures training steps, generation and optimizers: a line a workload.")

  @Argument(
    help: ArgumentHelp("\(Workloads.names.joined(separator: ", ")). Default: all.", valueName: "workload"))
  var workloads: [String] = []

  @Option(parsing: .unconditional, help: "How long to measure each workload.")
  var seconds = 5.0

  @Flag(help: "Shows where the time of a step goes: an operation a line.")
  var profile = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    guard seconds > 0, seconds <= 86_400 else {
      throw RequestError("--seconds must be above 0 and at most 86400, not \(seconds)")
    }
    // Not one of the workloads: what others are held against, for scripts.
    if workloads == ["machine"] {
      try common.apply()
      let limits = try MachineLimits(seconds: seconds)
      return common.json ? try Console.json(limits) : Console.result(limits.text)
    }
    let chosen = workloads.isEmpty ? Workloads.all : try Workloads.named(workloads)
    try common.apply()
    Console.log(Engine.description)
    for workload in chosen {
      try Random.$current.withValue(Random(seed: 0)) {
        if profile {
          let report = try ProfileReport(workload, seconds: seconds)
          if common.json { try Console.json(report) } else { Console.result(report.text) }
        } else {
          let result = try Measurement(workload, seconds: seconds)
          if common.json { try Console.json(result) } else { Console.result(result.text) }
        }
      }
    }
  }
}
