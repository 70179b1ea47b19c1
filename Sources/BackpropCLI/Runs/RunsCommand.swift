import ArgumentParser
import Backprop
import Files

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "Lists the runs in a folder with their flags and results, best first.",
    discussion: """
      backprop runs
      backprop runs experiments --json
      """)

  @Argument(help: ArgumentHelp("The folder with the folders of runs.", valueName: "folder"))
  var folder = "runs"

  @OptionGroup var common: CommonOptions

  mutating func validate() throws { try RequestError.validating { try requirePath(folder, "the folder") } }

  func run() throws {
    guard OpenFile.isFolder(folder) else {
      throw RequestError("there is no folder \(folder); name one that holds runs, or train one first")
    }
    let names: [String]
    do { names = try Folder.names(in: folder) } catch {
      throw RequestError("the folder \(folder) cannot be read: \(error)")
    }
    var runs: [ListedRun] = []
    for name in names.sorted() {
      let run = Run(path: folder == "." ? name : "\(folder)/\(name)")
      do {
        if let record = try run.readRecord() { runs.append(ListedRun(run, record)) }
      } catch {
        Console.log("warning: \(error)")
      }
    }
    runs.sort()
    guard !common.json else { return try Console.json(runs) }
    guard !runs.isEmpty else { return Console.resultSentence("there are no runs in \(folder)") }
    table([ListedRun.headings] + runs.map(\.row), left: [0, 1, 2, 3]).forEach(Console.result)
  }
}

/// A run as the list shows it.
struct ListedRun: Encodable, Comparable {
  let run: String
  let kind: NetworkTask
  let flags: RunFlags
  let seed: UInt64
  let parameters: Int
  let started: String
  let ended: String?
  let error: String?
  let results: RunRecord.Results?
  private let set: EvaluatedSet

  private enum CodingKeys: CodingKey { case run, kind, flags, seed, parameters, started, ended, error, results }

  init(_ run: Run, _ record: RunRecord) {
    self.run = run.path
    kind = record.kind
    flags = record.flags
    seed = record.seed
    parameters = record.parameters
    started = record.started
    (ended, error, results) = (record.ended, record.error, record.results)
    set = record.evaluatedSet
  }

  /// By task; then the most accurate first, or the one with the fewest bits a character, or with the lowest loss; runs
  /// without results last.
  static func < (left: ListedRun, right: ListedRun) -> Bool { left.order < right.order }
  static func == (left: ListedRun, right: ListedRun) -> Bool { left.order == right.order }

  private var order: (String, Int, Double, String) {
    let measure = results.flatMap { $0.accuracy.map { -$0 } ?? $0.bitsPerCharacter ?? $0.loss ?? $0.trainingLoss }
    // NaN has no order.
    let isKnown = measure.map { !$0.isNaN } ?? false
    return (kind.rawValue, isKnown ? 0 : 1, isKnown ? measure ?? 0 : 0, run)
  }

  static let headings = ["run", "model", "data", "optimizer", "rate", "steps", "accuracy", "loss", "on", "time"]

  /// Its cells.
  var row: [String] {
    let all = flags.all
    let end = error == nil ? ended == nil ? "unfinished" : "" : "failed"
    return [
      run.printable, (all["model"] ?? "").printable, (all["data"] ?? "").printable, (all["optimizer"] ?? "").printable,
      (all["learning-rate"] ?? "").printable, results.map { $0.steps.grouped } ?? "",
      results.map { $0.accuracy?.percent ?? $0.bitsPerCharacter.map { "\($0.fixed(4)) bits/char" } ?? "" } ?? end,
      results?.loss.map { $0.fixed(4) } ?? "", results?.loss == nil ? "" : set.rawValue,
      results.map { clockTime($0.seconds) } ?? "",
    ]
  }
}
