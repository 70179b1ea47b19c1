import Backprop

/// Flags, versions, times and results: of one run all, of several what differs.
enum SettingsSection {
  static func addResults(to page: inout Page, _ runs: [ReportedRun]) {
    if runs.count == 1, let run = runs.first, let record = run.record {
      guard record.results != nil else { return }
      page.section(
        "Results", note: "\(ending(run, record))",
        [.tiles(rows(run, record).map { (name: $0.name, number: $0.number) })])
      return
    }
    guard runs.count > 1 else { return }
    let found = runs.map { run in run.record.map { rows(run, $0, namesStep: false) } ?? [] }
    let names = found.flatMap { $0.map(\.name) }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    var table = PageTable(["run"] + names)
    for (run, rows) in zip(runs, found) {
      table.add(
        [.init(run.name)]
          + names.map { name in
            // Several runs: numbers are compared by a person, not with one file.
            rows.first { $0.name == name }.map { .init($0.number.withoutKey) } ?? ""
          })
    }
    let earlier = runs.compactMap { run in
      run.evaluatedStep.map { "The last evaluation of \(run.name), which was interrupted, is of step \($0.grouped)." }
    }
    page.section("Results", note: "\(earlier.joined(separator: " "))", [table.html])
  }

  static func addFlags(to page: inout Page, _ runs: [ReportedRun]) {
    if runs.count == 1, let run = runs.first {
      guard let record = run.record else { return }
      page.section("Settings", [.grid([flags(record).html, environment(run, record).html])])
      return
    }
    let settings = runs.map(\.settings)
    let names = settings.flatMap { $0.map(\.name) }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    var table = PageTable(["setting"] + runs.map(\.name))
    for name in names.sorted() {
      let values = settings.map { all in all.first { $0.name == name }?.value ?? "" }
      if Set(values).count > 1 { table.add([.init(name)] + values.map { .init($0) }) }
    }
    page.section(
      "What differs",
      table.isEmpty ? [.note("These runs have the same settings, seed and number of parameters.")] : [table.html])
  }

  /// `namesStep`: the step of the last evaluation, where that was not the last one of the training.
  private static func rows(
    _ run: ReportedRun, _ record: RunRecord, namesStep: Bool = true
  ) -> [(name: String, number: ShownNumber)] {
    guard let results = record.results else { return [] }
    let set = record.evaluatedSet.rawValue
    let key = { (name: String) in "run:results/\(name)" }
    var rows: [(String, ShownNumber)] = []
    if let own = run.own {
      let step = "after step \(ShownNumber.grouped(own.step))"
      if let value = own.accuracy { rows.append(("\(own.set.rawValue) accuracy \(step)", .percent(value))) }
      if let value = own.meanAbsoluteError { rows.append(("mean absolute error \(step)", ShownNumber(value))) }
    }
    // Of the last evaluation, which may be some steps before the end.
    let step = namesStep ? run.evaluatedStep.map { " after step \(ShownNumber.grouped($0))" } ?? "" : ""
    let measures: [(name: String, key: String, value: Double?)] = [
      ("\(set) loss", "loss", results.loss), ("perplexity", "perplexity", results.perplexity),
      ("bits per character", "bitsPerCharacter", results.bitsPerCharacter),
      ("mean absolute error", "meanAbsoluteError", results.meanAbsoluteError),
      ("root mean squared error", "rootMeanSquaredError", results.rootMeanSquaredError), ("R²", "r2", results.r2),
    ]
    if let value = results.accuracy { rows.append(("\(set) accuracy\(step)", .percent(value, key: key("accuracy")))) }
    for measure in measures {
      guard let value = measure.value else { continue }
      rows.append((measure.name + step, ShownNumber(value, key: key(measure.key))))
    }
    if let value = results.validationAccuracy {
      rows.append(("validation accuracy", .percent(value, key: key("validationAccuracy"))))
    }
    rows.append(("training loss", ShownNumber(results.trainingLoss, key: key("trainingLoss"))))
    if let value = results.trainingAccuracy {
      rows.append(("training accuracy", .percent(value, key: key("trainingAccuracy"))))
    }
    rows.append(("steps", .count(results.steps, key: key("steps"))))
    rows.append(("time", ShownNumber(results.seconds, text: clockTime(results.seconds), key: key("seconds"))))
    return rows
  }

  private static func ending(_ run: ReportedRun, _ record: RunRecord) -> String {
    switch record.results?.ending {
    case TrainingResult.Ending.converged.rawValue?: "Training ended early, as the loss stopped falling."
    case TrainingResult.Ending.interrupted.rawValue?:
      "Training was interrupted and can be resumed."
        + (run.own.map { own in
          " The examples on this page are of the \(own.set.rawValue) set with the saved weights, those after step "
            + "\(ShownNumber.grouped(own.step))."
        } ?? "")
    default: ""
    }
  }

  private static func flags(_ record: RunRecord) -> PageTable {
    var table = PageTable(["flag", "value"])
    for (name, value) in record.shownFlags { table.add([.init(name), .init(value)]) }
    return table
  }

  private static func environment(_ run: ReportedRun, _ record: RunRecord) -> PageTable {
    var table = PageTable(["of the run", ""])
    let rows: [(String, String?)] = [
      ("folder", run.path), ("seed", "\(record.seed)"), ("parameters", ShownNumber.grouped(record.parameters)),
      ("started", record.started), ("resumed", record.resumed?.joined(separator: ", ")), ("ended", record.ended),
      ("error", record.error), ("version", record.version), ("engine", record.engine), ("threads", "\(record.threads)"),
    ]
    for case (let name, let value?) in rows { table.add([.init(name), .init(value)]) }
    return table
  }
}
