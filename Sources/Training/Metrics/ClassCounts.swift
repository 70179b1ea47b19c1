/// For each class, the summed weights of its examples, of those predicted as it, and of those that are both.
///
/// What precision, recall, F1 and the Jaccard index are computed from. Memory: four numbers a class.
struct ClassCounts: Hashable, Sendable {
  private(set) var actual: [Double] = []
  private(set) var predicted: [Double] = []
  private(set) var truePositive: [Double] = []
  /// Whether a class was a label or a prediction, of whatever weight.
  private var appears: [Bool] = []

  init() {}

  /// The counts of a confusion matrix.
  init(of matrix: ConfusionMatrix) {
    grow(to: matrix.classes)
    for truth in 0..<matrix.classes {
      for prediction in 0..<matrix.classes where matrix.counts[truth][prediction] > 0 {
        add(truth, prediction, Double(matrix.counts[truth][prediction]))
      }
    }
  }

  mutating func update(_ batch: ClassificationBatch) {
    grow(to: batch.classes)
    for index in batch.labels.indices { add(batch.labels[index], batch.predictions[index], batch.weights[index]) }
  }

  private mutating func grow(to classes: Int) {
    let more = max(classes - actual.count, 0)
    for path in [\Self.actual, \Self.predicted, \Self.truePositive] {
      self[keyPath: path] += [Double](repeating: 0, count: more)
    }
    appears += [Bool](repeating: false, count: more)
  }

  private mutating func add(_ truth: Int, _ prediction: Int, _ weight: Double) {
    actual[truth] += weight
    predicted[prediction] += weight
    if truth == prediction { truePositive[truth] += weight }
    appears[truth] = true
    appears[prediction] = true
  }

  /// One class, or all of them together.
  struct Sums {
    var actual = 0.0
    var predicted = 0.0
    var truePositive = 0.0

    var precision: Double { Self.share(truePositive, predicted) }
    var recall: Double { Self.share(truePositive, actual) }
    var f1: Double { Self.share(2 * truePositive, predicted + actual) }
    /// (1 + β²) · precision · recall / (β² · precision + recall)
    func fBeta(_ beta: Double) -> Double {
      let square = beta * beta
      return Self.share((1 + square) * truePositive, predicted + square * actual)
    }
    var jaccardIndex: Double { Self.share(truePositive, predicted + actual - truePositive) }

    /// 0 where nothing is there to be a share of.
    private static func share(_ part: Double, _ whole: Double) -> Double { whole > 0 ? part / whole : 0 }
  }

  subscript(label: Int) -> Sums {
    Sums(actual: actual[label], predicted: predicted[label], truePositive: truePositive[label])
  }

  /// A measure of a class as a function of its label.
  func measure(_ measure: @escaping (Sums) -> Double) -> (Int) -> Double { { measure(self[$0]) } }

  /// The classes that were a label or a prediction; others do not count.
  var present: [Int] { appears.indices.filter { appears[$0] } }

  /// The average of `measure` over the classes; throws where it is not defined.
  func average(_ average: ClassAverage, _ name: String, _ measure: (Sums) -> Double) throws(TrainingError) -> Double {
    let total = actual.reduce(0, +)
    guard total > 0 else { throw .noExamples(name) }
    switch average {
    case .macro:
      return present.reduce(0) { $0 + measure(self[$1]) } / Double(present.count)
    case .micro:
      return measure(
        Sums(actual: total, predicted: predicted.reduce(0, +), truePositive: truePositive.reduce(0, +)))
    case .weighted:
      return present.reduce(0) { $0 + actual[$1] * measure(self[$1]) } / total
    case .label(let label):
      guard actual.indices.contains(label) else {
        throw TrainingError("there is no class \(label); there are \(actual.count), from 0")
      }
      return measure(self[label])
    }
  }
}
