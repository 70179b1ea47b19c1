import Backprop

/// What a run measures of its network from time to time. Training does not depend on it: what cannot be measured is
/// left out.
final class RunMeasurements {
  private let measure: () throws -> LayerHistograms?
  private let write: (() throws -> String)?

  /// Measures nothing.
  init() { (measure, write) = ({ nil }, nil) }

  /// Measures the network of `task`; `sample` lets it write a text.
  init(of task: some TrainingTask, sample: (() throws -> String)?) {
    var example: Tensor??
    measure = {
      // Read once: it is the same each time.
      if example == nil { example = .some(try? task.example()) }
      return try LayerHistograms(of: task.model, example: example ?? nil)
    }
    write = sample
  }

  /// Weights, and activations for the task's example.
  func histograms() -> LayerHistograms? { try? measure() }

  /// A text that the network writes now.
  func sample() -> String? { try? write?() }
}

/// A few of many steps, evenly spaced: about `count` of all, the first one among them.
struct SpacedSteps {
  let count: Int
  private var last: Int?

  init(count: Int) { self.count = count }

  /// Whether this step is one of them; steps are asked for in their order.
  mutating func take(_ step: Int, of total: Int) -> Bool {
    if let last {
      // By how far the next one must be, and not by its number: the same whether or not a training was resumed.
      guard Double(step - last) >= Double(total) / Double(max(count, 1)) || step == total else { return false }
    }
    last = step
    return true
  }

  /// Notes a step that was taken before.
  mutating func note(_ step: Int) { last = step }
}
