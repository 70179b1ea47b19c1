import ArgumentParser
import Backprop

struct TrainTableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "Trains a network that predicts a column of a table from the others.",
    discussion: """
      backprop train table --data houses.csv --target price
      backprop train table --data flowers.csv --target species --validation test.csv --output runs/flowers
      backprop train table --data sales.csv --target total --ignore note --include day --missing tbd
      """)

  @Option(help: "A CSV file with a header; separated by commas, semicolons, tabs or vertical bars.")
  var data: String?

  @Option(help: "The column to predict.")
  var target: String?

  @Option(
    help: """
      \(TableGoal.allCases.map(\.rawValue).joined(separator: " or ")) (default: classification for text and for at most \
      10 different integers, else regression).
      """)
  var task: String?

  @Option(help: "\(TableModelDescription.kindNames.joined(separator: ", ")) (default: mlp).")
  var model: String?

  @Option(parsing: .unconditional, help: "The width of the hidden layers (default: 128).")
  var width: Int?

  @Option(parsing: .unconditional, help: "Hidden layers (default: 1, 2 from 2,000 rows on).")
  var layers: Int?

  @Option(parsing: .unconditional, help: "The rate of dropout in training (default: 0.2).")
  var dropout: Double?

  @OptionGroup(title: "Columns") var reading: TableReadingOptions
  @OptionGroup(title: "Training") var training: TrainingOptions
  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      try requirePath(data, "--data")
      try requirePath(target, "--target")
      try require(width, "--width", in: 1...65_536)
      try require(layers, "--layers", in: 0...64)
      try require(dropout, "--dropout", "at least 0 and below 1") { $0 >= 0 && Float($0) < 1 }
      if let task, TableGoal(rawValue: task) == nil {
        throw RequestError.unknown("task", task, known: TableGoal.allCases.map(\.rawValue))
      }
      if let model, TableModelDescription.Kind(rawValue: model) == nil {
        throw RequestError.unknown("model", model, known: TableModelDescription.kindNames)
      }
    }
  }

  mutating func run() throws {
    var session = try TrainingSession(.table, training, common)
    try session.resolved.resolve("data", &data)
    try session.resolved.resolve("target", &target)
    guard data != nil, target != nil else {
      throw RequestError("name the table with --data FILE.csv and the column to predict with --target COLUMN")
    }
    try session.resolved.resolve("task", &task)
    try session.resolved.resolve("model", &model, default: TableModelDescription.Kind.mlp.rawValue)
    let reading = try reading.resolve(&session.resolved)
    try training.resolveValidation(&session.resolved, default: Self.validationShare)
    let table = try RequestError.whenFailing {
      try TrainingTable(
        session.place(of: data ?? ""), target: target ?? "", goal: task.flatMap(TableGoal.init), reading: reading,
        validation: session.place(of: training.validation ?? ""), seed: session.seed, allowsPipes: !training.resume)
    }
    try RequestError.whenFailing {
      try session.checkUnchanged(table.digests.data, at: data ?? "")
      try table.digests.validation.map { try session.checkUnchanged(validation: $0, at: training.validation ?? "") }
    }
    let rows = table.train.count
    let network = TableModelDescription(for: table)
    try session.resolved.resolve("width", &width, default: network.hidden.first)
    try session.resolved.resolve("layers", &layers, default: network.hidden.count)
    try session.resolved.resolve("dropout", &dropout, default: Self.dropout)
    try training.resolve(&session.resolved, default: .table(rows: rows))
    if !training.quiet { table.survey.forEach(Console.log) }
    try Random.$current.withValue(Random(seed: session.seed)) { try train(session, table) }
  }

  /// The default share of the rows that are for validation, and the default rate of dropout.
  static let (validationShare, dropout) = ("0.2", 0.2)

  private func train(_ session: TrainingSession, _ data: TrainingTable) throws {
    let preparation = data.preparation
    var description = TableModelDescription(for: data)
    description.hidden = Array(repeating: width ?? 0, count: layers ?? 0)
    description.dropout = Float(dropout ?? 0)
    try session.checkCheckpoint(description)
    let network = try RequestError.whenFailing { try description.makeModel() }
    let optimizer = try training.makeOptimizer(for: network)
    let task = try RequestError.whenFailing {
      try TableTask(
        network, on: data.train, evaluatingOn: data.validation, batchSize: training.batchSize ?? 0, seed: session.seed,
        over: session.processes)
    }
    var session = session
    try session.findRate(task, with: optimizer)
    let outcome = try session.train(
      task, with: optimizer, by: training.makeTrainer(),
      callbacks: training.makeCallbacks(hasValidation: data.validation != nil),
      name: "table-\(description.kindName)-\(data.shortName)",
      summary: "\(description.kindName) with \(parameterCount(of: network).grouped) parameters on \(data.shortName): "
        + "\("row".counted(data.train.count)) to train, \((data.validation?.count ?? 0).grouped) for validation; "
        + Engine.description, unit: "rows", evaluatedSet: .validation, digests: data.digests,
      reporting: .table(network, description, preparation, on: { data.validationRows })
    ) { run in
      try run.save(network, description)
      try run.save(preparation)
    }
    try outcome.report(asJSON: common.json, unit: "rows", classNames: preparation.target.classNames)
  }
}

extension TableModelDescription {
  /// The default network for a table.
  init(for table: TrainingTable) {
    self.init(
      numbers: table.preparation.numberCount, codeCounts: table.preparation.codeCounts,
      outputs: table.preparation.outputCount,
      hidden: Array(repeating: 128, count: table.train.count < TrainingOptions.Defaults.fewRows ? 1 : 2),
      dropout: Float(TrainTableCommand.dropout))
  }
}

extension TrainingOptions.Defaults {
  /// Below this many rows to train on, networks are small and regularized strongly.
  fileprivate static let fewRows = 2000

  /// The defaults for a table with so many rows to train on. Those for few were chosen on the tables of
  /// `scripts/check-tables`.
  fileprivate static func table(rows: Int) -> TrainingOptions.Defaults {
    let areFew = rows < fewRows
    var defaults = TrainingOptions.Defaults(
      epochs: areFew ? 200 : 50, batchSize: areFew ? 32 : 256, optimizer: "adamw", learningRate: areFew ? 3e-3 : 1e-3)
    if areFew { defaults.weightDecay = 1 }
    defaults.patience = areFew ? 40 : 10
    return defaults
  }
}
