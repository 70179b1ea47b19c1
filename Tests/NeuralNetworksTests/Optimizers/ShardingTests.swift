import Testing

@testable import NeuralNetworks
@testable import Tensors

/// Optimizers whose state is sharded, as two processes see them that do not hear of each other.
struct ShardingTests {
  private static func model() -> Sequential {
    Random.$current.withValue(Random(seed: 7)) {
      Sequential {
        Dense(5, 8, activation: .tanh)
        Dense(8, 3, activation: .tanh)
        Dense(3, 3)
      }
    }
  }

  private static func loss(_ model: Sequential, _ x: Tensor) -> Tensor {
    model(x).square().mean()
  }

  enum Kind: CaseIterable { case adam, grouped, compiled, accumulated }

  private static func optimizer(_ kind: Kind, for model: Sequential) -> any Optimizer {
    switch kind {
    case .adam, .compiled: Adam(for: model, learningRate: 0.1, clipNorm: 0.01)
    case .grouped:
      AdamW(for: model, learningRate: 0.1) {
        ParameterGroup(where: { $0.shape.rank > 1 }) { Muon(for: $0, learningRate: 0.1) }
      }
    case .accumulated: GradientAccumulation(Adam(for: model, learningRate: 0.1), for: model, of: 1)
    }
  }

  @Test(arguments: Kind.allCases) func eachProcessUpdatesItsPart(_ kind: Kind) throws {
    let x = Tensor((0..<20).map { Float($0) / 10 - 1 }, shape: [4, 5])
    var values: [[String: [Float]]] = []
    var states: [[String]] = []
    for processes in [Distributed.one, Distributed(rank: 0, size: 2), Distributed(rank: 1, size: 2)] {
      let model = Self.model()
      let optimizer = Self.optimizer(kind, for: model)
      if kind == .compiled {
        // A step that was compiled before is compiled again.
        let step = CompiledStep(with: optimizer, for: model) { Self.loss($0, $1[0]) }
        optimizer.learningRate = 0
        try step([x])
        optimizer.learningRate = 0.1
        try optimizer.shard(over: processes)
        try step([x])
      } else {
        try optimizer.shard(over: processes)
        try optimizer.update(along: valueAndGradient(of: model) { Self.loss($0, x) }.gradients)
      }
      states.append(optimizer.stateVariables.map(\.name).filter { !$0.hasSuffix("gradientSum") })
      values.append(
        Dictionary(uniqueKeysWithValues: try model.parameters.map { ($0.name, try $0.parameter.variable().values()) }))
    }
    let first = Dictionary(
      uniqueKeysWithValues: try Self.model().parameters.map { ($0.name, try $0.parameter.variable().values()) })
    for (name, whole) in values[0] {
      #expect(whole != first[name])
      let updated = (1...2).filter { values[$0][name] == whole }
      #expect(updated.count == 1, "\(name) is updated by \(updated.count) processes")
      #expect((1...2).contains { values[$0][name] == first[name] })
    }
    #expect(states[1].count > 0 && states[2].count > 0)
    #expect(Set(states[1] + states[2]) == Set(states[0]))
    #expect(states[1].count + states[2].count == states[0].count)
  }

  @Test func partsAreAboutEqual() throws {
    let layers = Sequential { for inputs in 1...40 { Dense(inputs, 7) } }
    for size in [2, 3, 8] {
      let counts = try (0..<size).map { rank in
        let optimizer = Momentum(for: layers)
        try optimizer.shard(over: Distributed(rank: rank, size: size))
        return optimizer.stateVariables.reduce(0) { $0 + $1.shape.elementCount }
      }
      #expect(counts.reduce(0, +) == parameterCount(of: layers))
      // At most the smallest parameter that was placed last.
      #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 7)
    }
  }

  @Test func mistakes() throws {
    let optimizer = Adam(for: Dense(2, 2))
    try optimizer.shard(over: .one)
    try optimizer.shard(over: Distributed(rank: 0, size: 2))
    try optimizer.shard(over: Distributed(rank: 0, size: 2))
    #expect(throws: TensorError.self) { try optimizer.shard(over: Distributed(rank: 0, size: 3)) }
    #expect(throws: TensorError.self) { try Unruled().shard(over: Distributed(rank: 0, size: 2)) }
  }

  private final class Unruled: Optimizer {
    var learningRate: Float = 0
    var stepCount = 0
    var clipNorm: Float?
    var stateVariables: [Variable] { [] }
    func update(along gradients: Gradients, evaluating tensors: [Tensor]) {}
  }

  /// The others wait for all buckets, also for those with gradients of their parameters alone.
  @Test(arguments: [0, 1]) func allBucketsAreSent(rank: Int) throws {
    let model = Sequential { for _ in 0..<6 { Dense(200, 200, activation: .tanh) } }
    let processes = Distributed(rank: rank, size: 2)
    let optimizer = Adam(for: model)
    try optimizer.shard(over: processes)
    let gradients = valueAndGradient(of: model) { $0(.ones([3, 200])).square().mean() }.gradients
    let means = gradients.averaged(over: processes)
    let titles = try optimizer.kernelTitles(ofStepAlong: means)
    #expect(titles.count { $0.hasPrefix("start all-reduce") } >= 6, "\(titles)")
    #expect(
      titles.count { $0.hasPrefix("start all-reduce") } == titles.count { $0.hasPrefix("finish all-reduce") },
      "\(titles)")
  }

  /// Two processes send one mean for several batches; where each has half of the weight, both halves are this one's.
  @Test func accumulatedGradientsAreSentOnce() throws {
    let x = Tensor((0..<20).map { Float($0) / 10 - 1 }, shape: [4, 5])
    func trained(_ processes: Distributed, scaledBy factor: Float) throws -> [Float] {
      let model = Self.model()
      let optimizer = GradientAccumulation(
        GradientDescent(for: model, learningRate: 0.5 * factor), for: model, of: 3, over: processes)
      for batch in 1...3 {
        try optimizer.update(along: valueAndGradient(of: model) { Self.loss($0, x * Tensor(Float(batch))) }.gradients)
      }
      return try model.parameters.flatMap { try $0.parameter.variable().values() }
    }
    // A sum over two that do not hear of each other is the own part, so the mean is half of it.
    let (alone, half) = (try trained(.one, scaledBy: 1), try trained(Distributed(rank: 0, size: 2), scaledBy: 2))
    for (one, other) in zip(alone, half) { #expect(abs(one - other) < 1e-6) }
  }

  /// Process 0 has the state of all for a checkpoint.
  @Test func collectedState() throws {
    let model = Self.model()
    let optimizer = Adam(for: model)
    try optimizer.shard(over: Distributed(rank: 0, size: 2))
    let own = optimizer.stateVariables.map(\.name)
    let all = Adam(for: model).stateVariables.map(\.name)
    #expect(own.count < all.count)
    #expect(try optimizer.collectingState { optimizer.stateVariables.map(\.name) } == all)
    #expect(optimizer.stateVariables.map(\.name) == own)
  }
}
