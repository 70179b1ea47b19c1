import NeuralNetworks
import Testing

@testable import Tensors

/// Resizing, adaptive pooling, folding and grid sampling, and their gradients against PyTorch's.
@Suite struct ResamplingCaseTests {
  @Test func thereAreAllCases() throws {
    let cases = try ModuleCase.all(in: "resampling")
    #expect(cases.count == 121)
    #expect(Set(cases.map(\.layer)).count == 9)
  }

  @Test(arguments: try ModuleCase.all(in: "resampling"), [DType.float32, .float64])
  func matchesPyTorch(_ example: ModuleCase, type: DType) throws {
    try example.results.check(Activation.none, as: type) { _, inputs in
      try results(of: example, try #require(inputs["input"]), grid: inputs["grid"])
    }
  }

  private func sizes(_ example: ModuleCase, _ name: String) throws -> SpatialSize {
    SpatialSize(try #require(example.numbers(name), "\(example.testDescription) lacks '\(name)'").map { Int($0) })
  }

  private func results(of example: ModuleCase, _ x: Tensor, grid: Tensor?) throws -> [String: Tensor] {
    let aligns = example.flag("alignsCorners")
    func withPositions(_ found: (values: Tensor, positions: Tensor)) -> [String: Tensor] {
      ["output": found.values, "positions": found.positions.cast(to: x.dtype).stoppingGradient()]
    }
    switch example.layer {
    case "resize":
      let mode = try #require(example.text("mode").flatMap(ResizeMode.init))
      let layer = Upsample(
        to: try sizes(example, "to"), mode: mode, alignsCorners: aligns, antialiases: example.flag("antialiases"))
      return ["output": layer(x)]
    case "adaptiveAverage": return ["output": AdaptiveAveragePool(to: try sizes(example, "to"))(x)]
    case "adaptiveMax": return withPositions(x.adaptiveMaxPooledWithPositions(to: try sizes(example, "to")))
    case "fractionalMax":
      let (kernel, size) = (try sizes(example, "kernel"), try sizes(example, "to"))
      let numbers = try #require(example.numbers("samples"))
      let samples = Tensor(numbers, shape: [x.shape[0], x.shape[1], kernel.sizes.count]).cast(to: x.dtype)
      return withPositions(x.fractionalMaxPooled(kernel: kernel, to: size, samples: samples))
    case "unfold", "fold":
      let (kernel, stride) = (try sizes(example, "kernel"), try sizes(example, "stride"))
      let (padding, dilation) = (Padding.explicit(try sizes(example, "padding")), try sizes(example, "dilation"))
      let layer: any Layer =
        example.layer == "unfold"
        ? NeuralNetworks.Unfold(kernel, stride: stride, padding: padding, dilation: dilation)
        : NeuralNetworks.Fold(
          to: try sizes(example, "to"), kernel, stride: stride, padding: padding, dilation: dilation)
      return ["output": layer(x)]
    case "channelShuffle": return ["output": ChannelShuffle(groups: Int(try example.needed("groups")))(x)]
    case "gridSample":
      let mode = try #require(example.text("mode").flatMap(ResizeMode.init))
      let padding = try #require(example.text("padding").flatMap(PaddingMode.init))
      let grid = try #require(grid)
      let samples = x.gridSampled(at: grid, mode: mode, paddingMode: padding, alignsCorners: aligns)
      // The nearest element does not depend on the grid.
      return ["output": mode == .nearest ? samples + grid.sum() * 0 : samples]
    case "affineGrid": return ["output": x.affineGrid(size: try sizes(example, "to"), alignsCorners: aligns)]
    default: throw TensorError("no such layer: \(example.layer)")
    }
  }

  @Test func layersGiveTheSizesThatWereAskedFor() throws {
    let images = Tensor.ones([2, 3, 5, 4])
    #expect(Upsample(by: [2, 3], mode: .linear)(images).shape == [2, 3, 10, 12])
    #expect(AdaptiveMaxPool(to: [3, 1])(images).shape == [2, 3, 3, 1])
    #expect(FractionalMaxPool(2, to: 3)(images).shape == [2, 3, 3, 3])
    #expect(try FractionalMaxPool(2, to: 3)(images).values().allSatisfy { $0 == 1 })
    #expect(GlobalAveragePool()(images).shape == [2, 3])
    #expect(GlobalMaxPool()(.ones([2, 3, 4, 5, 6])).shape == [2, 3])
  }
}
