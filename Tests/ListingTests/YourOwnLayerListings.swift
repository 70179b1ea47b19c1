// Made by tools/make_listings.py from Sources/Backprop/Backprop.docc/YourOwnLayer.md, where changes belong.
import Backprop
import Testing

private struct Highway: Layer {
  let transform: Dense
  let gate: Dense

  init(_ width: Int) {
    transform = Dense(width, width, activation: .relu)
    gate = Dense(width, width, activation: .sigmoid)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {  // [batch, width] -> [batch, width]
    let open = gate(x)
    return open * transform(x) + (1 - open) * x
  }
}

private struct Scale: NamedLayer {
  let weight: Parameter  // [width], from 1
  let path = LayerPath()
  let failure: TensorError?

  init(_ width: Int) {
    weight = Parameter(.ones, shape: [width], fanIn: 1, fanOut: 1, name: "weight")
    failure = width > 0 ? nil : TensorError("Scale: the width must be at least 1, not \(width)")
  }

  var summary: String { "Scale \(weight.count)" }

  func apply(_ x: Tensor) -> Tensor { x * weight.tensor }  // [..., width] -> [..., width]

  var ownParameterCount: Int { weight.count }

  func operations(input: Shape, output: Shape) -> Int { output.elementCount }
}

private struct Noise: Layer {
  let deviation: Float

  func callAsFunction(_ x: Tensor) -> Tensor {
    guard Mode.isTraining else { return x }
    return x + .randomNormal(x.shape) * .constant(deviation)
  }
}

private struct Centered: Layer {
  let mean: Buffer

  init(_ width: Int) { mean = Buffer(repeating: 0, shape: [width], name: "mean") }

  func callAsFunction(_ x: Tensor) -> Tensor {  // [batch, width] -> [batch, width]
    guard Mode.isTraining else { return x - mean.tensor }
    let batchMean = x.mean(axes: [0])
    mean.assignOnUpdate(0.9 * mean.tensor + 0.1 * batchMean)
    return x - batchMean
  }
}

@Suite struct YourOwnLayerListings {
  @Test func listing() throws {
    let model = Sequential {
      Dense(4, 8)
      Highway(8)
      Dense(8, 2)
    }
    for (name, parameter) in model.parameters { print(name, parameter.shape) }
    expectPrinted(
      "layers.0.weight [4, 8]",
      "layers.0.bias [8]",
      "layers.1.transform.weight [8, 8]",
      "layers.1.transform.bias [8]",
      "layers.1.gate.weight [8, 8]",
      "layers.1.gate.bias [8]",
      "layers.2.weight [8, 2]",
      "layers.2.bias [2]")

    let scaled = Sequential {
      Dense(4, 8)
      Scale(3)
    }
    do {
      _ = try scaled(.ones([2, 4])).values()
    } catch {
      print(error)
    }
    expectPrinted(
      "multiply: shapes [2, 8] and [3] do not broadcast: sizes must be equal or 1",
      "  in layer  layers.1 (Scale 3)",
      "  called at …")

    for line in try summarize(Scale(8), example: .ones([1, 8])) {
      print(line.kind, line.outputShape, line.parameters, line.operations)
    }
    expectPrinted("Scale 8 [1, 8] 8 8")

    let (noise, x) = (Noise(deviation: 0.1), Tensor([1, 2], shape: [2]))
    print(try noise(x).values() == [1, 2])
    expectPrinted("true")
    print(try training { noise(x) }.values() == [1, 2])
    expectPrinted("false")

    let network = Sequential {
      Centered(2)
      Dense(2, 1)
    }
    let batch = Tensor([1, 10, 3, 30], shape: [2, 2])
    let (_, gradients) = valueAndGradient(of: network) { $0(batch).square().mean() }
    try GradientDescent(for: network, learningRate: 0.1).update(along: gradients)
    for (name, buffer) in network.buffers { print(name, buffer.tensor) }
    expectPrinted("layers.0.mean Tensor [2] float32 [0.2, 2]")

    let layer = Highway(3)
    let check = try gradientCheck({ layer($0[0]) }, at: [Tensor([0.3, -0.7, 1.1], shape: [1, 3])])
    #expect(check.passes(tolerance: 1e-6), "\(check)")

    let precise = try layer.copy(as: .float64)
    let point = Tensor([0.3, -0.7, 1.1], shape: [1, 3])
    let difference = layer(point).cast(to: .float64) - precise(point.cast(to: .float64))
    #expect(try difference.abs().max().scalar(as: Double.self) < 1e-6)
  }
}
