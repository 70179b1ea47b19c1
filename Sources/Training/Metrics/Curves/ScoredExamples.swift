import Tensors

/// The probabilities of all examples so far with their classes, for metrics that need all of them at once.
struct ScoredExamples: Sendable {
  private(set) var classes = 0
  private var labels: [Int32] = []
  /// [examples, classes]
  private var scores: [Double] = []
  private var weights: [Double] = []

  /// Throws where the number of classes differs from that of earlier batches, or there is no memory.
  mutating func update(_ batch: ClassificationBatch, _ name: String) throws(TrainingError) {
    let probabilities = try batch.probabilities(for: name)
    guard labels.isEmpty || classes == batch.classes else {
      throw TrainingError("all batches must have the \(classes) classes of the first, not \(batch.classes)")
    }
    do throws(TensorError) {
      // Growing an array copies it to another of twice the size.
      let needed = (scores.count + probabilities.count) * MemoryLayout<Double>.stride
      if scores.count + probabilities.count > scores.capacity { try Memory.check(2 * needed, for: name) }
    } catch {
      throw TrainingError(error.message)
    }
    classes = batch.classes
    labels += batch.labels.map { Int32(truncatingIfNeeded: $0) }
    scores += probabilities
    weights += batch.labels.indices.map { batch.weights[$0] }
  }

  /// The examples with one score and more, in the order of falling scores.
  struct Threshold {
    /// The summed weights of the examples of the class, and of the others, that have this score.
    var positive = 0.0
    var negative = 0.0
  }

  /// The summed weights at each distinct score of the class `label`, from the highest score to the lowest. Examples of
  /// weight 0 do not count.
  func thresholds(of label: Int) -> [Threshold] {
    let counted = labels.indices.filter { weights[$0] > 0 }
    let order = counted.sorted { scores[$0 * classes + label] > scores[$1 * classes + label] }
    var result: [Threshold] = []
    var last = Double.nan
    for index in order {
      let score = scores[index * classes + label]
      if score != last { result.append(Threshold()) }
      last = score
      if Int(labels[index]) == label {
        result[result.count - 1].positive += weights[index]
      } else {
        result[result.count - 1].negative += weights[index]
      }
    }
    return result
  }

  /// The average over the classes for which `measure` is defined, where it is not `nil`.
  func average(
    _ average: ClassAverage, _ name: String, _ measure: ([Threshold]) -> Double?
  ) throws(TrainingError) -> Double {
    guard weights.contains(where: { $0 > 0 }) else { throw .noExamples(name) }
    let undefined = TrainingError(
      "\(name) is not defined for these labels: a class needs examples of its own and of others")
    var sum = 0.0
    var total = 0.0
    switch average {
    case .label(let label):
      guard (0..<classes).contains(label) else {
        throw TrainingError("there is no class \(label); there are \(classes), from 0")
      }
      guard let value = measure(thresholds(of: label)) else { throw undefined }
      return value
    case .macro, .weighted:
      for label in 0..<classes {
        let thresholds = thresholds(of: label)
        guard let value = measure(thresholds) else { continue }
        let weight = average == .macro ? 1 : thresholds.reduce(0) { $0 + $1.positive }
        sum += weight * value
        total += weight
      }
    case .micro:
      throw TrainingError("\(name) has no micro average here; take .macro, .weighted or .label")
    }
    guard total > 0 else { throw undefined }
    return sum / total
  }
}
