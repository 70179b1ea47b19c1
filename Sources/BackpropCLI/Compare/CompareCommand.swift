import ArgumentParser
import Backprop
import CProcess
import Foundation

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Trains the same network with several optimizers, each at its own best learning rate.",
    discussion: """
      backprop compare
      backprop compare --task sparse --optimizers sgd,adagrad --seeds 5
      backprop compare --task surface --output runs/surfaces
      """)

  /// What can be compared on.
  enum Task: String, CaseIterable, ExpressibleByArgument {
    case image, text, sparse, surface
  }

  @Option(help: "image, text, sparse (features that are rarely on) or surface (functions of two numbers).")
  var task = Task.image

  @Option(
    help:
      """
      Names with commas between them: \(OptimizerName.allCases.map(\.rawValue).joined(separator: ", ")) (default: all; on \
      surfaces without muon, which is adamw there).
      """
  )
  var optimizers: String?

  @Option(parsing: .unconditional, help: "How many seeds, 1 to 100, beginning with 0.")
  var seeds = 3

  @Option(help: "A folder for report.html and results.json.")
  var output: String?

  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      try require(seeds, "--seeds", in: 1...100)
      try requirePath(output, "--output")
      _ = try chosen()
    }
  }

  /// The optimizers, in the order in which they are named.
  private func chosen() throws(RequestError) -> [OptimizerName] {
    guard let optimizers else { return OptimizerName.allCases.filter { task != .surface || $0 != .muon } }
    var chosen: [OptimizerName] = []
    for part in optimizers.split(separator: ",", omittingEmptySubsequences: false) {
      let name = part.drop { $0 == " " }
      guard let optimizer = OptimizerName(rawValue: String(name)) else {
        throw RequestError.unknown("optimizer", String(name), known: OptimizerName.allCases.map(\.rawValue))
      }
      guard !chosen.contains(optimizer) else { throw RequestError("--optimizers names \(name) twice; once is enough") }
      chosen.append(optimizer)
    }
    return chosen
  }

  func run() throws {
    // The networks are small: more threads would wait for each other.
    try common.apply(default: 1)
    let folder = try output.map { path in
      try OutputPlace.folder(path)
      return URL(fileURLWithPath: path, isDirectory: true)
    }
    let (chosen, stop, progress) = (try chosen(), StopRequest(), CompareProgress())
    defer { progress.end() }
    func report(_ text: String) {
      if backprop_is_interrupted() != 0 { stop.request() }
      progress.show(text)
    }
    backprop_request_when_interrupted()
    let (json, page, lines): (String, String?, [String])
    /// What there is of how much, where the comparison was interrupted.
    var done: String?
    if let name = ComparedTask.Name(rawValue: task.rawValue) {
      let comparison = try Comparison(
        try ComparedTask.named(name), chosen, seeds: seeds, stop: stop, report: report)
      if comparison.isStopped { done = "\(comparison.rows.count) of \(chosen.count) optimizers" }
      json = try JSON.line(comparison.rows)
      page = folder == nil ? nil : ComparisonPage(comparison).html
      lines = ComparisonText.lines(comparison)
    } else {
      let comparison = try SurfaceComparison(
        chosen, seeds: seeds, hasTrails: folder != nil, stop: stop, report: report)
      if comparison.isStopped {
        done = "\(Set(comparison.rows.map(\.surface)).count) of \(Surface.allCases.count) surfaces"
      }
      json = try JSON.line(comparison.rows)
      page = folder == nil ? nil : try SurfacePage(comparison).html()
      lines = ComparisonText.lines(comparison)
    }
    progress.end()
    if let done, done.hasPrefix("0 ") {
      throw Interrupted(description: "interrupted with \(done) done, so there is no result")
    }
    if let folder, let page {
      try AtomicFile.replace(folder.appendingPathComponent("results.json"), with: Data((json + "\n").utf8))
      try AtomicFile.replace(folder.appendingPathComponent("report.html"), with: Data(page.utf8))
    }
    if common.json { Console.result(json) } else { lines.forEach(Console.result) }
    if let output { Console.log("report in \(output)/report.html") }
    if let done {
      throw Interrupted(
        description:
          "interrupted with \(done) done; \(output == nil ? "these are their" : "the report has their") results")
    }
  }
}

/// What is being done, in one line of a terminal that is written over.
private final class CompareProgress {
  private var isShown = false

  func show(_ text: String) {
    guard Console.errorIsTerminal else { return }
    isShown = true
    Console.redraw([text])
  }

  func end() {
    if isShown { Console.erase() }
    isShown = false
  }
}
