import Backprop

/// A line of `metrics.jsonl`: a logged step, or an evaluation. `docs/architecture.md` describes its keys.
struct MetricsLine: Codable {
  /// What was measured of a layer in a step.
  struct Layer: Codable {
    var name: String
    var gradientNorm: Double
    var updateRatio: Double?
  }

  /// How many values are in each of several ranges of equal width, from the least to the greatest value.
  struct Histogram: Codable {
    var name: String
    var low: Double
    var high: Double
    var counts: [Int]
  }

  var step: Int
  var epoch: Int
  var loss: Double?
  var accuracy: Double?
  /// Over the steps since the previous evaluation.
  var meanLoss: Double?
  var meanAccuracy: Double?
  var learningRate: Double?
  var gradientNorm: Double?
  var examplesPerSecond: Double
  var testLoss: Double?
  var testAccuracy: Double?
  var validationLoss: Double?
  var validationAccuracy: Double?
  var testPerplexity: Double?
  var testBitsPerCharacter: Double?
  var testMeanAbsoluteError: Double?
  var testRootMeanSquaredError: Double?
  var testR2: Double?
  var validationPerplexity: Double?
  var validationBitsPerCharacter: Double?
  var validationMeanAbsoluteError: Double?
  var validationRootMeanSquaredError: Double?
  var validationR2: Double?
  /// Other metrics of a task by name.
  var testMetrics: [String: Double]?
  var validationMetrics: [String: Double]?
  /// Text that a language model wrote then, in some 20 of all evaluations.
  var sample: String?
  /// In some 40 of all steps, in the model's order.
  var layers: [Layer]?
  /// In some 25 of all steps: of parameters, in the model's order, and of layers' outputs for a few examples.
  var weights: [Histogram]?
  var activations: [Histogram]?

  /// The line of a logged step; `nil` for others, whose gradient norm was not measured.
  init?(_ report: StepReport) {
    guard let gradientNorm = report.gradientNorm else { return nil }
    (step, epoch, examplesPerSecond) = (report.step, report.epoch, report.examplesPerSecond)
    (loss, accuracy) = (report.loss, report.accuracy)
    (learningRate, self.gradientNorm) = (report.learningRate, gradientNorm)
  }

  /// The line of an evaluation on that set.
  init(_ report: EvaluationReport, of set: EvaluatedSet) {
    (step, epoch, examplesPerSecond) = (report.step, report.epoch, report.examplesPerSecond)
    (meanLoss, meanAccuracy) = (report.loss, report.accuracy)
    let loss = report.evaluation?.loss
    switch (report.evaluation, set) {
    case (.classification(let result), .test): testAccuracy = result.accuracy
    case (.classification(let result), .validation): validationAccuracy = result.accuracy
    case (.language(let result), .test):
      (testPerplexity, testBitsPerCharacter) = (result.perplexity, result.bitsPerCharacter)
    case (.language(let result), .validation):
      (validationPerplexity, validationBitsPerCharacter) = (result.perplexity, result.bitsPerCharacter)
    case (.regression(let result), .test):
      (testMeanAbsoluteError, testR2) = (result.meanAbsoluteError, result.r2)
      testRootMeanSquaredError = result.rootMeanSquaredError
    case (.regression(let result), .validation):
      (validationMeanAbsoluteError, validationR2) = (result.meanAbsoluteError, result.r2)
      validationRootMeanSquaredError = result.rootMeanSquaredError
    case (.metrics(let result), .test): testMetrics = result.metrics
    case (.metrics(let result), .validation): validationMetrics = result.metrics
    case (nil, _): break
    }
    if set == .test { testLoss = loss } else { validationLoss = loss }
  }

  mutating func add(_ statistics: [LayerStatistics]) {
    layers = statistics.map { Layer(name: $0.name, gradientNorm: $0.gradientNorm, updateRatio: $0.updateRatio) }
  }

  mutating func add(_ histograms: LayerHistograms) {
    weights = histograms.weights.map(Histogram.init)
    activations = histograms.activations.map(Histogram.init)
  }

  /// Whether it is of an evaluation and not of a step.
  var isEvaluation: Bool { meanLoss != nil }

  /// Its numbers by the names that TensorBoard shows.
  var scalars: [(tag: String, value: Double)] {
    let named: [(String, Double?)] = [
      ("loss/step", loss), ("loss/training", meanLoss), ("loss/test", testLoss), ("accuracy/step", accuracy),
      ("accuracy/training", meanAccuracy), ("accuracy/test", testAccuracy), ("loss/validation", validationLoss),
      ("accuracy/validation", validationAccuracy), ("test/meanAbsoluteError", testMeanAbsoluteError),
      ("test/rootMeanSquaredError", testRootMeanSquaredError), ("test/r2", testR2), ("test/perplexity", testPerplexity),
      ("test/bitsPerCharacter", testBitsPerCharacter), ("validation/meanAbsoluteError", validationMeanAbsoluteError),
      ("validation/rootMeanSquaredError", validationRootMeanSquaredError), ("validation/r2", validationR2),
      ("validation/perplexity", validationPerplexity), ("validation/bitsPerCharacter", validationBitsPerCharacter),
      ("training/learningRate", learningRate),
      ("training/gradientNorm", gradientNorm), ("training/examplesPerSecond", isEvaluation ? nil : examplesPerSecond),
    ]
    return named.compactMap { tag, value in value.map { (tag, $0) } }
      + (testMetrics ?? [:]).sorted { $0.key < $1.key }.map { ("test/\($0.key)", $0.value) }
      + (validationMetrics ?? [:]).sorted { $0.key < $1.key }.map { ("validation/\($0.key)", $0.value) }
      + (layers ?? []).map { ("gradientNorm/\($0.name)", $0.gradientNorm) }
      + (layers ?? []).compactMap { layer in layer.updateRatio.map { ("updateRatio/\(layer.name)", $0) } }
  }
}

extension MetricsLine.Histogram {
  fileprivate init(_ named: (name: String, histogram: HistogramChart.Histogram)) {
    self.init(
      name: named.name, low: named.histogram.low, high: named.histogram.high, counts: named.histogram.counts)
  }

  var chart: HistogramChart.Histogram { HistogramChart.Histogram(low: low, high: high, counts: counts) }
}
