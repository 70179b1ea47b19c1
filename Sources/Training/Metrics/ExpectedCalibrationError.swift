/// How far the probability of the predicted class is from the share that is right: the mean difference over bins of
/// equal width, weighted by the examples in each. From 0 to 1, and 0 for a calibrated classifier.
///
/// Memory: three numbers a bin.
///
/// Source: Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, equation 3; bin m of M
/// has the confidences above (m − 1) / M and at most m / M.
public struct ExpectedCalibrationError: Metric, Hashable {
  /// The examples whose confidence is in one bin.
  public struct Bin: Hashable, Sendable {
    /// The summed weights of the examples.
    public internal(set) var weight = 0.0
    /// The summed weights of those predicted correctly.
    public internal(set) var correct = 0.0
    /// The summed confidences, weighted.
    public internal(set) var confidence = 0.0

    /// The mean confidence, and the share that was predicted correctly; 0 where there are none.
    package var meanConfidence: Double { weight > 0 ? confidence / weight : 0 }
    package var accuracy: Double { weight > 0 ? correct / weight : 0 }
  }

  public var name: String { "calibration error" }
  public var direction: MetricDirection { .lowerIsBetter }
  /// The bins, from the lowest confidence: what a reliability diagram shows.
  public private(set) var bins: [Bin]

  /// An error over no examples yet. Throws a `TrainingError` where there is not at least one bin, or over a million.
  public init(bins: Int = 15) throws(TrainingError) {
    guard (1...1_000_000).contains(bins) else {
      throw TrainingError("there must be from 1 to 1,000,000 bins, not \(bins)")
    }
    self.init(unchecked: bins)
  }

  /// The same with a number of bins that is in this range.
  init(unchecked bins: Int) { self.bins = Array(repeating: Bin(), count: bins) }

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) {
    let probabilities = try batch.probabilities(for: name)
    for (index, prediction) in batch.predictions.enumerated() {
      let confidence = probabilities[index * batch.classes + prediction]
      add(confidence: confidence, isCorrect: prediction == batch.labels[index], weight: batch.weights[index])
    }
  }

  /// Adds an example. A confidence that is no probability is not counted.
  mutating func add(confidence: Double, isCorrect: Bool, weight: Double = 1) {
    guard confidence >= 0, confidence <= 1 else { return }
    let bin = min(max(Int((confidence * Double(bins.count)).rounded(.up)) - 1, 0), bins.count - 1)
    bins[bin].weight += weight
    bins[bin].confidence += weight * confidence
    if isCorrect { bins[bin].correct += weight }
  }

  public var value: Double {
    get throws(TrainingError) {
      let total = bins.reduce(0) { $0 + $1.weight }
      guard total > 0 else { throw .noExamples(name) }
      return bins.reduce(0) { $0 + abs($1.correct - $1.confidence) } / total
    }
  }
}
