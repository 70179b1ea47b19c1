import NeuralNetworks
import Testing

@testable import Tensors

/// Convolutions, padding and pooling of sequences, images and volumes, and their gradients against PyTorch's.
@Suite struct ImageCaseTests {
  @Test func thereAreAllCases() throws {
    let cases = try ModuleCase.all(in: "images")
    #expect(cases.count == 116)
    #expect(
      Set(cases.map(\.layer)) == [
        "convolution", "transposed", "pad", "maxPool", "averagePool", "lpPool", "positions", "invertedResidual",
      ])
  }

  @Test(arguments: try ModuleCase.all(in: "images"), [DType.float32, .float64])
  func matchesPyTorch(_ example: ModuleCase, type: DType) throws {
    switch example.layer {
    case "positions": try checkPositions(example, type)
    case "convolution", "transposed":
      if type == .float32 { try check(try convolution(example), example, type) }
    case "invertedResidual":
      let stride = try sizes(example, "stride").sizes[0]
      let block = InvertedResidualBlock(
        4, Int(try example.needed("outputs")), expansion: Int(try example.needed("expansion")), stride: stride)
      if type == .float32 { try check(block, example, type) }
    default:
      let layer = try layer(example)
      try example.results.check(Activation.none, as: type) { _, inputs in
        ["output": layer(try #require(inputs["input"]))]
      }
    }
  }

  private func check<Model: Layer>(_ model: Model, _ example: ModuleCase, _ type: DType) throws {
    try example.results.check(model, as: type) { model, inputs in ["output": model(try #require(inputs["input"]))] }
  }

  private func sizes(_ example: ModuleCase, _ name: String) throws -> SpatialSize {
    SpatialSize(try #require(example.numbers(name), "\(example.testDescription) lacks '\(name)'").map { Int($0) })
  }

  private func convolution(_ example: ModuleCase) throws -> any Layer {
    let (inputs, outputs) = (try example.results.input("input").shape[1], Int(try example.needed("outputs")))
    let (kernel, stride) = (try sizes(example, "kernel"), try sizes(example, "stride"))
    let (dilation, groups) = (try sizes(example, "dilation"), Int(try example.needed("groups")))
    let padding = example.flag("same") ? Padding.same : .explicit(try sizes(example, "padding"))
    if example.layer == "convolution" {
      let mode = try #require(example.text("mode").flatMap(PaddingMode.init))
      func made<Made: ConvolutionLayer>(
        _ make: (
          Int, Int, SpatialSize, SpatialSize, Padding, PaddingMode, SpatialSize, Int, Bool, Activation, Initializer?
        )
          -> Made
      ) -> any Layer { make(inputs, outputs, kernel, stride, padding, mode, dilation, groups, true, .none, nil) }
      return switch kernel.sizes.count {
      case 1: made(Conv1D.init)
      case 2: made(Conv2D.init)
      default: made(Conv3D.init)
      }
    }
    let more = try sizes(example, "outputPadding")
    func made<Made: ConvolutionLayer>(
      _ make: (
        Int, Int, SpatialSize, SpatialSize, Padding, SpatialSize, SpatialSize, Int, Bool, Activation, Initializer?
      )
        -> Made
    ) -> any Layer { make(inputs, outputs, kernel, stride, padding, more, dilation, groups, true, .none, nil) }
    return switch kernel.sizes.count {
    case 1: made(ConvTranspose1D.init)
    case 2: made(ConvTranspose2D.init)
    default: made(ConvTranspose3D.init)
    }
  }

  private func layer(_ example: ModuleCase) throws -> any Layer {
    if example.layer == "pad" {
      let mode = try #require(example.text("mode").flatMap(PaddingMode.init))
      return NeuralNetworks.Pad(try sizes(example, "begin"), end: try sizes(example, "end"), mode: mode)
    }
    let (kernel, stride) = (try sizes(example, "kernel"), try sizes(example, "stride"))
    let (padding, roundsUp) = (Padding.explicit(try sizes(example, "padding")), example.flag("roundsUp"))
    let (axes, counts) = (kernel.sizes.count, example.flag("countsPadding"))
    switch example.layer {
    case "maxPool":
      let dilation = try sizes(example, "dilation")
      func made<Made: PoolingLayer>(_ make: (SpatialSize, SpatialSize?, Padding, SpatialSize, Bool) -> Made)
        -> any Layer
      {
        make(kernel, stride, padding, dilation, roundsUp)
      }
      return axes == 1 ? made(MaxPool1D.init) : axes == 2 ? made(MaxPool2D.init) : made(MaxPool3D.init)
    case "averagePool":
      func made<Made: PoolingLayer>(_ make: (SpatialSize, SpatialSize?, Padding, Bool, Bool) -> Made) -> any Layer {
        make(kernel, stride, padding, roundsUp, counts)
      }
      return axes == 1 ? made(AveragePool1D.init) : axes == 2 ? made(AveragePool2D.init) : made(AveragePool3D.init)
    case "lpPool":
      return LpPool(power: try example.needed("power"), kernel, stride: stride, roundsUp: roundsUp)
    default: throw TensorError("no such layer: \(example.layer)")
    }
  }

  private func checkPositions(_ example: ModuleCase, _ type: DType) throws {
    let (kernel, stride) = (try sizes(example, "kernel"), try sizes(example, "stride"))
    let padding = try sizes(example, "padding")
    try example.results.check(Activation.none, as: type) { _, inputs in
      let x = try #require(inputs["input"])
      let (values, positions) = x.maxPooledWithPositions(
        kernel: kernel, stride: stride, paddingBegin: padding, paddingEnd: padding)
      let size = SpatialSize(Array(x.shape.dropFirst(2)))
      return [
        "output": example.flag("unpools") ? values.maxUnpooled(to: size, positions: positions) : values,
        "positions": positions.cast(to: type).stoppingGradient(),
      ]
    }
  }
}
