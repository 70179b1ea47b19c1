import NeuralNetworks
import Testing

@testable import Tensors

/// 1,000 steps of each rule in float64 against PyTorch, Keras and the papers' rules by hand.
@Suite struct OptimizerPathTests {
  struct Content: Decodable {
    var arrays: [GeneratedArray]
    var rules: [Rule]
    var lbfgs: [Call]
  }

  /// Four steps of L-BFGS.
  struct Call: Decodable {
    var lossBefore: Double
    var parameters: [Double]
  }

  struct Rule: Decodable, Sendable, CustomTestStringConvertible {
    struct Point: Decodable, Sendable {
      var step: Int
      var parameters: [Double]
    }

    var variant: OptimizerVariant
    var name: String
    var learningRate: Float?
    var weightDecay: Float?
    /// What is done with the gradients.
    var gradients: String?
    var trajectory: [Point]

    var testDescription: String { "\(name) of \(variant)\(gradients.map { ", \($0)" } ?? "")" }
  }

  private struct Perceptron: Layer {
    let weight: Parameter
    let bias: Parameter

    func callAsFunction(_ x: Tensor) -> Tensor { (x.matmul(weight.tensor.transposed(0, 1)) + bias.tensor).tanh() }
  }

  @Test func thereAreAllRules() throws {
    let rules = try fixture("Optimizers/rules", as: Content.self).rules
    #expect(rules.filter { $0.variant == .pytorch }.count == 28)
    #expect(rules.filter { $0.variant == .keras }.count == 12)
    #expect(rules.filter { $0.variant == .paper }.count == 13)
    #expect(rules.allSatisfy { $0.trajectory.last?.step == 1000 })
  }

  @Test(arguments: try fixture("Optimizers/rules", as: Content.self).rules) func pathsAreThoseRecorded(_ rule: Rule)
    throws
  {
    let (model, batches) = try Self.start()
    let optimizer = try optimizer(rule, for: model)
    for point in rule.trajectory {
      // A change of the start by 1e-15 has grown to 3e-3 by step 1,000.
      if rule.name.hasPrefix("muon"), point.step > 100 { break }
      while optimizer.stepCount < point.step {
        let batch = batches[optimizer.stepCount % 3]
        if rule.name.hasSuffix(" cycled"), let rate = rule.learningRate { cycle(optimizer, rate) }
        let gradients = valueAndGradient(of: model) { ($0(batch[0]) - batch[1]).square().mean() }.gradients
        try optimizer.update(along: try changed(gradients, rule, model))
      }
      let found = try values(rule, model, optimizer)
      let difference = zip(found, point.parameters).map { abs($0 - $1) }.max() ?? .infinity
      #expect(found.count == point.parameters.count && difference <= 1e-9, "step \(point.step): \(difference)")
    }
  }

  /// The learning rate and β₁ of a step of 1,001, as the fixture sets them.
  private func cycle(_ optimizer: any Optimizer, _ rate: Float) {
    let schedule = LearningRateSchedule.oneCycle(momentum: 0.85...0.95)
    optimizer.learningRate = rate * Float(schedule.factor(after: optimizer.stepCount, of: 1001))
    let momentum = schedule.momentum(after: optimizer.stepCount, of: 1001)
    if let momentum { (optimizer as? any MomentumOptimizer)?.momentum = momentum }
  }

  /// The gradients as the fixture changes them before a step.
  private func changed(_ gradients: Gradients, _ rule: Rule, _ model: Perceptron) throws -> Gradients {
    switch rule.gradients {
    case nil, "accumulated": return gradients
    case "by value": return gradients.clipped(toValue: 0.0625)
    case "by norm": return gradients.clipped(toNorm: 0.125)
    case "adaptively": return gradients.clippedAdaptively(by: 0.125)
    default: throw TensorError("no such change of gradients: \(rule.gradients ?? "")")
    }
  }

  private func values(_ rule: Rule, _ model: Perceptron, _ optimizer: any Optimizer) throws -> [Double] {
    let variables =
      rule.name == "asgd averages"
      ? optimizer.stateVariables : try [model.weight, model.bias].map { try $0.variable() }
    return try variables.flatMap { try $0.values(as: Double.self) }
  }

  /// The same steps as PyTorch's, with the same line search.
  @Test func followsPyTorchsLBFGS() throws {
    let (model, batches) = try Self.start()
    let optimizer = LBFGS(for: model, history: 5)
    var loss: Double?
    for call in try fixture("Optimizers/rules", as: Content.self).lbfgs {
      if let loss { #expect(abs(loss - call.lossBefore) < 1e-9, "\(loss), \(call.lossBefore)") }
      loss = try optimizer.minimize(iterations: 4) { ($0(batches[0][0]) - batches[0][1]).square().mean() }
      let found = try [model.weight, model.bias].flatMap { try $0.variable().values(as: Double.self) }
      let difference = zip(found, call.parameters).map { abs($0 - $1) }.max() ?? .infinity
      #expect(difference < 1e-6, "\(difference)")
    }
    #expect(try #require(loss) < 0.3)
  }

  /// A loss that cannot be is an error, and the parameters stay.
  @Test func lbfgsLeavesParametersAfterAnError() throws {
    let (model, batches) = try Self.start()
    let before = try model.weight.variable().values(as: Double.self)
    #expect(throws: TensorError.self) {
      try LBFGS(for: model).minimize { ($0(batches[0][0]) - 2).log().mean() }
    }
    #expect(throws: TensorError.self) { try LBFGS(for: model, history: 0).minimize { $0(batches[0][0]).mean() } }
    #expect(throws: TensorError.self) { try LBFGS(for: model).minimize { $0(.ones([7])) } }
    #expect(try model.weight.variable().values(as: Double.self) == before)
  }

  /// The layer of the fixture in float64, and its three batches of inputs and targets.
  private static func start() throws -> (model: Perceptron, batches: [[Tensor]]) {
    let arrays = Dictionary(
      try fixture("Optimizers/rules", as: Content.self).arrays.map { ($0.name ?? "", $0) }, uniquingKeysWith: { $1 })
    func array(_ name: String) throws -> GeneratedArray { try #require(arrays[name]) }
    func parameter(_ name: String) throws -> Parameter {
      let array = try array(name)
      return Parameter(array.values, shape: Shape(array.shape), name: name)
    }
    let model = try Perceptron(weight: parameter("weight"), bias: parameter("bias")).copy(as: .float64)
    let batches = try (0..<3).map { index in
      try ["inputs", "targets"].map { name in
        let tensor = try array(name).tensor.cast(to: .float64)
        return tensor.sliced(starts: [index, 0, 0], shape: Shape([1] + tensor.shape.dimensions.dropFirst())).squeezed()
      }
    }
    return (model, batches)
  }

  private func optimizer(_ rule: Rule, for model: Perceptron) throws -> any Optimizer {
    let (variant, decay, rate) = (rule.variant, rule.weightDecay ?? 0, rule.learningRate)
    let needed = rate ?? .nan
    return switch rule.name {
    case "sgd": GradientDescent(for: model, learningRate: needed)
    case "momentum": Momentum(for: model, learningRate: needed, variant: variant)
    case "momentum dampened":
      Momentum(for: model, learningRate: needed, dampening: 0.25, variant: variant)
    case "asgd", "asgd averages": ASGD(for: model, learningRate: needed, decay: 0.0078125, averagingStart: 10)
    case "lookahead": Lookahead(Adam(for: model, learningRate: needed), for: model)
    case "adam" where rule.gradients == "accumulated":
      GradientAccumulation(Adam(for: model, learningRate: needed, variant: variant), for: model, of: 3)
    case "nesterov": Nesterov(for: model, learningRate: needed, variant: variant)
    case "adam groups":
      Adam(for: model, learningRate: needed) {
        ParameterGroup(where: { $0.name == "bias" }) {
          Adam(for: $0, learningRate: 2 * needed, beta1: 0.5, beta2: 0.96875, epsilon: 0x1p-13)
        }
      }
    case "sgd groups":
      Momentum(for: model, learningRate: needed, dampening: 0.25, variant: variant) {
        ParameterGroup(where: { $0.name == "bias" }) {
          Nesterov(for: $0, learningRate: needed / 2, momentum: 0.5, variant: variant, weightDecay: 0.125)
        }
      }
    case "adagrad": AdaGrad(for: model, learningRate: needed, variant: variant)
    case "adadelta": AdaDelta(for: model, learningRate: rate, variant: variant)
    case "rmsprop": RMSProp(for: model, learningRate: needed, variant: variant)
    case "rprop": Rprop(for: model, learningRate: needed)
    case "adam", "adam cycled": Adam(for: model, learningRate: needed, variant: variant)
    case "adamw", "adamw cycled": AdamW(for: model, learningRate: needed, variant: variant, weightDecay: decay)
    case "adamax", "adamax cycled": AdaMax(for: model, learningRate: needed, variant: variant)
    case "nadam": NAdam(for: model, learningRate: needed, variant: variant)
    case "amsgrad", "amsgrad cycled": AMSGrad(for: model, learningRate: needed, variant: variant)
    case "radam", "radam cycled": RAdam(for: model, learningRate: needed, variant: variant)
    case "lamb": LAMB(for: model, learningRate: needed, weightDecay: decay)
    case "lars", "lars cycled": LARS(for: model, learningRate: needed, weightDecay: decay)
    case "lion", "lion cycled": Lion(for: model, learningRate: needed, weightDecay: decay)
    case "muon", "muon cycled": Muon(for: model, learningRate: needed, weightDecay: decay)
    case "adafactor": AdaFactor(for: model, learningRate: needed, weightDecay: decay)
    default: throw TensorError("no such rule: \(rule.name)")
    }
  }
}
