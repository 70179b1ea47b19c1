/// Whether a classifier is right as often as it says: examples by the probability of the predicted class.
///
/// Source: Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, section 2.
package struct Calibration: Hashable, Sendable {
  /// The examples whose probability is in one range.
  package struct Bin: Hashable, Sendable {
    package fileprivate(set) var count = 0
    fileprivate var confidenceSum = 0.0
    fileprivate var rightCount = 0

    /// Their mean probability, and the share that was right; 0 where there are none.
    package var confidence: Double { count > 0 ? confidenceSum / Double(count) : 0 }
    package var accuracy: Double { count > 0 ? Double(rightCount) / Double(count) : 0 }
  }

  /// Ranges of equal width from 0 to 1.
  package private(set) var bins: [Bin]

  /// Without examples.
  package init(bins: Int = 15) { self.bins = Array(repeating: Bin(), count: max(bins, 1)) }

  /// Counts an example. A probability that is not a number is not counted.
  package mutating func record(confidence: Double, isRight: Bool) {
    guard confidence >= 0, confidence <= 1 else { return }
    // A range has its upper end, as in the paper.
    let index = min(max(Int((confidence * Double(bins.count)).rounded(.up)) - 1, 0), bins.count - 1)
    bins[index].count += 1
    bins[index].confidenceSum += confidence
    if isRight { bins[index].rightCount += 1 }
  }

  /// The expected calibration error: the mean over the examples of how far accuracy and probability of their range are
  /// apart.
  package var expectedError: Double {
    let total = bins.reduce(0) { $0 + $1.count }
    guard total > 0 else { return 0 }
    return bins.reduce(0) { $0 + Double($1.count) / Double(total) * ($1.accuracy - $1.confidence).magnitude }
  }
}
