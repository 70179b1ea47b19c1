import NeuralNetworks
import Testing

@testable import Tensors

/// Layers and their gradients against PyTorch's.
@Suite struct ModuleCaseTests {
  @Test func thereAreAllCases() throws {
    let cases = try ModuleCase.all(in: "modules")
    #expect(cases.count == 47)
    #expect(Set(cases.map(\.layer)).count == 19)
  }

  @Test(arguments: try ModuleCase.all(in: "modules")) func matchesPyTorch(_ example: ModuleCase) throws {
    switch example.layer {
    case "weightNorm", "spectralNorm": try checkReparameterized(example)
    case "bilinear":
      let model = Bilinear(3, 4, 5)
      try example.results.check(model) { model, inputs in
        ["output": model(try #require(inputs["a"]), try #require(inputs["b"]))]
      }
    case "embeddingBag":
      let tokens = Tensor(try #require(example.numbers("tokens")).map { Int32($0) }, shape: [3, 5])
      let pooling = try #require(example.text("mode").flatMap(EmbeddingBag.Pooling.init))
      let model = EmbeddingBag(7, 4, pooling: pooling, padding: example.number("padding").map { Int32($0) })
      try example.results.check(model) { model, inputs in
        ["output": inputs["weights"].map { model(tokens, weights: $0) } ?? model(tokens)]
      }
    default: try check(try layer(of: example), example)
    }
  }

  private func layer(of example: ModuleCase) throws -> any Layer {
    let shape = Shape(example.numbers("sizes")?.map { Int($0) } ?? [])
    switch example.layer {
    case "instanceNorm": return InstanceNorm(3, isAffine: example.flag("affine"))
    case "batchNorm": return NeuralNetworks.BatchNorm(3)
    case "localResponseNorm":
      return LocalResponseNorm(
        Int(try example.needed("size")), alpha: try example.needed("alpha"), beta: try example.needed("beta"),
        k: try example.needed("k"))
    case "layerNorm": return LayerNorm(shape: shape, epsilon: try example.needed("epsilon"))
    case "rmsNorm": return RMSNorm(shape: shape, epsilon: try example.needed("epsilon"))
    case "squeezeExcitation": return SqueezeExcitation(6, reduced: 2)
    case "pixelShuffle": return PixelShuffle(3)
    case "pixelUnshuffle": return PixelUnshuffle(2)
    case "unflatten": return Unflatten(axis: -1, to: [2, 6])
    case "identity": return Identity()
    case "flatten": return Flatten(from: 2)
    case "normalizedConvolution": return NormalizedConv2D(3, 4, kernelSize: 3, padding: .explicit(1))
    case "residualBlock":
      let outputs = Int(try example.needed("outputs"))
      return ResidualBlock(4, outputs, stride: outputs == 4 ? 1 : 2)
    case "globalAverage": return GlobalAveragePool()
    case "globalMax": return GlobalMaxPool()
    default: throw TensorError("no such layer: \(example.layer)")
    }
  }

  private func check<Model: Layer>(_ model: Model, _ example: ModuleCase) throws {
    try example.results.check(model) { model, inputs in ["output": model(try #require(inputs["input"]))] }
  }

  private func checkReparameterized(_ example: ModuleCase) throws {
    let isSpectral = example.layer == "spectralNorm"
    switch (isSpectral, example.text("kind") == "dense") {
    case (false, true): try check(WeightNorm(Dense(6, 3), of: \.weight, axis: -1), example)
    case (false, false): try check(WeightNorm(Conv2D(3, 4, kernelSize: 3), of: \.weight, axis: 0), example)
    case (true, true): try check(try fromOnes(SpectralNorm(Dense(6, 3), of: \.weight, axis: 1)), example)
    case (true, false):
      try check(try fromOnes(SpectralNorm(Conv2D(3, 4, kernelSize: 3), of: \.weight, axis: 0)), example)
    }
  }

  /// The vector from which the fixture's power iteration starts.
  private func fromOnes<Wrapped>(_ layer: SpectralNorm<Wrapped>) throws -> SpectralNorm<Wrapped> {
    try layer.left.variable().set([Float](repeating: 1, count: layer.left.shape.elementCount))
    return layer
  }
}
