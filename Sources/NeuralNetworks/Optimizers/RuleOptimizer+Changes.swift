import Tensors

extension RuleOptimizer {
  /// The parameters that updates change, in the order of `changes(by:)`.
  package var trainableParameters: [Parameter] { parameters.filter(\.isTrainable) }

  /// How far an update moves each trainable parameter, and how large it was before: [2, parameters], Euclidean norms.
  ///
  /// The ratio of the two is about 1e-3 where a learning rate is neither too low nor too high. Source: Stanford's course
  /// CS231n, notes on "Neural Networks Part 3", section "Ratio of weights:updates".
  func changes(by assignments: [(Variable, Tensor)]) -> Tensor {
    let after = Dictionary(assignments.map { (ObjectIdentifier($0.0), $0.1) }) { _, last in last }
    let parameters = trainableParameters
    guard !parameters.isEmpty else { return .zeros([2, 0]) }
    var (moved, before): ([Tensor], [Tensor]) = ([], [])
    for parameter in parameters {
      let old = parameter.tensor
      let new = (try? parameter.variable()).flatMap { after[ObjectIdentifier($0)] }
      moved.append(new.map { ($0 - old).norm() } ?? .zeros([]))
      before.append(old.norm())
    }
    // Of a sharded optimizer, each process knows how far its own parameters move.
    return Tensor.concatenated([shards.sumOfStep(vector(of: moved)), vector(of: before)], axis: 0)
      .reshaped(to: [2, parameters.count])
  }
}
