import ArgumentParser
import Backprop

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures training steps, generation and optimizers: a line a workload.")

  @Argument(
    help: ArgumentHelp("\(Workloads.names.joined(separator: ", ")). Default: all.", valueName: "workload"))
  var workloads: [String] = []

  @Option(parsing: .unconditional, help: "How long to measure each workload; with --turns, each time.")
  var seconds = 5.0

  @Flag(
    help:
      "Measures one workload, or machine, once for each line of standard input, asleep meanwhile: in turns with others."
  )
  var turns = false

  @Flag(help: "Shows where the time of a step goes: an operation a line.")
  var profile = false

  @Flag(help: "Shows what the plans of a few steps hold, without times.")
  var plans = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    guard seconds > 0, seconds <= 86_400 else {
      throw RequestError("--seconds must be above 0 and at most 86400, not \(seconds)")
    }
    if turns, workloads.count != 1 || ["scaling", "compilation"].contains(workloads[0]) || plans {
      throw RequestError("--turns measures the steps or the profile of one workload, or the machine; name that one")
    }
    // Not among the workloads: what they are held against, and how steps and compilation grow.
    if workloads == ["machine"] {
      try common.apply()
      let arrays = try MachineLimits.Arrays()
      return try measure(\.text) { MachineLimits(arrays, seconds: seconds) }
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
          let job = try workload.prepare()
          try measure(\.text) { try ProfileReport(workload, job, seconds: seconds) }
        } else {
          let stopwatch = try Stopwatch(workload)
          try measure(\.text) {
            turns ? try stopwatch.measureAfterWaiting(seconds: seconds) : try stopwatch.measure(seconds: seconds)
          }
        }
      }
    }
  }

  /// Measures and writes once, or with `--turns` whenever somebody asks.
  private func measure<Report: Encodable>(_ text: KeyPath<Report, String>, _ report: () throws -> Report) throws {
    guard turns else { return try write(try report(), text) }
    var isAsked = false
    while readLine() != nil {
      isAsked = true
      try write(try report(), text)
    }
    guard isAsked else {
      throw RequestError("--turns measures when a line comes on standard input, which ended without one")
    }
  }

  private func write<Report: Encodable>(_ report: Report, _ text: KeyPath<Report, String>) throws {
    if common.json { try Console.json(report) } else { Console.result(report[keyPath: text]) }
  }
}
