import Backprop

/// A run as a report shows it.
struct ReportedRun {
  /// What tells it apart from the others on the page.
  var name: String
  var path: String
  var record: RunRecord?
  var lines: [MetricsLine]
  /// The network's layers in the order of execution; empty where they are not known.
  var layers: [LayerTrace] = []
  var classNames: [String] = []
  /// What the first layer looks for, in images.
  var filters: FirstLayerFilters?
  /// The last evaluation's counts.
  var confusionMatrix: [[Int]]?
  /// What the trained network says about examples; `nil` while it is trained.
  var examination: Examination?
  /// Why there is no examination, where that is to be said.
  var note: String?

  /// What its loss is in.
  var lossUnit: String {
    let isRegression = lines.contains {
      ($0.validationRootMeanSquaredError ?? $0.testRootMeanSquaredError) != nil
    }
    return isRegression ? "squared standard deviations" : "nats"
  }

  /// The points of a curve: each line that has the number.
  func points(_ value: (MetricsLine) -> Double?) -> [LineChart.Point] {
    lines.compactMap { line in value(line).map { LineChart.Point(x: Double(line.step), y: $0) } }
  }

  /// The order in which the model's layers or parameters stand in lines.
  func names(_ list: (MetricsLine) -> [String]?) -> [String] {
    lines.last { list($0) != nil }.flatMap(list) ?? []
  }
}

/// What a trained network says about examples of data that it was not trained on.
enum Examination {
  case classifier(ClassifierExamination, AttentionMaps?)
  case language(LanguageExamination, AttentionMaps?)
}
