import Backprop

/// What a classifier confuses, class by class, and whether its probabilities can be trusted.
enum ClassesSection {
  static func add(to page: inout Page, _ run: ReportedRun) {
    guard let counts = run.confusionMatrix, counts.count > 1 else { return }
    let name = { (label: Int) in run.classNames.indices.contains(label) ? run.classNames[label] : "\(label)" }
    var table = PageTable(["class", "precision", "recall", "F1", "examples"])
    for label in counts.indices {
      let right = Double(counts[label][label])
      let truth = counts[label].reduce(0, +)
      let predicted = counts.reduce(0) { $0 + $1[label] }
      let precision = predicted > 0 ? right / Double(predicted) : 0
      let recall = truth > 0 ? right / Double(truth) : 0
      let f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
      table.add([
        .init(name(label)), .bar(precision), .bar(recall),
        .init(ShownNumber(f1, text: ShownNumber.fixed(f1, places: 4))),
        .init(ShownNumber.count(truth)),
      ])
    }
    let set = run.record?.evaluatedSet ?? .test
    let matrix = MatrixChart(
      "Confusion matrix", note: "\(set.rawValue) set", counts: counts, names: counts.indices.map(name))
    page.section(
      "Classes",
      note: """
        Of what the network calls a class, precision is the share that is of it; of what is of a class, recall is the \
        share that it finds.
        """, [.grid([matrix.html, "<div>\(table.html)</div>"])])
    guard case .classifier(let examination, let maps)? = run.examination else { return }
    addCalibration(to: &page, examination.calibration, set)
    addMistakes(to: &page, examination, set, name)
    if let maps { AttentionSection.add(to: &page, maps) }
  }

  private static func addCalibration(to page: inout Page, _ calibration: ExpectedCalibrationError, _ set: EvaluatedSet)
  {
    let bins = calibration.bins
    let edges = (0...bins.count).map { Double($0) / Double(max(bins.count, 1)) }
    let chart = BarChart(
      "Reliability", note: "bars: share that was right; marks: mean probability",
      x: "probability of the predicted class",
      over: .edges(edges), [("accuracy", bins.map(\.accuracy))],
      reference: bins.map { $0.weight > 0 ? $0.meanConfidence : .nan }, top: 1)
    let counts = BarChart(
      "How sure it is", note: "\(set.rawValue) examples by the probability of the predicted class",
      x: "probability of the predicted class", over: .edges(edges), [("examples", bins.map(\.weight))])
    page.section(
      "Calibration",
      note: """
        Where bars end below their marks, the network is surer than it should be. Expected calibration error: \
        \(ShownNumber.percent((try? calibration.value) ?? 0)) (Guo et al., 2017, \(bins.count) ranges).
        """, [.grid([chart.html, counts.html])])
  }

  private static func addMistakes(
    to page: inout Page, _ examination: ClassifierExamination, _ set: EvaluatedSet, _ name: (Int) -> String
  ) {
    let pictures = pictures(ofMistakes: examination, name)
    guard !pictures.isEmpty else { return }
    page.section(
      "Worst mistakes",
      note: """
        Of \(ShownNumber.count(examination.count)) \(set.rawValue) examples \(ShownNumber.count(examination.mistakeCount)) are wrong; \
        these have the lowest probability for what they are. First what the network says, then what it is.
        """, [PagePicture.grid(pictures, width: 104)])
  }

  /// What was taken for something else, with captions.
  static func pictures(ofMistakes examination: ClassifierExamination, _ name: (Int) -> String) -> [PagePicture] {
    examination.worstMistakes.compactMap { mistake in
      let (truth, said) = (name(mistake.truth), name(mistake.prediction))
      return PagePicture(
        mistake.pixels, channels: examination.channels, height: examination.height, width: examination.width,
        range: 0...1, alternative: "example \(mistake.index): \(truth)",
        caption: """
          \(said) <b>\(ShownNumber.percent(mistake.confidence))</b><br>is \(truth) \
          \(ShownNumber.percent(mistake.truthProbability))
          """)
    }
  }
}
