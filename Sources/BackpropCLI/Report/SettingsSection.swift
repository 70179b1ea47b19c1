import Backprop

/// Flags, versions, times and results: of one run all, of several what differs.
enum SettingsSection {
  static func addResults(to page: inout Page, _ runs: [ReportedRun]) {
    if runs.count == 1, let run = runs.first, let record = run.record {
      guard record.results != nil else { return }
      page.section(
        "Results", note: "\(ending(record))", [.tiles(rows(record).map { (name: $0.name, number: $0.number) })])
      return
    }
    guard runs.count > 1 else { return }
    let found = runs.map { $0.record.map(rows) ?? [] }
    let names = found.flatMap { $0.map(\.name) }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    var table = PageTable(["run"] + names)
    for (run, rows) in zip(runs, found) {
      table.add(
        [.init(run.name)]
          + names.map { name in
            // Several runs: numbers are compared by a person, not with one file.
            rows.first { $0.name == name }.map { .init(ShownNumber($0.number.value, text: $0.number.text)) } ?? ""
          })
    }
    page.section("Results", [table.html])
  }

  static func addFlags(to page: inout Page, _ runs: [ReportedRun]) {
    if runs.count == 1, let run = runs.first {
      guard let record = run.record else { return }
      page.section("Settings", [.grid([flags(record).html, environment(run, record).html])])
      return
    }
    let flags = runs.map { $0.record?.flags.all ?? [:] }
    let names = Set(flags.flatMap(\.keys)).sorted()
    let differing = names.filter { name in Set(flags.map { $0[name] ?? "" }).count > 1 }
    var table = PageTable(["flag"] + runs.map(\.name))
    for name in differing { table.add([.init("--\(name)")] + flags.map { .init($0[name] ?? "") }) }
    table.add([.init("seed")] + runs.map { .init($0.record.map { "\($0.seed)" } ?? "") })
    table.add([.init("parameters")] + runs.map { $0.record.map { .init(ShownNumber.count($0.parameters)) } ?? "" })
    page.section("What differs", [table.html])
  }

  private static func rows(_ record: RunRecord) -> [(name: String, number: ShownNumber)] {
    guard let results = record.results else { return [] }
    let set = record.evaluatedSet.rawValue
    let key = { (name: String) in "run:results/\(name)" }
    var rows: [(String, ShownNumber)] = []
    if let value = results.accuracy { rows.append(("\(set) accuracy", .percent(value, key: key("accuracy")))) }
    if let value = results.loss { rows.append(("\(set) loss", ShownNumber(value, key: key("loss")))) }
    if let value = results.perplexity { rows.append(("perplexity", ShownNumber(value, key: key("perplexity")))) }
    if let value = results.bitsPerCharacter {
      rows.append(("bits per character", ShownNumber(value, key: key("bitsPerCharacter"))))
    }
    if let value = results.meanAbsoluteError {
      rows.append(("mean absolute error", ShownNumber(value, key: key("meanAbsoluteError"))))
    }
    if let value = results.rootMeanSquaredError {
      rows.append(("root mean squared error", ShownNumber(value, key: key("rootMeanSquaredError"))))
    }
    if let value = results.r2 { rows.append(("R²", ShownNumber(value, key: key("r2")))) }
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

  private static func ending(_ record: RunRecord) -> String {
    switch record.results?.ending {
    case TrainingResult.Ending.converged.rawValue?: "Training ended early, as the loss stopped falling."
    case TrainingResult.Ending.interrupted.rawValue?: "Training was interrupted and can be resumed."
    default: ""
    }
  }

  private static func flags(_ record: RunRecord) -> PageTable {
    var table = PageTable(["flag", "value"])
    for (name, value) in record.flags.all.sorted(by: { $0.key < $1.key }) {
      table.add([.init("--\(name)"), .init(value)])
    }
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
