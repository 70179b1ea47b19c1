import Testing

@testable import NeuralNetworks
@testable import Tensors

/// What happens to gradients in one process: sums over several are checked by `scripts/check-ranks`.
struct AveragingTests {
  private static let model = Sequential {
    Dense(5, 40, activation: .tanh)
    BatchNorm(40)
    Dense(40, 300, activation: .tanh)
    Dense(300, 300, activation: .tanh)
    Dense(300, 200, activation: .tanh)
    Dense(200, 300, activation: .tanh)
    Dense(300, 3)
  }

  private static func gradients() -> Gradients {
    let x = Tensor((0..<35).map { Float($0 % 11) / 5 - 1 }, shape: [7, 5])
    return valueAndGradient(of: model) { $0(x).square().mean() }.gradients
  }

  /// The sum of one process is its own value, so the mean over two is half of it.
  @Test func bucketsGiveBackEachGradient() throws {
    let gradients = Self.gradients()
    let means = gradients.averaged(over: Distributed(rank: 0, size: 2))
    #expect(try means.loss.scalar() * 2 == gradients.loss.scalar())
    for (name, parameter) in Self.model.parameters {
      let (mean, own) = (try #require(means[parameter]), try #require(gradients[parameter]))
      #expect(mean.shape == own.shape)
      #expect(try mean.values().map { $0 * 2 } == own.values(), "\(name)")
    }
    #expect(means.assignments.count == gradients.assignments.count)
    for (mean, own) in zip(means.assignments, gradients.assignments) {
      #expect(mean.0 === own.0)
      #expect(try mean.1.values().map { $0 * 2 } == own.1.values(), "\(mean.0.name)")
    }
  }

  /// Where each process has a weight, the sum of the weights is what is divided by.
  @Test func weightsAreDividedBy() throws {
    let gradients = Self.gradients()
    let means = gradients.averaged(over: Distributed(rank: 0, size: 2), weight: Tensor(4))
    for (name, parameter) in Self.model.parameters {
      #expect(try means[parameter]?.values() == gradients[parameter]?.values(), "\(name)")
    }
  }

  @Test func bfloat16RoundsGradientsAlone() throws {
    let gradients = Self.gradients()
    let means = gradients.averaged(over: Distributed(rank: 0, size: 2), sendingAs: .bfloat16)
    #expect(try means.loss.scalar() * 2 == gradients.loss.scalar())
    for (name, parameter) in Self.model.parameters {
      let own = try #require(gradients[parameter])
      let rounded = try own.cast(to: .bfloat16).cast(to: .float32).values()
      #expect(try means[parameter]?.values().map { $0 * 2 } == rounded, "\(name)")
    }
    let wrong = gradients.averaged(over: Distributed(rank: 0, size: 2), sendingAs: .int32)
    #expect(wrong.loss.failure?.message.contains("bfloat16, not int32") == true)
  }

  /// A bucket is on its way while gradients of layers below are computed, and all are awaited after the last of them.
  @Test func sumsGoOnBesideTheBackwardPass() throws {
    let means = Self.gradients().averaged(over: Distributed(rank: 0, size: 2))
    let optimizer = Momentum(for: Self.model)
    let titles = try optimizer.kernelTitles(ofStepAlong: means)
    let starts = titles.indices.filter { titles[$0].hasPrefix("start all-reduce") }
    let ends = titles.indices.filter { titles[$0].hasPrefix("finish all-reduce") }
    #expect(starts.count == ends.count && starts.count >= 3, "\(titles)")
    let products = titles.indices.filter { titles[$0].contains("·") || titles[$0].contains("matmul") }
    let lastProduct = try #require(products.last, "\(titles)")
    // The loss's and the last layer's are on their way.
    #expect(starts.count { $0 < lastProduct } >= 2, "\(titles)")
    #expect(try #require(ends.first) > #require(starts.last), "\(titles)")
    #expect(try #require(ends.first) > lastProduct, "\(titles)")
  }

  /// An optimizer's step along them, compiled and not.
  @Test func optimizersStepAlongMeans() throws {
    func trained(_ step: (any Optimizer, Sequential) throws -> Void) throws -> [Float] {
      let model = try Self.model.copy()
      try step(Momentum(for: model, learningRate: 0.1), model)
      return try model.parameters.flatMap { try $0.parameter.variable().values() }
    }
    let x = Tensor((0..<35).map { Float($0 % 11) / 5 - 1 }, shape: [7, 5])
    let processes = Distributed(rank: 0, size: 2)
    let plain = try trained { optimizer, model in
      for _ in 0..<3 {
        try optimizer.update(
          along: valueAndGradient(of: model) { $0(x).square().mean() * 0.5 }.gradients.averaged(over: .one))
      }
    }
    let averaged = try trained { optimizer, model in
      for _ in 0..<3 {
        try optimizer.update(
          along: valueAndGradient(of: model) { $0(x).square().mean() }.gradients.averaged(over: processes))
      }
    }
    let compiled = try trained { optimizer, model in
      let step = CompiledStep(with: optimizer) { inputs in
        valueAndGradient(of: model) { $0(inputs[0]).square().mean() }.gradients.averaged(over: processes)
      }
      for _ in 0..<3 { try step([x]) }
    }
    #expect(averaged == compiled)
    // Running means are halved too, which changes nothing in training.
    #expect(zip(plain, averaged).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($0)) })
  }
}

extension RuleOptimizer {
  /// The titles of the kernels of a step's plan, in their order.
  func kernelTitles(ofStepAlong gradients: Gradients) throws(TensorError) -> [String] {
    var scalars: [Double] = []
    try appendInputs(to: &scalars)
    let assignments = try assignments(along: gradients, scalarTensors(scalars))
    let request = try Executor.shared.withLock { (_) throws(TensorError) in
      try Request(outputs: [gradients.loss], assignments: assignments)
    }
    return try Lowering.compile(IR(request.key)).steps.map(\.kernel.title)
  }
}
