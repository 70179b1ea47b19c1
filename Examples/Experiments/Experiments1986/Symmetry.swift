import Backprop

/// Whether six binary inputs are symmetric about their middle, by two hidden units.
///
/// The learned weights of a hidden unit are of equal size and opposite sign about the middle, so that a symmetric input
/// leaves it at its bias; with sizes in the ratio 1 : 2 : 4 no other input does.
///
/// Source: Rumelhart, Hinton & Williams, Nature 323 (1986), figure 1. There ε = 0.1; with ε = 0.05 every training
/// converges instead of three of four.
struct Symmetry {
  static let cases = Cases(
    (0..<64).map { number in
      let bits = (0..<6).map { Float(number >> $0 & 1) }
      return (inputs: bits, targets: [bits == bits.reversed() ? 1 : 0])
    })

  static let training = BatchDescent(rate: 0.05, sweeps: 4000)

  /// The first weights and biases are within ±0.1; the paper has ±0.3.
  static func run(seed: UInt64) throws -> Result {
    let model = Random.$current.withValue(Random(seed: seed)) { LogisticNetwork(inputs: 6, hidden: 2, within: 0.1) }
    let outcome = try training.train(model, on: cases, continues: true)
    let weights = try model.hidden.weight.tensor.values()
    return Result(
      outcome: outcome, weights: (0..<2).map { unit in (0..<6).map { weights[2 * $0 + unit] } },
      biases: try model.hidden.bias.tensor.values(), output: try model.output.weight.tensor.values())
  }

  struct Result {
    let outcome: BatchDescent.Outcome
    /// Of each hidden unit, those of the six inputs.
    let weights: [[Float]]
    let biases: [Float]
    let output: [Float]

    /// Whether opposite weights of each unit add up to nothing: to less than a twentieth of the largest.
    var isAntisymmetric: Bool {
      weights.allSatisfy { unit in
        let largest = unit.map(\.magnitude).max() ?? 0
        return (0..<3).allSatisfy { (unit[$0] + unit[5 - $0]).magnitude < largest / 20 }
      }
    }

    /// The sizes of the weights of one half, as multiples of the smallest, of each unit.
    var ratios: [[Float]] {
      weights.map { unit in
        let sizes = unit.prefix(3).map(\.magnitude).sorted()
        return sizes.map { $0 / sizes[0] }
      }
    }

    /// Whether both units have the paper's pattern: antisymmetric, 1 : 2 : 4 to a tenth.
    var hasPattern: Bool {
      outcome.sweeps != nil && isAntisymmetric
        && ratios.allSatisfy { zip($0, [1, 2, 4]).allSatisfy { ($0 - $1).magnitude <= $1 / 10 } }
    }
  }
}
