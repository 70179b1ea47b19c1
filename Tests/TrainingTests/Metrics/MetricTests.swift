import Foundation
import Tensors
import Testing

@testable import Training

/// Metrics against scikit-learn and sacrebleu (`tools/make_metric_fixtures.py`), in batches of several sizes.
@Suite struct MetricTests {
  struct Fixture: Decodable {
    struct Classification: Decodable, Sendable, CustomTestStringConvertible {
      var name: String
      var classes: Int
      var probabilities: [Double]
      var labels: [Int]
      var weights: [Double]?
      var expected: Expected
      var testDescription: String { name }

      func batch(_ rows: Range<Int>) throws -> ClassificationBatch {
        try ClassificationBatch(
          probabilities: Array(probabilities[rows.lowerBound * classes..<rows.upperBound * classes]),
          classes: classes, labels: Array(labels[rows]), weights: weights.map { Array($0[rows]) })
      }
    }

    /// Values by the name of the metric, and the confusion matrix.
    struct Expected: Decodable, Sendable {
      var values: [String: Double?]
      var confusionMatrix: [[Int]]

      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        confusionMatrix = try container.decode([[Int]].self, forKey: Key(stringValue: "confusionMatrix"))
        values = [:]
        for key in container.allKeys where key.stringValue != "confusionMatrix" {
          values[key.stringValue] = .some(try container.decode(Double?.self, forKey: key))
        }
      }

      struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
      }
    }

    struct Regression: Decodable, Sendable, CustomTestStringConvertible {
      var name: String
      var predictions: [Double]
      var targets: [Double]
      var weights: [Double]?
      var expected: [String: Double?]
      var testDescription: String { name }
    }

    struct Translation: Decodable, Sendable, CustomTestStringConvertible {
      var name: String
      var candidates: [String]
      var references: [[String]]
      var expected: Double
      var testDescription: String { name }
    }

    var classification: [Classification]
    var regression: [Regression]
    var bleu: [Translation]
  }

  static let fixture: Fixture = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fixtures/Metrics/metrics.json")
    do { return try JSONDecoder().decode(Fixture.self, from: try Data(contentsOf: file)) } catch {
      fatalError("\(file.path): \(error)")
    }
  }()

  static func metric(_ key: String) throws -> any Metric<ClassificationBatch> {
    let parts = key.split(separator: ".").map(String.init)
    let average: ClassAverage =
      switch parts.last {
      case "macro": .macro
      case "micro": .micro
      default: .weighted
      }
    switch parts[0] {
    case "accuracy": return Accuracy()
    case "top2": return try TopKAccuracy(2)
    case "calibrationError": return try ExpectedCalibrationError()
    case "precision": return Precision(average)
    case "recall": return Recall(average)
    case "f1": return F1(average)
    case "jaccard": return JaccardIndex(average)
    case "roc": return try ROCAUC(average)
    case "pr": return try AveragePrecision(average)
    default: throw TrainingError("there is no metric for \(key)")
    }
  }

  private static func near(_ value: Double, _ expected: Double) -> Bool {
    abs(value - expected) <= 1e-12 * max(abs(expected), 1)
  }

  @Test(arguments: fixture.classification, [1, 7, 1000])
  func classificationIsAsInScikitLearn(_ sample: Fixture.Classification, batchSize: Int) throws {
    let keys = sample.expected.values.keys.filter { $0 != "perplexity" }.sorted()
    #expect(keys.count == 19)
    var metrics = try keys.map(Self.metric)
    var matrix = try ConfusionMatrix(classes: 0)
    for start in stride(from: 0, to: sample.labels.count, by: batchSize) {
      let batch = try sample.batch(start..<min(start + batchSize, sample.labels.count))
      for index in metrics.indices { try metrics[index].update(batch) }
      if sample.weights == nil { try matrix.update(batch) }
    }
    for (key, metric) in zip(keys, metrics) {
      guard let expected = sample.expected.values[key] ?? nil else {
        #expect(throws: TrainingError.self, "\(key)") { try metric.value }
        continue
      }
      let value = try metric.value
      #expect(Self.near(value, expected), "\(key): \(value), not \(expected)")
    }
    if sample.weights == nil {
      #expect(matrix.counts == sample.expected.confusionMatrix)
      #expect(try matrix.value == (sample.expected.values["accuracy"] ?? nil))
      #expect(Self.near(matrix.f1(.macro), try #require(sample.expected.values["f1.macro"] ?? nil)))
    }
  }

  @Test(arguments: fixture.classification.filter { $0.expected.values["perplexity"] != nil })
  func perplexityIsAsInScikitLearn(_ sample: Fixture.Classification) throws {
    var metric = Perplexity()
    for (index, label) in sample.labels.enumerated() {
      let probability = sample.probabilities[index * sample.classes + label]
      try metric.update(
        TokenLosses(nats: [-log(probability)], weights: sample.weights.map { [$0[index]] }))
    }
    let expected = try #require(sample.expected.values["perplexity"] ?? nil)
    #expect(Self.near(try metric.value, expected))
  }

  @Test(arguments: fixture.regression, [1, 4, 1000])
  func regressionIsAsInScikitLearn(_ sample: Fixture.Regression, batchSize: Int) throws {
    var metrics: [String: any Metric<RegressionBatch>] = [
      "mae": MeanAbsoluteError(), "mse": MeanSquaredError(), "rmse": RootMeanSquaredError(), "r2": R2(),
    ]
    for start in stride(from: 0, to: sample.targets.count, by: batchSize) {
      let rows = start..<min(start + batchSize, sample.targets.count)
      let batch = try RegressionBatch(
        predictions: Array(sample.predictions[rows]), targets: Array(sample.targets[rows]),
        weights: sample.weights.map { Array($0[rows]) })
      for key in metrics.keys { try metrics[key]?.update(batch) }
    }
    for (key, metric) in metrics {
      guard let expected = sample.expected[key] ?? nil else {
        #expect(throws: TrainingError.self, "\(key)") { try metric.value }
        continue
      }
      let value = try metric.value
      #expect(Self.near(value, expected), "\(key): \(value), not \(expected)")
    }
  }

  @Test(arguments: fixture.bleu, [1, 3, 1000])
  func bleuIsAsInSacreBLEU(_ sample: Fixture.Translation, batchSize: Int) throws {
    let words = { (text: String) in text.split(separator: " ").map(String.init) }
    var metric = BLEU<String>()
    for start in stride(from: 0, to: sample.candidates.count, by: batchSize) {
      let rows = start..<min(start + batchSize, sample.candidates.count)
      try metric.update(
        TranslationBatch(
          candidates: sample.candidates[rows].map(words), references: sample.references[rows].map { $0.map(words) }))
    }
    let value = try metric.value
    #expect(Self.near(value, sample.expected), "\(value), not \(sample.expected)")
  }
}
