import Foundation
import Testing

/// The plans that the compiler makes of the workloads of `bench`, compared with `Benchmarks/plans.jsonl`, so that a
/// review shows the effect of a change of the compiler.
struct PlanTests {
  private struct Report: Codable, Equatable {
    struct Plan: Codable, Equatable {
      var steps: Int
      var arenaBytes: Int
      var outputs: Int
      var runs: Int
    }
    var workload: String
    var steps: Int
    var plans: [Plan]
    /// Allocations of one more step, and how many steps of one more text allocate at all.
    var allocations: Int?
    var allocatingSteps: Int?
  }

  /// Counts allocations where it is preloaded: only glibc allows it. Compiled here, as it is not part of the package.
  private static let counter: [String: String] = {
    #if canImport(Glibc)
      guard let command = CommandTests.command else { return [:] }
      let library = command.deletingLastPathComponent().appending(path: "libAllocationCounter.so")
      let source = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "../AllocationCounter/allocations.c")
      let compiler = Process()
      compiler.executableURL = URL(filePath: "/usr/bin/env")
      compiler.arguments = ["clang", "-shared", "-fPIC", "-O2", "-o", library.path, source.path]
      do { try compiler.run() } catch { return [:] }
      compiler.waitUntilExit()
      return compiler.terminationStatus == 0 ? ["LD_PRELOAD": library.path] : [:]
    #else
      return [:]
    #endif
  }()

  private func reports(_ lines: String) throws -> [Report] {
    try lines.split(separator: "\n").map { try JSONDecoder().decode(Report.self, from: Data($0.utf8)) }
  }

  /// With ten times the nodes, the work for each may not grow. The measure of the work is allocations, as each visit of
  /// a step makes lists.
  @Test(.enabled(if: !counter.isEmpty)) func compilationGrowsWithTheGraph() throws {
    struct Report: Codable {
      struct Line: Codable {
        var graph: String
        var nodes: Int
        var allocationsPerNode: Double
      }
      var lines: [Line]
    }
    let outcome = try CommandTests().run(["bench", "compilation", "--json"], environment: Self.counter)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    let graphs = Dictionary(grouping: report.lines, by: \.graph)
    #expect(graphs.count == 2)
    for (graph, lines) in graphs {
      let (first, last) = (try #require(lines.first), try #require(lines.last))
      #expect(last.nodes > 9 * first.nodes)
      #expect(last.allocationsPerNode > 1 && last.allocationsPerNode < 1.05 * first.allocationsPerNode, "\(graph)")
    }
  }

  @Test func plansAreThoseOfTheFile() throws {
    // A separate process: tests that run in parallel fill the cache of plans. Without AMX, as few machines have it.
    let environment = Self.counter.merging(["BACKPROP_AMX": "0"]) { $1 }
    let outcome = try CommandTests().run(["bench", "--plans", "--json", "--threads", "2"], environment: environment)
    #expect(outcome.status == 0, "\(outcome.errors)")
    guard !outcome.errors.contains("without oneDNN") else { return }  // other kernels, other plans
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Benchmarks/plans.jsonl")
    let (made, kept) = (try reports(outcome.output), try reports(try String(contentsOf: file, encoding: .utf8)))
    #expect(made.map(\.workload) == kept.map(\.workload))
    for (var made, var kept) in zip(made, kept) {
      if made.workload == "generate" {
        // Single tokens and verifications of four.
        #expect(made.plans.count { $0.runs > 10 } == 2)
        // Which draft tokens are accepted depends on the last bits of logits, and these on the processor.
        for index in made.plans.indices { made.plans[index].runs = 0 }
        for index in kept.plans.indices { kept.plans[index].runs = 0 }
      }
      if Self.counter.isEmpty { (kept.allocations, kept.allocatingSteps) = (nil, nil) }
      #expect(made == kept, "where the change is meant: scripts/plans, and commit what it writes")
    }
    // Independently of the file: no step allocates, and all steps of a training are runs of one plan.
    for report in made where !Self.counter.isEmpty { #expect(report.allocations == 0, "\(report.workload)") }
    for report in made where report.workload != "generate" {
      #expect(report.plans.contains { $0.runs == report.steps }, "\(report.workload)")
    }
  }
}
