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
  /// The images that its network takes; `nil` for others, and where that is not known.
  var input: String?
  /// What the first layer looks for, in images.
  var filters: FirstLayerFilters?
  /// The last evaluation's counts, or those of `own`.
  var confusionMatrix: [[Int]]?
  /// What the saved weights give, where the record has no evaluation of them.
  var own: OwnEvaluation?
  /// What the trained network says about examples; `nil` while it is trained.
  var examination: Examination?
  /// What it is of; `nil`: of the same set as the record's results.
  var examinedSet: EvaluatedSet?
  /// Why there is no examination, where that is to be said.
  var note: String?

  /// An evaluation that was made for the report.
  struct OwnEvaluation {
    var set: EvaluatedSet
    /// The step after which the weights were saved.
    var step: Int
    var accuracy: Double?
    var meanAbsoluteError: Double?
  }

  /// The step after which the results in the record were evaluated, where training was interrupted after a later one.
  var evaluatedStep: Int? {
    guard let results = record?.results, results.ending == TrainingResult.Ending.interrupted.rawValue,
      let loss = results.loss
    else { return nil }
    let step = lines.last { ($0.testLoss ?? $0.validationLoss) == loss }?.step
    return step == results.steps ? nil : step
  }

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
  case table(TableExamination)
  case language(LanguageExamination, AttentionMaps?)

  /// What it took each class for, where there are classes.
  var confusionMatrix: [[Int]]? {
    switch self {
    case .classifier(let examination, _): examination.confusionMatrix.counts
    case .table(let examination): examination.confusionMatrix?.counts
    case .language: nil
    }
  }
}
