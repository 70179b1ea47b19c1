import Backprop

/// Training on the family trees, with ε, α and weight decay of the paper: ε 0.005 and α 0.5 for 20 sweeps, then 0.01
/// and 0.9; after each step all weights lose 0.2 %.
///
/// In two things it is not the paper's: the error is the cross-entropy, since with the squared error the plateau at
/// which every output is its mean takes more than the 1,500 sweeps there; and it takes 9,000 sweeps, of which the later
/// ones, in which the decay removes what is not needed, are what makes the held-out facts right.
struct FamilyTraining {
  static let sweeps = 9000

  struct Result {
    let network: FamilyNetwork
    /// How many of the 100 facts are right.
    let trained: Int
    /// The held-out facts, and whether each is right.
    let heldOut: [(fact: FamilyTrees.Fact, isRight: Bool)]

    var heldOutRight: Int { heldOut.count { $0.isRight } }
  }

  /// Trains on all facts but the four that `seed` holds out; `seed` also draws the first weights.
  static func run(seed: UInt64, sweeps: Int = sweeps) throws -> Result {
    let out = FamilyTrees.heldOut(seed: seed)
    let facts = FamilyTrees.facts
    let known = facts.indices.filter { !out.contains($0) }.map { facts[$0] }
    let network = Random.$current.withValue(Random(seed: seed)) { FamilyNetwork(within: 0.3) }
    let optimizer = DecayingMomentum(for: network)
    let step = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: network) { network in
        let logits = network.logits(inputs[0], inputs[1])
        // −Σ d ln y + (1 − d) ln (1 − y), from the logits.
        return (logits.softplus() - logits * inputs[2]).sum()
      }.gradients
    }
    let data = FamilyTrees.tensors(of: known)
    for sweep in 0..<sweeps {
      (optimizer.learningRate, optimizer.momentum) = sweep < 20 ? (0.005, 0.5) : (0.01, 0.9)
      try step(data)
    }
    let held = out.map { facts[$0] }
    return Result(
      network: network, trained: try right(network, known).count { $0 },
      heldOut: Array(zip(held, try right(network, held))))
  }

  /// Whether each fact is right: the outputs of exactly its people are above ½.
  private static func right(_ network: FamilyNetwork, _ facts: [FamilyTrees.Fact]) throws -> [Bool] {
    let data = FamilyTrees.tensors(of: facts)
    let logits = try network.logits(data[0], data[1]).values()
    return facts.enumerated().map { row, fact in
      (0..<24).allSatisfy { (logits[row * 24 + $0] > 0) == fact.people.contains($0) }
    }
  }
}

/// Gradient descent with momentum that may change from step to step, after which weights lose a share: the rule of the
/// paper.
final class DecayingMomentum: RuleOptimizer {
  var momentum = 0.9
  private static let decay = 0.002

  init(for model: any Layer) { super.init(for: model, learningRate: 0.01, state: ["velocity"]) }

  override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars.append(Double(learningRate))
    scalars.append(momentum)
  }

  override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let velocity = update.state[0] * update.scalars[1] - update.learningRate * update.gradient
    return ((update.parameter + velocity) * .constant(1 - Self.decay), [velocity])
  }
}
