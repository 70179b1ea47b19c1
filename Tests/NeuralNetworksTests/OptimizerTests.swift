import NeuralNetworks
import Testing

@testable import Tensors

/// The trajectory of a rule in double precision.
struct OptimizerCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Hyperparameters: Decodable, Sendable {
    var learningRate: Float
    var momentum: Double?
    var weightDecay: Float?
    var decay: Double?
    var epsilon: Float?
    var beta1: Double?
    var beta2: Double?
  }
  struct Point: Decodable, Sendable {
    var step: Int
    var parameters: [Double]
  }

  var name: String
  var hyperparameters: Hyperparameters
  var trajectory: [Point]

  var testDescription: String { name }

  static func all(_ variant: OptimizerVariant) throws -> [OptimizerCase] {
    let content = try fixture("optimizers", as: Content.self)
    return variant == .paper ? content.paper : content.pytorch
  }

  static func start() throws -> [Float] {
    try fixture("optimizers", as: Content.self).start.values
  }

  private struct Content: Decodable {
    var start: GeneratedArray
    var pytorch: [OptimizerCase]
    var paper: [OptimizerCase]
  }
}

/// Our rules in single precision against the same rules in double precision, on a curved valley of five parameters.
@Suite struct OptimizerTests {
  private struct Valley: Layer {
    let point: Parameter

    func callAsFunction(_ x: Tensor) -> Tensor { x }

    var height: Tensor {
      let t = point.tensor
      let first = t.sliced(starts: [0], shape: [4])
      let second = t.sliced(starts: [1], shape: [4])
      return 0.05 * (10 * (second - first.square()).square() + (1 - first).square()).sum()
    }
  }

  @Test func thereAreAllRules() throws {
    let names = [
      "sgd", "sgd-weight-decay", "momentum", "momentum-ema", "nesterov", "adagrad", "rmsprop", "adam", "adamw",
    ]
    #expect(try OptimizerCase.all(.pytorch).map(\.name) == names)
    #expect(try OptimizerCase.all(.paper).map(\.name) == names)
  }

  @Test(arguments: try OptimizerCase.all(.pytorch)) func pathsAreThoseOfPyTorch(_ rule: OptimizerCase) throws {
    try follow(rule, .pytorch)
  }

  @Test(arguments: try OptimizerCase.all(.paper)) func pathsAreThoseOfThePapers(_ rule: OptimizerCase) throws {
    try follow(rule, .paper)
  }

  private func follow(_ rule: OptimizerCase, _ variant: OptimizerVariant) throws {
    let model = Valley(point: Parameter(try OptimizerCase.start(), shape: [5]))
    let optimizer = try makeRule(rule, variant, model)
    for point in rule.trajectory {
      // The paper's RMSProp has no ε: near the minimum it oscillates and rounding errors have grown 10⁹ times by step
      // 120.
      if variant == .paper, rule.name == "rmsprop", point.step > 50 { break }
      while optimizer.stepCount < point.step {
        try optimizer.update(along: valueAndGradient(of: model) { $0.height }.gradients)
      }
      var actual = try model.point.variable().values()
      if variant == .paper, rule.name == "nesterov" {
        // Recorded is θ; ours is the point θ + μ · v at which the gradient is taken.
        let velocity = try #require(optimizer.stateVariables.first).values()
        let momentum = Float(try #require(rule.hyperparameters.momentum))
        actual = zip(actual, velocity).map { $0 - momentum * $1 }
      }
      let difference = greatestDifference(actual, point.parameters)
      #expect(difference <= 2e-4, "\(rule.name), step \(point.step): \(difference)")
    }
    #expect(optimizer.stepCount >= 50)
  }

  private func makeRule(
    _ rule: OptimizerCase, _ variant: OptimizerVariant, _ model: Valley
  ) throws -> any Optimizer {
    let settings = rule.hyperparameters
    let rate = settings.learningRate
    switch rule.name {
    case "sgd": return GradientDescent(for: model, learningRate: rate)
    case "sgd-weight-decay":
      return GradientDescent(for: model, learningRate: rate, weightDecay: try #require(settings.weightDecay))
    case "momentum":
      return Momentum(
        for: model, learningRate: rate, momentum: try #require(settings.momentum), variant: variant)
    case "momentum-ema":
      return MomentumEMA(
        for: model, learningRate: rate, momentum: try #require(settings.momentum), variant: variant)
    case "nesterov":
      return Nesterov(
        for: model, learningRate: rate, momentum: try #require(settings.momentum), variant: variant)
    case "adagrad":
      return AdaGrad(for: model, learningRate: rate, epsilon: settings.epsilon, variant: variant)
    case "rmsprop":
      return RMSProp(
        for: model, learningRate: rate, decay: settings.decay, epsilon: settings.epsilon,
        variant: variant)
    case "adam":
      return Adam(
        for: model, learningRate: rate, beta1: try #require(settings.beta1), beta2: try #require(settings.beta2),
        epsilon: settings.epsilon, variant: variant)
    case "adamw":
      return AdamW(
        for: model, learningRate: rate, beta1: try #require(settings.beta1), beta2: try #require(settings.beta2),
        epsilon: settings.epsilon, variant: variant,
        weightDecay: try #require(settings.weightDecay))
    default: throw TensorError("no such rule: \(rule.name)")
    }
  }
}
