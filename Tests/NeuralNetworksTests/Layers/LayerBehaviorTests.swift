import NeuralNetworks
import Tensors
import Testing

/// What layers do besides their formula: random ones, those that hold state, containers, and wrong arguments.
@Suite struct LayerBehaviorTests {
  private func trained(_ layer: some Layer, _ x: Tensor) throws -> [Float] {
    try Random.$current.withValue(Random(seed: 11)) { try training { layer(x) }.values() }
  }

  @Test func channelDropoutDropsWholeChannels() throws {
    let values = try trained(ChannelDropout(0.25), .ones([40, 25, 2, 3]))
    let channels = stride(from: 0, to: values.count, by: 6).map { Array(values[$0..<$0 + 6]) }
    #expect(channels.allSatisfy { Set($0).count == 1 && ($0[0] == 0 || abs($0[0] - 4 / 3) < 1e-6) })
    #expect(abs(Double(channels.filter { $0[0] == 0 }.count) / 1000 - 0.25) < 0.05)
  }

  @Test func stochasticDepthDropsExamplesOrTheBatch() throws {
    let values = try trained(StochasticDepth(0.5), .ones([1000, 2]))
    let examples = stride(from: 0, to: values.count, by: 2).map { Array(values[$0..<$0 + 2]) }
    #expect(examples.allSatisfy { $0 == [0, 0] || $0 == [2, 2] })
    #expect(abs(Double(examples.filter { $0 == [0, 0] }.count) / 1000 - 0.5) < 0.06)
    #expect(Set(try trained(StochasticDepth(0.5, isPerExample: false), .ones([100, 2]))).count == 1)
  }

  @Test func alphaDropoutPreservesMeanAndVariance() throws {
    let x = Random.$current.withValue(Random(seed: 5)) { Tensor.randomNormal([100_000]) }
    let values = try trained(AlphaDropout(0.3), Tensor(try x.values(), shape: [100_000])).map { Double($0) }
    let mean = values.reduce(0, +) / 100_000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100_000
    #expect(abs(mean) < 0.02 && abs(variance - 1) < 0.02, "\(mean) \(variance)")
  }

  @Test func alphaDropoutOfChannels() throws {
    let values = try trained(AlphaDropout(0.25, dropsChannels: true), .ones([40, 25, 2, 3]))
    let channels = stride(from: 0, to: values.count, by: 6).map { Array(values[$0..<$0 + 6]) }
    #expect(channels.allSatisfy { Set($0).count == 1 } && Set(values).count == 2)
    let dropped = channels.count { $0[0] < 0 }
    #expect(abs(Double(dropped) / 1000 - 0.25) < 0.05)
  }

  @Test func randomLayersAreTheIdentityInInference() throws {
    let x = Tensor([1, -2, 3, 4, 5, 6], shape: [1, 2, 3])
    let layers: [any Layer] = [ChannelDropout(0.9), StochasticDepth(0.9), AlphaDropout(0.9), Identity()]
    for layer in layers { #expect(try layer(x).values() == [1, -2, 3, 4, 5, 6]) }
  }

  @Test func weightNormBeginsAsTheLayerItself() throws {
    let dense = Dense(5, 3)
    let x = Random.$current.withValue(Random(seed: 5)) { Tensor.randomNormal([4, 5]) }
    let fixed = Tensor(try x.values(), shape: [4, 5])
    let difference = (dense(fixed) - WeightNorm(dense, of: \.weight, axis: 1)(fixed)).abs().max()
    #expect(try difference.scalar() < 1e-5)
  }

  @Test func spectralNormFindsTheGreatestSingularValue() throws {
    let dense = Dense(2, 2, bias: false)
    try dense.weight.variable().set([3, 0, 0, -2])
    let normalized = SpectralNorm(dense, of: \.weight, axis: 1)
    let result = try normalized(Tensor([1, 0, 0, 1], shape: [2, 2])).values()
    #expect(zip(result, [1, 0, 0, -2.0 / 3] as [Float]).allSatisfy { abs($0 - $1) < 1e-4 }, "\(result)")
  }

  @Test func spectralNormContinuesFromItsVectors() throws {
    let model = SpectralNorm(Dense(4, 3), of: \.weight, axis: 1)
    try model.left.variable().set([1, 0, 0])
    let (_, gradients) = valueAndGradient(of: model) { $0(.ones([2, 4])).square().mean() }
    try GradientDescent(for: model, learningRate: 0).update(along: gradients)
    let left = try model.left.variable().values()
    #expect(left != [1, 0, 0] && abs(left.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
  }

  private struct Named: Layer {
    let branches: [String: any Layer]
    let stages: [[String: Dense]]
    func callAsFunction(_ x: Tensor) -> Tensor {
      branches.sorted { $0.key < $1.key }.reduce(x) { $1.value($0) } + stages.reduce(x) { $1["only"]?($0) ?? $0 }
    }
  }

  @Test func dictionariesOfLayersHaveAnOrder() throws {
    let keys = ["stem", "alpha", "head", "body", "zeta"]
    func layer(_ key: String) -> any Layer { if key == "body" { Flatten() } else { Dense(3, 3) } }
    let model = Named(
      branches: Dictionary(uniqueKeysWithValues: keys.map { ($0, layer($0)) }),
      stages: [["only": Dense(3, 3)]])
    let names =
      ["alpha", "head", "stem", "zeta"].flatMap { ["branches.\($0).weight", "branches.\($0).bias"] }
      + ["stages.0.only.weight", "stages.0.only.bias"]
    #expect(model.parameters.map(\.name) == names)
    let copy = try model.copy()
    #expect(copy.parameters.map(\.name) == names)
    let x = Tensor([1, 2, 3], shape: [1, 3])
    #expect(try copy(x).values() == model(x).values())
  }

  private static var x: Tensor { .ones([2, 3, 4]) }
  private static let wrong: [@Sendable () -> Tensor] = [
    { InstanceNorm(0)(x) }, { InstanceNorm(2)(x) }, { InstanceNorm(3)(.ones([2, 3])) }, { RMSNorm(5)(x) },
    { RMSNorm(shape: [])(x) }, { LayerNorm(shape: [2, 4])(x) }, { LayerNorm(shape: [3, 4], epsilon: -1)(x) },
    { LocalResponseNorm(0)(x) }, { LocalResponseNorm(3)(.ones([3])) }, { ChannelDropout(1)(x) },
    { ChannelDropout(0.5)(.ones([3])) }, { StochasticDepth(-1)(x) }, { AlphaDropout(.nan)(x) },
    { Unflatten(to: [2, 2])(x) }, { Unflatten(axis: 7, to: [3])(x) }, { PixelShuffle(0)(x) }, { PixelShuffle(2)(x) },
    { PixelUnshuffle(3)(.ones([1, 1, 4, 6])) }, { Bilinear(4, 0, 2)(x) }, { Bilinear(4, 4, 2)(x, .ones([2, 2, 4])) },
    { EmbeddingBag(4, 2)(x) }, { EmbeddingBag(4, 2)(Tensor([1] as [Int32], shape: [1, 1]), weights: .ones([1, 1])) },
    { SqueezeExcitation(4)(x) }, { WeightNorm(Dense(4, 2), of: \.weight, axis: 2)(x) },
    { SpectralNorm(LayerNorm(4), of: \.scale, axis: 0)(x) },
  ]

  @Test(arguments: wrong.indices) func wrongArgumentsSaySo(index: Int) throws {
    let failure = try #require(Self.wrong[index]().failure, "no error: \(index)")
    #expect(isSentence(failure.message), "\(failure.message)")
  }
}
