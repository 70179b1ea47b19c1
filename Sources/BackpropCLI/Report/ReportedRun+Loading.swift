import Backprop

extension ReportedRun {
  /// The run in a folder. With `examining`, its network is loaded and looks at its data again; where that cannot be, the
  /// report says why.
  ///
  /// Throws a `RequestError` where the folder holds no run, or a file of it cannot be read.
  init(_ run: Run, examining: Bool) throws {
    guard let record = try run.readRecord() else {
      throw RequestError(
        "\(run.path) holds no run.json, so there is no run to report on; 'backprop train image --output \(run.path)' makes one"
      )
    }
    self.init(
      name: run.name, path: run.path, record: record, lines: try MetricsLog.lines(of: run),
      confusionMatrix: record.results?.confusionMatrix)
    guard examining else {
      // What several runs differ in; the weights need not be read for that.
      if record.kind == .image { input = (try? ModelDescription.read(from: run.path))?.input }
      return
    }
    guard record.results != nil else { return }
    do {
      let source = try ReportSource(run, record)
      layers = try source.layers()
      (classNames, filters) = (source.classNames, source.filters())
      guard let examination = try source.examine() else { throw ReportSource.noExamples }
      examinedSet = source.set
      try compare(examination, with: record)
      self.examination = examination
    } catch {
      (own, confusionMatrix) = (nil, record.results?.confusionMatrix)
      note = "There are no examples on this page: \(error)"
    }
  }
}

extension ReportedRun {
  /// The numbers of one page are of the same examples and the same weights: where the record has an evaluation of these,
  /// that must be what was found; where it has none, since training was interrupted after a later step or before the first
  /// evaluation of this set, what was found takes its place.
  ///
  /// Throws a `RequestError` where data or weights have changed.
  private mutating func compare(_ examination: Examination, with record: RunRecord) throws {
    guard let results = record.results else { return }
    let set = examinedSet ?? record.evaluatedSet
    let isInterrupted = results.ending == TrainingResult.Ending.interrupted.rawValue
    let changed = { (found: String, before: String) in
      RequestError(
        "the network has \(found) of its examples right now and had \(before) in the last evaluation of its training, so its "
          + "weights or the data have changed")
    }
    switch (examination, examination.confusionMatrix) {
    case (_, let found?):
      if set == record.evaluatedSet, let counts = results.confusionMatrix {
        guard found.map({ $0.reduce(0, +) }) == counts.map({ $0.reduce(0, +) }) else {
          throw RequestError("the data are not those that the run was evaluated on")
        }
        let (now, before) = (Self.right(found), Self.right(counts))
        if found == counts || !isInterrupted && now == before { return }
        guard isInterrupted else { throw changed(now.grouped, before.grouped) }
      }
      confusionMatrix = found
      let total = found.joined().reduce(0, +)
      own = OwnEvaluation(
        set: set, step: results.steps, accuracy: total > 0 ? Double(Self.right(found)) / Double(total) : nil)
    case (.table(let table), nil):
      guard let found = table.meanAbsoluteError else { return }
      if set == record.evaluatedSet, let before = results.meanAbsoluteError {
        // With another number of threads, sums differ in their last bits.
        if (found - before).magnitude <= 1e-3 * before.magnitude { return }
        guard isInterrupted else {
          throw RequestError(
            "the mean absolute error is \(found.significant(4)) now and was \(before.significant(4)) in the last evaluation of "
              + "the training, so the weights or the data have changed")
        }
      }
      own = OwnEvaluation(set: set, step: results.steps, meanAbsoluteError: found)
    default: return
    }
  }

  private static func right(_ counts: [[Int]]) -> Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }
}

extension ReportSource {
  /// Of a saved run and the data it was trained on.
  fileprivate init(_ run: Run, _ record: RunRecord) throws {
    switch record.kind {
    case .image:
      let (description, network) = try run.loadModel()
      // Read when it is needed, and once.
      lazy var test = Result {
        let dataset = try openData(nil, for: run, description)
        guard dataset.imageShape == description.inputShape else {
          throw RequestError(
            "\(dataset.name) has images of \(dataset.imageShape), but the network takes \(description.inputShape)")
        }
        return dataset.test
      }
      self = .images(
        network, description, on: { try test.get() }, classNames: description.classNames,
        example: { try ImageTask(network, on: try test.get()).example() })
      set = .test
    case .table:
      let (description, network, preparation) = try run.loadTableModel()
      self = .table(
        network, description, preparation,
        on: {
          guard let name = try run.dataName(), let validation = try run.validation() else {
            throw RequestError("\(run.path) does not say what it was trained on")
          }
          return try TrainingTable.validationRows(of: name, validation, record, preparation)
        })
      set = .validation
    case .text:
      let (description, network) = try run.loadLanguageModel()
      let tokenizer = try run.loadTokenizer(for: description)
      self = .text(network, description, on: try openText(nil, for: run, tokenizer).text, tokenizer)
    }
  }
}
