import Foundation
import NeuralNetworks
import Tensors

/// A small network of logistic units whose every number is shown: y = σ(x), x_j = Σ_i w_ji y_i + b_j, and
/// E = ½ Σ (y − d)².
///
/// Source: Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323 (1986),
/// equations 1 to 3.
package struct ExplainedNetwork: Layer {
  /// How many units each layer has, the inputs first.
  package let sizes: [Int]
  let layers: [Dense]

  /// How many layers and how many units in each can be shown.
  package static let layerRange = 2...6
  package static let unitRange = 1...12

  /// A network of these sizes in float64. `seed` draws weights and biases from −1 to 1; they have two decimals, so that
  /// a person can calculate with them.
  package init(sizes: [Int], seed: UInt64) throws {
    var numbers = ReadableNumbers(seed: seed)
    layers = try zip(sizes, sizes.dropFirst()).map { inputs, outputs in
      let layer = try Dense(inputs, outputs, activation: .none, initializer: .zeros).copy(as: .float64)
      try layer.weight.variable().set((0..<(inputs * outputs)).map { _ in numbers.next() })
      try layer.bias?.variable().set((0..<outputs).map { _ in numbers.next() })
      return layer
    }
    self.sizes = sizes
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { forward(x).last?.output ?? x }

  /// The sums and outputs of each layer after the inputs, each [1, units].
  func forward(_ x: Tensor) -> [(sum: Tensor, output: Tensor)] {
    var results: [(sum: Tensor, output: Tensor)] = []
    for layer in layers {
      let sum = layer(results.last?.output ?? x)
      results.append((sum, sum.sigmoid()))
    }
    return results
  }

  /// The sizes that a text such as `2-2-1` names. Throws a `TrainingError` that says what would be right.
  package static func sizes(named text: String) throws(TrainingError) -> [Int] {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { 48...57 ~= $0 } }) else {
      throw TrainingError(
        "a network is named by the units of its layers with hyphens between them, such as 2-2-1, not '\(text.prefix(60))'"
      )
    }
    guard layerRange ~= parts.count else {
      throw TrainingError(
        "a network has \(layerRange.lowerBound) to \(layerRange.upperBound) layers, inputs and outputs included, such as "
          + "2-2-1; '\(text.prefix(60))' has \(parts.count)")
    }
    var sizes: [Int] = []
    for (index, part) in parts.enumerated() {
      guard let size = Int(part), unitRange ~= size else {
        throw TrainingError(
          "layer \(index + 1) of '\(text.prefix(60))' has \(part.prefix(20)) units; each layer has "
            + "\(unitRange.lowerBound) to \(unitRange.upperBound), so that every number can be shown")
      }
      sizes.append(size)
    }
    return sizes
  }
}

/// Numbers from −1 to 1 with two decimals.
struct ReadableNumbers {
  private var values: [Float]

  init(seed: UInt64) {
    // At most 12 · 12 · 5 weights and 60 biases, and the inputs.
    values = ((try? Random(seed: seed).uniform(count: 1024)) ?? []).reversed()
  }

  mutating func next() -> Double { ((Double(values.popLast() ?? 0) * 2 - 1) * 100).rounded() / 100 }
}
