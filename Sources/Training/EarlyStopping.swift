import Models
import NeuralNetworks
import Tensors

/// Early stopping: stores the weights of the lowest loss, and reports when it has not fallen for too long.
struct EarlyStopping {
  /// A model's weights and their evaluation.
  struct Best {
    var loss: Double
    var evaluation: Evaluation?
    var weights: [SafeTensors.Entry]

    /// Restores these weights in the model.
    func restore(to model: any Layer) throws {
      for (variable, entry) in zip(try namedVariables(of: model).map(\.variable), weights) {
        try entry.write(to: variable)
      }
    }
  }

  private let limit: Int
  private(set) var best: Best?
  private(set) var evaluationsWithoutGain = 0

  init(_ limit: Int, best: Best? = nil, evaluationsWithoutGain: Int = 0) {
    self.limit = limit
    self.best = best
    self.evaluationsWithoutGain = evaluationsWithoutGain
  }

  var isExhausted: Bool { evaluationsWithoutGain >= limit }

  /// NaN is worse than any number, and never the best.
  private func isBest(_ loss: Double) -> Bool {
    guard let best else { return !loss.isNaN }
    return loss < best.loss || (best.loss.isNaN && !loss.isNaN)
  }

  /// Records an evaluation of `model`. Costs a copy of its weights where the loss is lower than ever.
  mutating func note(_ loss: Double, _ evaluation: Evaluation?, _ model: any Layer) throws {
    guard isBest(loss) else {
      evaluationsWithoutGain += 1
      return
    }
    evaluationsWithoutGain = 0
    best = Best(
      loss: loss, evaluation: evaluation,
      weights: try namedVariables(of: model).map { try SafeTensors.Entry(name: $0.name, $0.variable) })
  }
}
