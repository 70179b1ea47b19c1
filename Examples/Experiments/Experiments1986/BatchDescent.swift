import Backprop

/// Training as in Rumelhart, Hinton & Williams 1986: the gradient of E = ½ Σ (y − d)² over all cases at once, with
/// momentum.
struct BatchDescent {
  /// ε of the paper, for the sum over the cases and not their mean.
  var rate: Float
  /// α of the paper.
  var momentum = 0.9
  /// After how many sweeps through the cases to give up.
  var sweeps: Int
  /// The largest error |y − d| of a learned set of cases.
  var tolerance: Float = 0.1

  /// What a training came to.
  struct Outcome {
    /// The sweeps until every output was within the tolerance; `nil` where that was not reached.
    var sweeps: Int?
    /// E before each sweep that was looked at: every tenth.
    var errors: [Float] = []
  }

  /// How often errors are looked at, in sweeps.
  static let interval = 10

  /// Trains `model` until it has learned the cases, and further, where `continues`.
  func train(_ model: some Layer, on cases: Cases, continues: Bool = false) throws -> Outcome {
    let step = CompiledStep(with: Momentum(for: model, learningRate: rate, momentum: momentum)) { inputs, _ in
      var error = Tensor.zeros([])
      let (_, gradients) = valueAndGradient(of: model) { model in
        let difference = model(inputs[0]) - inputs[1]
        error = difference.abs().max()
        return 0.5 * difference.square().sum()
      }
      return (gradients, [error])
    }
    var outcome = Outcome()
    for sweep in 0..<sweeps {
      let results = try step([cases.inputs, cases.targets])
      guard sweep % Self.interval == 0 else { continue }
      outcome.errors.append(try results[0].scalar())
      if outcome.sweeps == nil, try results[1].scalar() < tolerance {
        outcome.sweeps = sweep
        if !continues { break }
      }
    }
    return outcome
  }
}

/// All the cases that a network is to learn.
struct Cases {
  /// [cases, inputs]
  let inputs: Tensor
  /// [cases, outputs]
  let targets: Tensor

  init(_ cases: [(inputs: [Float], targets: [Float])]) {
    inputs = Tensor(cases.flatMap(\.inputs), shape: [cases.count, cases.first?.inputs.count ?? 0])
    targets = Tensor(cases.flatMap(\.targets), shape: [cases.count, cases.first?.targets.count ?? 0])
  }
}
