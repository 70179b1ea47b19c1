import Datasets
import NeuralNetworks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a network predicts for rows of a table.
public enum TablePredictions: Hashable, Sendable {
  /// A number for each row, in the unit of the target.
  case numbers([Double])
  /// The probabilities of the classes for each row, in the order of their labels.
  case classes([[Double]])
}

/// Predicts the target of each row.
///
/// Throws a `TrainingError` where the model does not give as many numbers as the target needs, or one that is not
/// finite, and what the model throws where shapes do not fit.
public func predictTable(_ model: any Layer, _ examples: TableExamples) throws -> TablePredictions {
  let outputs = try tableOutputs(model, examples)
  switch examples.target.goal {
  case .regression: return .numbers(outputs.map { examples.target.unstandardized($0[0]) })
  case .classification: return .classes(outputs.map { softmax($0).probabilities })
  }
}

/// What the model gives for each row: a number in standard deviations from the mean, or logits.
func tableOutputs(_ model: any Layer, _ examples: TableExamples) throws -> [[Double]] {
  let width = examples.target.goal == .regression ? 1 : examples.target.classNames.count
  let batchSize = 1024
  var result: [[Double]] = []
  for start in stride(from: 0, to: examples.count, by: batchSize) {
    let rows = start..<min(start + batchSize, examples.count)
    let features = examples.tensor(rows)
    let outputs = inference { model(features.cast(to: model.parameterType)).cast(to: .float32) }
    guard outputs.failure != nil || outputs.shape.dimensions == [rows.count, width] else {
      throw TrainingError("the model must give \(width) numbers for each row, not \(outputs.shape)")
    }
    let values = try outputs.values()
    guard values.allSatisfy(\.isFinite) else {
      throw TrainingError("the model gave a prediction that is not finite; its weights may be damaged, train it anew")
    }
    for first in stride(from: 0, to: values.count, by: width) {
      result.append(values[first..<first + width].map(Double.init))
    }
  }
  return result
}

/// The probabilities of logits, and log Σ e^logit, computed from the greatest one so that nothing overflows.
func softmax(_ logits: [Double]) -> (probabilities: [Double], logSum: Double) {
  let greatest = logits.max() ?? 0
  let powers = logits.map { exp($0 - greatest) }
  let sum = powers.reduce(0, +)
  return (powers.map { $0 / sum }, greatest + log(sum))
}
