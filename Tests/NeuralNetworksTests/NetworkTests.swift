import Models
import NeuralNetworks
import Testing

@testable import Tensors

/// A network's values from PyTorch.
private struct NetworkFixture: Decodable {
  struct Settings: Decodable {
    var name: String
    var learningRate: Float
    var momentum: Float?
    var weightDecay: Float?
    var beta1: Double?
    var beta2: Double?
    var epsilon: Float?
  }
  struct Curve: Decodable {
    var optimizer: Settings
    /// Before each of ten steps and after the last, in double precision.
    var lossesFloat64: [Double]
    var evaluationLogitsFloat64: [[Double]]?
  }
  struct Sums: Decodable {
    var sum: Double
    var sumOfSquares: Double
    var first: [Double]
    var last: [Double]
  }

  var input: GeneratedArray
  var labels: [Int32]
  var parameterCount: Int
  var parameters: [GeneratedArray]
  var logits: [[Double]]
  var loss: Double
  var gradients: [String: [Double]]?
  var gradientSums: [String: Sums]?
  var runningMean: [String: [Double]]?
  var runningVariance: [String: [Double]]?
  var evaluationLogitsAfterOneForward: [[Double]]?
  var curves: [Curve]
}

/// Whole networks against PyTorch: forward, backward and ten steps of training.
@Suite struct NetworkTests {
  @Test(arguments: ["mlp", "cnn", "resnet20"]) func parametersAreThoseOfPyTorch(_ name: String) throws {
    let content = try fixture(name, as: NetworkFixture.self)
    let model = try makeNetwork(name, content)
    #expect(model.parameterCount == content.parameterCount)
    #expect(model.parameters.map(\.name) == content.parameters.map(\.name))
    #expect(model.parameters.map(\.parameter.shape.dimensions) == content.parameters.map(\.shape))
  }

  @Test(arguments: ["mlp", "cnn", "resnet20"]) func logitsAndLossMatchPyTorch(_ name: String) throws {
    let content = try fixture(name, as: NetworkFixture.self)
    let model = try makeNetwork(name, content)
    let logits = training { model(content.input.tensor) }
    #expect(logits.shape.dimensions == [content.labels.count, 10])
    let difference = relativeDifference(try logits.values(), Array(content.logits.joined()))
    #expect(difference <= 1e-5)
    #expect(relativeDifference([try training { loss(of: model, content) }.scalar()], [content.loss]) <= 1e-5)
  }

  @Test(arguments: ["mlp", "cnn"]) func gradientsMatchPyTorch(_ name: String) throws {
    let content = try fixture(name, as: NetworkFixture.self)
    let model = try makeNetwork(name, content)
    let expected = try #require(content.gradients)
    #expect(expected.count == model.parameters.count)
    for (name, slope) in try slopes(of: model, content) {
      let difference = relativeDifference(slope, try #require(expected[name]))
      #expect(difference <= 1e-5, "\(name): \(difference)")
    }
  }

  @Test func gradientsOfTheResidualNetworkMatchPyTorch() throws {
    let content = try fixture("resnet20", as: NetworkFixture.self)
    let model = try makeNetwork("resnet20", content)
    let expected = try #require(content.gradientSums)
    #expect(expected.count == model.parameters.count)
    for (name, slope) in try slopes(of: model, content) {
      let sums = try #require(expected[name])
      let largest = Double(slope.reduce(0) { max($0, abs($1)) })
      let first = greatestDifference(Array(slope.prefix(sums.first.count)), sums.first)
      let last = greatestDifference(Array(slope.suffix(sums.last.count)), sums.last)
      #expect(max(first, last) <= 1e-4 * largest, "\(name): \(first) and \(last) of \(largest)")
      let sumOfSquares = slope.reduce(0) { $0 + Double($1) * Double($1) }
      #expect(abs(sumOfSquares - sums.sumOfSquares) <= 1e-4 * sums.sumOfSquares, "\(name): \(sumOfSquares)")
      // The sum nearly cancels, so what counts is the size of what is added up.
      let sum = slope.reduce(0) { $0 + Double($1) }
      let size = slope.reduce(0) { $0 + Double(abs($1)) }
      #expect(abs(sum - sums.sum) <= 1e-4 * size, "\(name): \(sum)")
    }
  }

  @Test func runningStatisticsMatchPyTorch() throws {
    let content = try fixture("resnet20", as: NetworkFixture.self)
    let model = try makeNetwork("resnet20", content)
    // A step of length zero, which moves only the running statistics.
    try GradientDescent(for: model, learningRate: 0)
      .update(along: differentiate(model, content).gradients)
    let means = try #require(content.runningMean)
    let variances = try #require(content.runningVariance)
    #expect(model.buffers.count == means.count + variances.count)
    for (name, buffer) in model.buffers {
      let layer = name.split(separator: ".").dropLast().joined(separator: ".")
      let expected = try #require((name.hasSuffix(".runningMean") ? means : variances)[layer])
      let difference = relativeDifference(try buffer.variable().values(), expected)
      #expect(difference <= 1e-5, "\(name): \(difference)")
    }
    let logits = inference { model(content.input.tensor) }
    let expected = try #require(content.evaluationLogitsAfterOneForward)
    #expect(relativeDifference(try logits.values(), Array(expected.joined())) <= 1e-5)
  }

  @Test(arguments: ["mlp", "cnn", "resnet20"]) func tenStepsFollowPyTorch(_ name: String) throws {
    let content = try fixture(name, as: NetworkFixture.self)
    for curve in content.curves {
      let model = try makeNetwork(name, content)
      let optimizer = try makeRule(curve.optimizer, model)
      var losses: [Float] = []
      for _ in curve.lossesFloat64.dropLast() {
        let (loss, slopes) = differentiate(model, content)
        try optimizer.update(along: slopes)
        losses.append(try loss.scalar())
      }
      // The last pass moves the running statistics once more, but no parameter.
      let (lastLoss, lastGradients) = differentiate(model, content)
      try GradientDescent(for: model, learningRate: 0).update(along: lastGradients)
      losses.append(try lastLoss.scalar())
      #expect(losses.count == 11)
      for (step, (actual, expected)) in zip(losses, curve.lossesFloat64).enumerated() {
        let difference = relativeDifference([actual], [expected])
        #expect(difference <= 1e-4, "\(curve.optimizer.name), step \(step): \(difference)")
      }
      if let expected = curve.evaluationLogitsFloat64 {
        // PyTorch's own single precision is 3e-5 off here.
        let logits = inference { model(content.input.tensor) }
        let difference = relativeDifference(try logits.values(), Array(expected.joined()))
        #expect(difference <= 1e-3, "\(curve.optimizer.name), evaluation: \(difference)")
      }
    }
  }

  private func loss(of model: any Layer, _ content: NetworkFixture) -> Tensor {
    crossEntropy(
      logits: model(content.input.tensor), labels: Tensor(content.labels, shape: [content.labels.count]))
  }

  private func differentiate(
    _ model: some Layer, _ content: NetworkFixture
  ) -> (loss: Tensor, gradients: Gradients) {
    valueAndGradient(of: model) { loss(of: $0, content) }
  }

  private func slopes(
    of model: any Layer, _ content: NetworkFixture
  ) throws -> [(name: String, values: [Float])] {
    let slopes = differentiate(model, content).gradients
    let tensors = try model.parameters.map { try #require(slopes[$0.parameter], "\($0.name) has no gradient") }
    try evaluate(tensors)
    return try zip(model.parameters, tensors).map { ($0.name, try $1.values()) }
  }

  private func makeNetwork(_ name: String, _ content: NetworkFixture) throws -> any Layer {
    let model: any Layer =
      switch name {
      case "mlp":
        try ModelDescription(kind: .mlp, inputShape: [1, 8, 8], classes: 10, hidden: 32).makeModel()
      case "cnn":
        Sequential {
          Conv2D(1, 4, kernelSize: 3, padding: .same, activation: .relu)
          MaxPool2D(2)
          Conv2D(4, 8, kernelSize: 3, padding: .same, activation: .relu)
          MaxPool2D(2)
          Flatten()
          Dense(72, 16, activation: .relu)
          Dense(16, 10)
        }
      default: try ModelDescription(kind: .resnet20, inputShape: [3, 32, 32], classes: 10).makeModel()
      }
    let parameters = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.parameter) })
    for array in content.parameters {
      let name = try #require(array.name)
      try #require(parameters[name], "the model lacks \(name)").variable().set(array.values)
    }
    return model
  }

  private func makeRule(_ settings: NetworkFixture.Settings, _ model: any Layer) throws -> any Optimizer {
    let rate = settings.learningRate
    switch settings.name {
    case "sgd":
      return try makeOptimizer(
        named: "sgd", for: model, learningRate: rate, momentum: settings.momentum, weightDecay: settings.weightDecay)
    case "adam":
      return Adam(
        for: model, learningRate: rate, beta1: try #require(settings.beta1), beta2: try #require(settings.beta2),
        epsilon: settings.epsilon, variant: .pytorch)
    default: throw TensorError("no such rule: \(settings.name)")
    }
  }
}
