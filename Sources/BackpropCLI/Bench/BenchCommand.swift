import ArgumentParser
import Backprop

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures training steps, generation and optimizers: a line a workload.",
    usage: "backprop bench [<workload> ...] [<options>]")

  @Argument(
    help: ArgumentHelp(
      "\(Workloads.names.joined(separator: ", ")) (default: all up to optimizer-rmsprop); or \(others.joined(separator: ", ")), alone.",
      valueName: "workload"))
  var workloads: [String] = []

  @Option(parsing: .unconditional, help: "How long to measure each workload; with --rounds, each time.")
  var seconds = 5.0

  @Flag(
    help:
      "Measures one workload, or machine, once for each line of standard input, asleep meanwhile: in rounds with others."
  )
  var rounds = false

  @Flag(help: "Shows where the time of a step goes: an operation a line.")
  var profile = false

  @Flag(help: "Shows what the plans of a few steps hold, without times.")
  var plans = false

  @Flag(help: "Of several processes, sends gradients as bfloat16, which is half as much.")
  var bfloat16Gradients = false

  @OptionGroup var common: CommonOptions

  /// Reports besides the workloads: the machine's limits, how steps and compilation scale, and sums over processes.
  static let others = ["machine"] + reports
  private static let reports = ["scaling", "compilation", "communication"]

  mutating func validate() throws { try RequestError.validating(check) }

  private func check() throws {
    try require(seconds, "--seconds", "above 0 and at most 86400") { $0 > 0 && $0 <= 86_400 }
    if rounds, workloads.count != 1 || Self.reports.contains(workloads[0]) || plans {
      throw RequestError("--rounds measures the steps or the profile of one workload, or the machine; name that one")
    }
    if plans, profile { throw RequestError("--plans and --profile are two reports; give one of them") }
    if workloads.count != 1 || !Self.others.contains(workloads[0]) { _ = try Workloads.named(workloads) }
  }

  func run() throws {
    if workloads == ["machine"] {
      try common.apply()
      let arrays = try MachineLimits.Arrays()
      return try measure(\.text) { MachineLimits(arrays, seconds: seconds) }
    }
    if let report = workloads.first, workloads.count == 1, Self.reports.contains(report) {
      try common.apply()
      return try Random.$current.withValue(Random(seed: 0)) {
        switch report {
        case "scaling": try write(try ScalingReport(), \.text)
        case "compilation": try write(try CompilationReport(), \.text)
        default: try write(try CommunicationReport(), \.text)
        }
      }
    }
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
          let stopwatch = try TrainingWorkload.$gradientType.withValue(bfloat16Gradients ? .bfloat16 : .float32) {
            try Stopwatch(workload)
          }
          try measure(\.text) {
            rounds ? try stopwatch.measureAfterWaiting(seconds: seconds) : try stopwatch.measure(seconds: seconds)
          }
        }
      }
    }
  }

  /// Measures and writes once, or with `--rounds` for each line of standard input.
  private func measure<Report: Encodable>(_ text: KeyPath<Report, String>, _ report: () throws -> Report) throws {
    guard rounds else { return try write(try report(), text) }
    var isAsked = false
    while readLine() != nil {
      isAsked = true
      try write(try report(), text)
    }
    guard isAsked else {
      throw RequestError("--rounds measures when a line comes on standard input, which ended without one")
    }
  }

  private func write<Report: Encodable>(_ report: Report, _ text: KeyPath<Report, String>) throws {
    if common.json { try Console.json(report) } else { Console.result(report[keyPath: text]) }
  }
}
