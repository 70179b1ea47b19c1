import Backprop

/// Exclusive or, the smallest function that no network without hidden units computes.
///
/// Source: Rumelhart, Hinton & Williams, "Learning internal representations by error propagation", in Parallel
/// Distributed Processing, volume 1 (1986), pages 330–334: two hidden units (figure 2), and one with connections past
/// it (figure 1).
struct ExclusiveOr {
  /// The networks of the chapter.
  enum Network: String, CaseIterable {
    /// Two hidden units.
    case twoHidden = "2-2-1"
    /// One hidden unit, and connections from the inputs to the output.
    case shortcut = "2-1-1"

    func make() -> LogisticNetwork {
      switch self {
      case .twoHidden: LogisticNetwork(inputs: 2, hidden: 2, within: 0.1)
      case .shortcut: LogisticNetwork(inputs: 2, hidden: 1, hasShortcut: true, within: 0.5)
      }
    }
  }

  /// Inputs are −1 and 1, outputs 0 and 1. With inputs of 0 and 1 a case without input changes only biases, and fewer
  /// trainings succeed.
  static let cases = Cases(
    [(-1, -1), (-1, 1), (1, -1), (1, 1)].map { (inputs: [$0, $1], targets: [$0 == $1 ? 0 : 1]) })

  static let training = BatchDescent(rate: 1, sweeps: 3000)

  /// Trains a network whose first weights `seed` draws.
  static func run(_ network: Network, seed: UInt64) throws -> (network: LogisticNetwork, outcome: BatchDescent.Outcome)
  {
    let model = Random.$current.withValue(Random(seed: seed)) { network.make() }
    return (model, try training.train(model, on: cases))
  }
}
