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
    guard examining, record.results != nil else { return }
    do {
      let source = try ReportSource(run, record)
      layers = try source.layers()
      (classNames, filters) = (source.classNames, source.filters())
      let examination = try source.examine()
      if case .classifier(let found, _)? = examination, let counts = confusionMatrix {
        let right = counts.indices.reduce(0) { $0 + counts[$1][$1] }
        // The numbers of one page are of the same examples.
        guard found.count == counts.joined().reduce(0, +), found.count - found.mistakeCount == right else {
          throw RequestError("the data are not those that the run was evaluated on")
        }
      }
      self.examination = examination
    } catch {
      note = "There are no examples on this page: \(error)"
    }
  }
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
    case .table:
      let (description, network, preparation) = try run.loadTableModel()
      self = .table(network, description, classNames: preparation.target.classNames)
    case .text:
      let (description, network) = try run.loadLanguageModel()
      let tokenizer = try run.loadTokenizer(for: description)
      self = .text(network, description, on: try openText(nil, for: run, tokenizer).text, tokenizer)
    }
  }
}
