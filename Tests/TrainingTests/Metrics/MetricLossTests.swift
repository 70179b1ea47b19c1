import Foundation
import Testing

@testable import Training

/// Means of losses, correlations and points of curves against Keras, scikit-learn and SciPy
/// (`tools/make_metric_fixtures.py`), in batches of several sizes.
@Suite struct MetricLossTests {
  struct Fixture: Decodable {
    struct Sample: Decodable, Sendable, CustomTestStringConvertible {
      var name: String
      var predictions: [Double]
      var targets: [Double]
      var size: Int?
      var weights: [Double]?
      var expected: [String: Double]
      var testDescription: String { name }
    }
    struct Classification: Decodable, Sendable, CustomTestStringConvertible {
      var name: String
      var classes: Int
      var probabilities: [Double]
      var labels: [Int]
      var weights: [Double]?
      var expected: [String: Double]
      var testDescription: String { name }
    }

    var bound: Double
    var regression: [Sample]
    var vectors: [Sample]
    var classification: [Classification]
  }

  static let fixture: Fixture = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fixtures/Metrics/losses.json")
    do { return try JSONDecoder().decode(Fixture.self, from: try Data(contentsOf: file)) } catch {
      fatalError("\(file.path): \(error)")
    }
  }()

  private static let regression: [String: any Metric<RegressionBatch>] = [
    "absolutePercentage": MeanLoss.absolutePercentage, "squaredLogarithmic": MeanLoss.squaredLogarithmic,
    "logCosh": MeanLoss.logCosh, "poisson": MeanLoss.poisson, "hinge": MeanLoss.hinge,
    "squaredHinge": MeanLoss.squaredHinge, "pearson": PearsonCorrelation(), "concordance": ConcordanceCorrelation(),
  ]
  private static let vectors: [String: any Metric<VectorBatch>] = ["cosine": CosineSimilarity(), "kl": KLDivergence()]

  private static func classification(_ key: String) throws -> any Metric<ClassificationBatch> {
    let average: ClassAverage = key.hasSuffix("macro") ? .macro : key.hasSuffix("micro") ? .micro : .weighted
    func point(_ measure: OperatingPoint.Measure, _ bounded: OperatingPoint.Measure) throws -> OperatingPoint {
      try OperatingPoint(measure, at: bounded, ofAtLeast: fixture.bound, average)
    }
    return switch key.prefix(while: { $0 != "." }) {
    case "logLoss": LogLoss()
    case "categoricalHinge": CategoricalHinge()
    case "f0": try FBeta(0.5, average)
    case "f2": try FBeta(2, average)
    case "precisionAtRecall": try point(.precision, .recall)
    case "recallAtPrecision": try point(.recall, .precision)
    case "sensitivityAtSpecificity": try point(.sensitivity, .specificity)
    case "specificityAtSensitivity": try point(.specificity, .sensitivity)
    default: throw TrainingError("there is no metric for \(key)")
    }
  }

  /// Updates a copy of the metric with batches of this size.
  private static func value<Batch>(
    _ metric: any Metric<Batch>, count: Int, batchSize: Int, _ batch: (Range<Int>) throws -> Batch
  ) throws -> Double {
    var metric = metric
    for start in stride(from: 0, to: count, by: batchSize) {
      try metric.update(try batch(start..<min(start + batchSize, count)))
    }
    return try metric.value
  }

  private static func expectNear(_ value: Double, _ expected: Double, _ key: String) {
    #expect(abs(value - expected) <= 1e-12 * max(abs(expected), 1), "\(key): \(value), not \(expected)")
  }

  @Test(arguments: fixture.regression, [1, 5, 1000])
  func ofNumbers(_ sample: Fixture.Sample, batchSize: Int) throws {
    for (key, expected) in sample.expected {
      let metric = try #require(Self.regression[key])
      let value = try Self.value(metric, count: sample.targets.count, batchSize: batchSize) { rows in
        try RegressionBatch(
          predictions: Array(sample.predictions[rows]), targets: Array(sample.targets[rows]),
          weights: sample.weights.map { Array($0[rows]) })
      }
      Self.expectNear(value, expected, key)
    }
  }

  @Test(arguments: fixture.vectors, [1, 4, 1000])
  func ofVectors(_ sample: Fixture.Sample, batchSize: Int) throws {
    let size = try #require(sample.size)
    for (key, expected) in sample.expected {
      let metric = try #require(Self.vectors[key])
      let value = try Self.value(metric, count: sample.targets.count / size, batchSize: batchSize) { rows in
        let numbers = rows.lowerBound * size..<rows.upperBound * size
        return try VectorBatch(
          predictions: Array(sample.predictions[numbers]), targets: Array(sample.targets[numbers]), size: size,
          weights: sample.weights.map { Array($0[rows]) })
      }
      Self.expectNear(value, expected, key)
    }
  }

  @Test(arguments: fixture.classification, [1, 7, 1000])
  func ofClasses(_ sample: Fixture.Classification, batchSize: Int) throws {
    #expect(sample.expected.count == 16)
    for (key, expected) in sample.expected {
      let value = try Self.value(Self.classification(key), count: sample.labels.count, batchSize: batchSize) { rows in
        let numbers = rows.lowerBound * sample.classes..<rows.upperBound * sample.classes
        return try ClassificationBatch(
          probabilities: Array(sample.probabilities[numbers]), classes: sample.classes,
          labels: Array(sample.labels[rows]), weights: sample.weights.map { Array($0[rows]) })
      }
      Self.expectNear(value, expected, key)
    }
  }

  private static func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return "none"
  }

  /// What is not defined is an error, and a batch with something wrong leaves a metric as it was.
  @Test func whatIsNotDefined() throws {
    for metric in Self.regression.values { #expect(throws: TrainingError.self, "\(metric.name)") { try metric.value } }
    for metric in Self.vectors.values { #expect(throws: TrainingError.self) { try metric.value } }
    var poisson = MeanLoss.poisson
    try poisson.update(RegressionBatch(predictions: [2], targets: [1]))
    let before = try poisson.value
    let negative = Self.message { try poisson.update(RegressionBatch(predictions: [1, -1], targets: [0, 0])) }
    #expect(negative.contains("not of a rate of -1.0"))
    #expect(try poisson.value == before)
    var hinge = MeanLoss.hinge
    #expect(Self.message { try hinge.update(RegressionBatch(predictions: [1], targets: [0])) }.contains("−1 and 1"))
    var correlation = PearsonCorrelation()
    try correlation.update(RegressionBatch(predictions: [1, 2], targets: [3, 3]))
    #expect(Self.message { _ = try correlation.value }.contains("targets that differ"))
    #expect(throws: TrainingError.self) { try FBeta(0) }
    #expect(throws: TrainingError.self) { try OperatingPoint(.recall, at: .precision, ofAtLeast: 1.5) }
    #expect(throws: TrainingError.self) { try OperatingPoint(.recall, at: .precision, ofAtLeast: 0.5, .micro) }
    for (predictions, targets, size) in [
      ([1.0], [1.0, 2], 1), ([1, 2, 3], [1, 2, 3], 2), ([1], [1], 0), ([.nan], [1], 1),
    ] {
      #expect(throws: TrainingError.self) { try VectorBatch(predictions: predictions, targets: targets, size: size) }
    }
    var divergence = KLDivergence()
    try divergence.update(VectorBatch(predictions: [1, 0], targets: [0.5, 0.5], size: 2))
    #expect(try divergence.value == .infinity)
  }
}
