import Backprop

/// What a classifier confuses, class by class, and whether its probabilities can be trusted.
enum ClassesSection {
  static func add(to page: inout Page, _ run: ReportedRun) {
    guard let counts = run.confusionMatrix, counts.count > 1 else { return }
    let name = { (label: Int) in run.classNames.indices.contains(label) ? run.classNames[label] : "\(label)" }
    let set = run.own?.set ?? run.record?.evaluatedSet ?? .test
    let step = (run.own?.step ?? run.evaluatedStep).map { ", after step \(ShownNumber.grouped($0))" } ?? ""
    let matrix = MatrixChart(
      "Confusion matrix", note: "\(set.rawValue) set\(step)", counts: counts, names: counts.indices.map(name))
    page.section(
      "Classes",
      note: """
        Of what the network calls a class, precision is the share that is of it; of what is of a class, recall is the \
        share that it finds.
        """, [.pair(matrix.html, table(counts, MatrixChart.labels(counts.indices.map(name))))])
    switch run.examination {
    case .classifier(let examination, let maps)?:
      addCalibration(to: &page, examination.calibration, set)
      addMistakes(to: &page, examination, set, name)
      if let maps { AttentionSection.add(to: &page, maps) }
    case .table(let examination)?:
      if let calibration = examination.calibration { addCalibration(to: &page, calibration, set) }
    case .language?, nil: break
    }
  }

  /// From so many classes on, those that are recognized worst stand apart.
  private static let many = 40

  /// Precision, recall and F1 of each class; of many classes first the worst ones.
  private static func table(_ counts: [[Int]], _ names: [String]) -> HTML {
    let classes = counts.indices.map { label in
      let right = Double(counts[label][label])
      let truth = counts[label].reduce(0, +)
      let predicted = counts.reduce(0) { $0 + $1[label] }
      let precision = predicted > 0 ? right / Double(predicted) : 0
      let recall = truth > 0 ? right / Double(truth) : 0
      let f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
      return (label: label, precision: precision, recall: recall, f1: f1, truth: truth)
    }
    func html(_ labels: [Int]) -> HTML {
      var table = PageTable(["class", "precision", "recall", "F1", "examples"])
      for one in labels.map({ classes[$0] }) {
        table.add([
          .init(names[one.label]), .bar(one.precision), .bar(one.recall),
          .init(ShownNumber(one.f1, text: ShownNumber.fixed(one.f1, places: 4))), .init(ShownNumber.count(one.truth)),
        ])
      }
      return table.html
    }
    guard counts.count > many else { return html(Array(counts.indices)) }
    // Classes without an example say nothing.
    let worst = classes.filter { $0.truth > 0 }.sorted { ($0.f1, $0.label) < ($1.f1, $1.label) }.prefix(many / 2)
    return "\(HTML.heading("The \(worst.count) with the lowest F1"))\(html(worst.map(\.label)))"
      + HTML.details("all \(ShownNumber.grouped(counts.count)) classes", html(Array(counts.indices)))
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
        """, [PagePicture.grid(pictures, width: 128)])
  }

  /// What was taken for something else, with captions.
  static func pictures(ofMistakes examination: ClassifierExamination, _ name: (Int) -> String) -> [PagePicture] {
    examination.worstMistakes.compactMap { mistake in
      let (truth, said) = (name(mistake.truth), name(mistake.prediction))
      return PagePicture(
        mistake.pixels, channels: examination.channels, height: examination.height, width: examination.width,
        range: 0...1, alternative: "example \(mistake.index): \(truth)",
        caption: """
          says <b>\(said)</b>, \(ShownNumber.percent(mistake.confidence))<br>is <b>\(truth)</b>, \
          \(ShownNumber.percent(mistake.truthProbability))
          """)
    }
  }
}
