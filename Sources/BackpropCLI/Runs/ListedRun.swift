import Backprop
import Files

/// A run as the list shows it.
struct ListedRun: Encodable, Comparable {
  let run: String
  let kind: NetworkTask
  let state: RunState
  let flags: RunFlags
  let seed: UInt64
  let parameters: Int
  let started: String
  let ended: String?
  let error: String?
  let results: RunRecord.Results?
  private let set: EvaluatedSet

  private enum CodingKeys: CodingKey { case run, kind, state, flags, seed, parameters, started, ended, error, results }

  init(_ run: Run, _ record: RunRecord) {
    self.run = run.path
    kind = record.kind
    state = RunState(record, path: run.path)
    flags = record.flags
    seed = record.seed
    parameters = record.parameters
    started = record.started
    (ended, error, results) = (record.ended, record.error, record.results)
    set = record.evaluatedSet
  }

  /// The runs that it can be compared with: those of the same task, data and, of a table, column.
  var group: String {
    let all = flags.all
    return "\(kind.rawValue): \(all["data"] ?? "unknown data")" + (all["target"].map { ", \($0)" } ?? "")
  }

  /// By group; then the most accurate first, or the one with the fewest bits a character, or with the lowest error or
  /// loss; runs without results last.
  static func < (left: ListedRun, right: ListedRun) -> Bool { left.order < right.order }
  static func == (left: ListedRun, right: ListedRun) -> Bool { left.order == right.order }

  private var order: (String, Int, Double, String) {
    let measure = results.flatMap {
      $0.accuracy.map { -$0 } ?? $0.bitsPerCharacter ?? $0.meanAbsoluteError ?? $0.loss ?? $0.trainingLoss
    }
    // NaN has no order.
    let isKnown = measure.map { !$0.isNaN } ?? false
    return (group, isKnown ? 0 : 1, isKnown ? measure ?? 0 : 0, run)
  }

  /// The lines of the runs of a group, with the measures that one of them has; in at most `limit` columns, for which
  /// some are left out.
  static func lines(_ runs: [ListedRun], limit: Int? = Terminal.columns(of: 1)) -> [String] {
    let rows = rows(runs)
    let order = ["on", "steps", "loss", "rate", "time", "optimizer", "R²"]
    return table(
      rows, left: [0, 1, 2], optional: order.compactMap { rows.first?.firstIndex(of: $0) }, limit: limit.map { $0 - 2 }
    ).map { "  " + $0 }
  }

  /// Headings and rows.
  private static func rows(_ runs: [ListedRun]) -> [[String]] {
    let measures = Self.measures.filter { measure in runs.contains { $0.results.flatMap(measure.text) != nil } }
    let header = ["run", "model", "optimizer", "rate", "steps"] + measures.map(\.name) + ["on", "time", "state"]
    return [header]
      + runs.map { run in
        let flags = ["model", "optimizer", "learning-rate"].map { (run.flags.all[$0] ?? "").printable }
        return [run.run.printable] + flags + [run.results.map { $0.steps.grouped } ?? ""]
          + measures.map { run.results.flatMap($0.text) ?? "" }
          + [
            run.results?.loss == nil ? "" : run.set.rawValue, run.results.map { clockTime($0.seconds) } ?? "",
            run.state.rawValue,
          ]
      }
  }

  /// What results may have, the one that orders the runs first.
  private static let measures: [(name: String, text: @Sendable (RunRecord.Results) -> String?)] = [
    ("accuracy", { $0.accuracy?.percent }), ("bits/char", { $0.bitsPerCharacter?.fixed(4) }),
    ("MAE", { $0.meanAbsoluteError?.significant(4) }), ("R²", { $0.r2?.fixed(4) }), ("loss", { $0.loss?.readable(4) }),
  ]
}
