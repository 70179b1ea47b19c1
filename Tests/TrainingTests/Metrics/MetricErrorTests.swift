import Tensors
import Testing

@testable import Training

/// What metrics refuse, with a sentence.
@Suite struct MetricErrorTests {
  @Test(
    arguments: [
      (probabilities: [0.5, .nan], labels: [0], weights: nil, says: "probability of"),
      ([0.5, 1.5], [0], nil, "that of class 1 for example 0 is 1.5"),
      ([0.5, -0.5], [0], nil, "softmax()"),
      ([0.5], [0], nil, "1 examples of 2 classes"),
      ([0.5, 0.5], [0, 1], nil, "not 2"),
      ([0.5, 0.5], [2], nil, "the label of example 0 is 2, but there are 2 classes"),
      ([0.5, 0.5], [-1], nil, "is -1"),
      ([0.5, 0.5], [0], [1, 1], "1 examples need as many weights, not 2"),
      ([0.5, 0.5], [0], [-1], "at least 0"),
      ([0.5, 0.5], [0], [.nan], "finite"),
      ([0.5, 0.5], [0], [.infinity], "finite"),
    ] as [(probabilities: [Double], labels: [Int], weights: [Double]?, says: String)])
  func classificationBatches(_ row: (probabilities: [Double], labels: [Int], weights: [Double]?, says: String)) throws {
    let error = try #require(throws: TrainingError.self) {
      try ClassificationBatch(
        probabilities: row.probabilities, classes: 2, labels: row.labels, weights: row.weights)
    }
    #expect(error.message.contains(row.says == "probability of" ? "is nan" : row.says), "\(error)")
  }

  @Test(arguments: [0, -1, Int.min, Int.max])
  func absurdCountsOfClasses(_ classes: Int) {
    #expect(throws: TrainingError.self) {
      try ClassificationBatch(probabilities: [0.5, 0.5], classes: classes, labels: [0, 0])
    }
    #expect(throws: TrainingError.self) {
      try ClassificationBatch(predictions: [classes], labels: [0], classes: classes)
    }
    // Counts of so many classes would not fit into memory.
    #expect(throws: TrainingError.self) { try ClassificationBatch(predictions: [0], labels: [0], classes: classes) }
  }

  @Test func regressionBatches() {
    for (predictions, targets) in [([1, 2], [1]), ([.nan], [1]), ([1], [.infinity])] as [([Double], [Double])] {
      #expect(throws: TrainingError.self) { try RegressionBatch(predictions: predictions, targets: targets) }
    }
    #expect(throws: TrainingError.self) {
      try RegressionBatch(predictions: Tensor([1, 2], shape: [2]), targets: Tensor([1, 2], shape: [2, 1]))
    }
  }

  @Test func tensors() throws {
    let batch = try ClassificationBatch(
      logits: Tensor([0, 1, 3, -2], shape: [2, 2]), labels: Tensor([1, 0] as [Int32], shape: [2]))
    #expect(batch.predictions == [1, 0])
    #expect(throws: TrainingError.self) {
      try ClassificationBatch(logits: Tensor([0, .nan], shape: [1, 2]), labels: Tensor([1] as [Int32], shape: [1]))
    }
    #expect(throws: TrainingError.self) {
      try ClassificationBatch(logits: Tensor([0, 1], shape: [1, 2]), labels: Tensor([2] as [Int32], shape: [1]))
    }
    #expect(throws: TrainingError.self) {
      try ClassificationBatch(logits: Tensor([0, 1], shape: [2]), labels: Tensor([0] as [Int32], shape: [1]))
    }
    var perplexity = Perplexity()
    try perplexity.update(
      TokenLosses(logits: .zeros([3, 5]), tokens: Tensor([1, 0, 4] as [Int32], shape: [3]), weights: [1, 0, 2]))
    #expect(abs(try perplexity.value - 5) < 1e-5)
    #expect(throws: TrainingError.self) {
      try TokenLosses(logits: .zeros([1, 5]), tokens: Tensor([5] as [Int32], shape: [1]))
    }
    #expect(throws: TrainingError.self) { try TokenLosses(nats: [-1]) }
    #expect(throws: TrainingError.self) { try TokenLosses(nats: [.nan]) }
  }

  @Test func batchesThatDoNotFit() throws {
    var area = try ROCAUC()
    try area.update(ClassificationBatch(probabilities: [0.5, 0.5], classes: 2, labels: [0]))
    let three = try ClassificationBatch(probabilities: [0.5, 0.25, 0.25], classes: 3, labels: [0])
    #expect(throws: TrainingError.self) { try area.update(three) }
    let hard = try ClassificationBatch(predictions: [0], labels: [0], classes: 2)
    for key in ["roc.macro", "pr.macro", "top2", "calibrationError"] {
      var metric = try MetricTests.metric(key)
      let error = try #require(throws: TrainingError.self) { try metric.update(hard) }
      #expect(error.message.contains("needs the probabilities"))
    }
    var matrix = try ConfusionMatrix(classes: 2)
    let weighted = try ClassificationBatch(predictions: [0], labels: [0], classes: 2, weights: [2])
    #expect(throws: TrainingError.self) { try matrix.update(weighted) }
    #expect(matrix.total == 0)
    for average in [ClassAverage.label(-1), .label(2), .label(.max)] {
      var precision = Precision(average)
      try precision.update(hard)
      #expect(throws: TrainingError.self) { try precision.value }
    }
    #expect(throws: TrainingError.self) { try ROCAUC(.micro) }
    #expect(throws: TrainingError.self) { try AveragePrecision(.micro) }
    #expect(throws: TrainingError.self) { try TopKAccuracy(0) }
    #expect(throws: TrainingError.self) { try ExpectedCalibrationError(bins: 0) }
    #expect(throws: TrainingError.self) { try ExpectedCalibrationError(bins: .max) }
  }

  @Test func emptyMetricsHaveNoValue() throws {
    let keys = ["accuracy", "top2", "calibrationError", "precision.macro", "recall.micro", "f1.weighted"]
    for key in keys + ["jaccard.macro", "roc.macro", "pr.weighted"] {
      var metric = try MetricTests.metric(key)
      #expect(throws: TrainingError.self, "\(key)") { try metric.value }
      try metric.update(ClassificationBatch(probabilities: [0.5, 0.5], classes: 2, labels: [0], weights: [0]))
      #expect(throws: TrainingError.self, "\(key)") { try metric.value }
      try metric.update(ClassificationBatch(probabilities: [], classes: 2, labels: []))
    }
    let regression: [any Metric<RegressionBatch>] = [
      MeanAbsoluteError(), MeanSquaredError(), RootMeanSquaredError(), R2(),
    ]
    for metric in regression { #expect(throws: TrainingError.self, "\(metric.name)") { try metric.value } }
    #expect(throws: TrainingError.self) { try Perplexity().value }
    #expect(throws: TrainingError.self) { try BLEU<Int>().value }
    #expect(throws: TrainingError.self) { try TranslationBatch(candidates: [[1]], references: [[]]) }
    #expect(throws: TrainingError.self) { try TranslationBatch<Int>(candidates: [[1]], references: []) }
  }

  @Test func directions() {
    #expect(MetricDirection.higherIsBetter.isBetter(2, than: 1))
    #expect(!MetricDirection.lowerIsBetter.isBetter(2, than: 1))
    for direction in [MetricDirection.higherIsBetter, .lowerIsBetter] {
      #expect(direction.isBetter(1, than: .nan))
      #expect(!direction.isBetter(.nan, than: 1))
      #expect(!direction.isBetter(.nan, than: .nan))
      #expect(!direction.isBetter(1, than: 1))
    }
  }
}
