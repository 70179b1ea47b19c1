import NeuralNetworks
import Testing

@testable import Tensors

/// One operation with PyTorch's output and gradients.
struct LayerCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Geometry: Decodable, Sendable {
    var kernelSize: [Int]?
    var stride: [Int]?
    var padding: [Int]?
    var dilation: [Int]?
    var groups: Int?
    var countIncludesPadding: Bool?
    var training: Bool?
    var momentum: Float?
    var epsilon: Double?
    var axis: Int?
    var labels: [Int32]?
  }
  struct Output: Decodable, Sendable {
    var shape: [Int]
    var values: [Double]
  }
  struct State: Decodable, Sendable {
    var runningMean: [Double]
    var runningVariance: [Double]
  }

  var name: String
  var operation: String
  var geometry: Geometry?
  var inputs: [GeneratedArray]
  var output: Output
  var outputWeights: GeneratedArray
  /// Of the sum of output · outputWeights, by the input's name.
  var gradients: [String: [Double]]
  var state: State?

  var testDescription: String { "\(operation): \(name)" }

  func input(_ name: String) throws -> GeneratedArray {
    try #require(inputs.first { $0.name == name }, "\(testDescription) lacks the input '\(name)'")
  }

  static func all() throws -> [LayerCase] {
    struct Content: Decodable { var cases: [LayerCase] }
    return try fixture("layers", as: Content.self).cases
  }
}

/// Operations and their gradients against PyTorch's.
@Suite struct LayerCaseTests {
  @Test func thereAreAllCases() throws {
    let cases = try LayerCase.all()
    #expect(cases.count == 44)
    #expect(
      Set(cases.map(\.operation)) == [
        "convolution2D", "maxPool2D", "averagePool2D", "batchNormalization", "softmax", "logSoftmax", "crossEntropy",
        "meanSquaredError", "tanh", "sigmoid", "matmul",
      ])
  }

  @Test(arguments: try LayerCase.all().filter { $0.operation != "batchNormalization" })
  func outputAndGradientsMatchPyTorch(_ layer: LayerCase) throws {
    let inputs = layer.inputs.map(\.tensor)
    let output = try apply(layer, inputs)
    let loss = (output * layer.outputWeights.tensor).sum()
    let slopes = gradients(of: loss, withRespectTo: inputs)
    try check(output, of: layer)
    for (input, slope) in zip(layer.inputs, slopes) {
      let name = try #require(input.name)
      try check(try #require(slope, "no gradient of \(name)"), of: name, in: layer)
    }
  }

  @Test(arguments: try LayerCase.all().filter { $0.operation == "batchNormalization" })
  func batchNormalizationMatchesPyTorch(_ layer: LayerCase) throws {
    let geometry = try #require(layer.geometry)
    let x = try layer.input("input").tensor
    let normalization = BatchNorm(
      x.shape[1], momentum: try #require(geometry.momentum), epsilon: try #require(geometry.epsilon))
    try normalization.scale.variable().set(try layer.input("scale").values)
    try normalization.shift.variable().set(try layer.input("shift").values)
    try normalization.runningMean.variable().set(try layer.input("runningMean").values)
    try normalization.runningVariance.variable().set(try layer.input("runningVariance").values)
    let isTraining = try #require(geometry.training as Bool?)
    var output = Tensor.zeros([])
    let (loss, slopes) = valueAndGradient(of: normalization) { model in
      output = isTraining ? model(x) : inference { model(x) }
      return (output * layer.outputWeights.tensor).sum()
    }
    let slope = try #require(gradients(of: loss, withRespectTo: [x])[0])
    let scaleGradient = try #require(slopes[normalization.scale])
    let shiftGradient = try #require(slopes[normalization.shift])
    // A step of length zero, which moves only the running statistics.
    try GradientDescent(for: normalization, learningRate: 0)
      .update(along: slopes, evaluating: [output, slope, scaleGradient, shiftGradient])
    try check(output, of: layer)
    try check(slope, of: "input", in: layer)
    try check(scaleGradient, of: "scale", in: layer)
    try check(shiftGradient, of: "shift", in: layer)
    let state = try #require(layer.state)
    #expect(relativeDifference(try normalization.runningMean.variable().values(), state.runningMean) <= 1e-5)
    #expect(relativeDifference(try normalization.runningVariance.variable().values(), state.runningVariance) <= 1e-5)
  }

  private func check(_ output: Tensor, of layer: LayerCase) throws {
    #expect(output.shape.dimensions == layer.output.shape)
    expectClose(try output.values(), layer.output.values, "output")
  }

  private func check(_ slope: Tensor, of name: String, in layer: LayerCase) throws {
    expectClose(try slope.values(), try #require(layer.gradients[name]), "gradient of \(name)")
  }

  private func expectClose(_ actual: [Float], _ expected: [Double], _ what: String) {
    let largest = expected.reduce(0) { max($0, abs($1)) }
    let difference = greatestDifference(actual, expected)
    #expect(difference <= 1e-5 * largest + 1e-6, "\(what): \(difference) of \(largest)")
  }

  private func apply(_ layer: LayerCase, _ inputs: [Tensor]) throws -> Tensor {
    let geometry = layer.geometry
    switch layer.operation {
    case "convolution2D":
      let padding = try pair(geometry?.padding)
      let product = inputs[0].convolved(
        with: inputs[1], stride: try pair(geometry?.stride), paddingBegin: padding, paddingEnd: padding,
        dilation: try pair(geometry?.dilation), groups: try #require(geometry?.groups))
      return inputs.count == 2 ? product : product + inputs[2].reshaped(to: [1, inputs[2].shape[0], 1, 1])
    case "maxPool2D":
      let padding = try pair(geometry?.padding)
      return inputs[0].maxPooled(
        kernel: try pair(geometry?.kernelSize), stride: try pair(geometry?.stride), paddingBegin: padding,
        paddingEnd: padding)
    case "averagePool2D":
      let pooled = try averagePooled(inputs[0], geometry)
      // Without the padding, the divisor is the part of the window that is inside.
      return try #require(geometry?.countIncludesPadding as Bool?)
        ? pooled : pooled / (try averagePooled(.ones(inputs[0].shape), geometry))
    case "softmax": return inputs[0].softmax(axis: try #require(geometry?.axis))
    case "logSoftmax": return inputs[0].logSoftmax(axis: try #require(geometry?.axis))
    case "crossEntropy":
      let labels = try #require(geometry?.labels)
      return crossEntropy(logits: inputs[0], labels: Tensor(labels, shape: [labels.count]))
    case "meanSquaredError": return meanSquaredError(inputs[0], inputs[1])
    case "tanh": return inputs[0].tanh()
    case "sigmoid": return inputs[0].sigmoid()
    case "matmul": return inputs[0].matmul(inputs[1])
    default: throw TensorError("no such operation: \(layer.operation)")
    }
  }

  private func averagePooled(_ x: Tensor, _ geometry: LayerCase.Geometry?) throws -> Tensor {
    let padding = try pair(geometry?.padding)
    return x.averagePooled(
      kernel: try pair(geometry?.kernelSize), stride: try pair(geometry?.stride), paddingBegin: padding,
      paddingEnd: padding)
  }

  private func pair(_ sizes: [Int]?) throws -> SpatialSize {
    let sizes = try #require(sizes)
    try #require(sizes.count == 2)
    return SpatialSize(sizes[0], sizes[1])
  }
}
