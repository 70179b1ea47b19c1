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

  @Flag(help: "Shows what the plans of a few steps hold, without times.")
  var plans = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    guard seconds > 0, seconds <= 86_400 else {
      throw RequestError("--seconds must be above 0 and at most 86400, not \(seconds)")
    }
    // Not among the workloads: what they are held against, and how steps and compilation grow.
    if workloads == ["machine"] {
      try common.apply()
      return try write(try MachineLimits(seconds: seconds), \.text)
    }
    if workloads == ["scaling"] || workloads == ["compilation"] {
      try common.apply()
      return try Random.$current.withValue(Random(seed: 0)) {
        if workloads == ["scaling"] { return try write(try ScalingReport(), \.text) }
        try write(try CompilationReport(), \.text)
      }
    }
    if plans, profile { throw RequestError("--plans and --profile are two reports; give one of them") }
    let chosen = workloads.isEmpty ? Workloads.all : try Workloads.named(workloads)
    try common.apply()
    Console.log(Engine.description)
    for workload in chosen {
      try Random.$current.withValue(Random(seed: 0)) {
        if plans {
          try write(try PlanReport(workload), \.text)
        } else if profile {
          try write(try ProfileReport(workload, seconds: seconds), \.text)
        } else {
          try write(try Measurement(workload, seconds: seconds), \.text)
        }
      }
    }
  }

  private func write<Report: Encodable>(_ report: Report, _ text: KeyPath<Report, String>) throws {
    if common.json { try Console.json(report) } else { Console.result(report[keyPath: text]) }
  }
}
