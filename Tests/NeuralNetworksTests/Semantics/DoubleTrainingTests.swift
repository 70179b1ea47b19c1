import NeuralNetworks
import RealModule
import Testing

@testable import Tensors

/// Networks in float64: parameters, gradients and the state of optimizers.
@Suite struct DoubleTrainingTests {
  /// An optimizer, and its rule in double precision by hand: the new parameter from the old one, the gradient, the state
  /// and the number of the step.
  struct Rule: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (any Layer) -> RuleOptimizer
    let step: @Sendable (_ p: Double, _ g: Double, _ state: inout [Double], _ t: Double) -> Double
  }

  /// Learning rates are `Float`s, so those of the rules are, too.
  private static let rate = Double(Float(0.05))

  static let rules: [Rule] = [
    Rule(testDescription: "sgd") {
      GradientDescent(for: $0, learningRate: 0.05)
    } step: { p, g, _, _ in
      p - rate * g
    },
    Rule(testDescription: "momentum") {
      Momentum(for: $0, learningRate: 0.05)
    } step: { p, g, state, _ in
      state[0] = 0.9 * state[0] - rate * g
      return p + state[0]
    },
    Rule(testDescription: "momentum of PyTorch") {
      Momentum(for: $0, learningRate: 0.05, variant: .pytorch)
    } step: { p, g, state, _ in
      state[0] = 0.9 * state[0] + g
      return p - rate * state[0]
    },
    Rule(testDescription: "momentum-ema") {
      MomentumEMA(for: $0, learningRate: 0.05)
    } step: { p, g, state, _ in
      state[0] = 0.9 * state[0] + (1 - 0.9) * g
      return p - rate * state[0]
    },
    Rule(testDescription: "nesterov") {
      Nesterov(for: $0, learningRate: 0.05)
    } step: { p, g, state, _ in
      state[0] = 0.9 * state[0] - rate * g
      return p + 0.9 * state[0] - rate * g
    },
    Rule(testDescription: "adagrad") {
      AdaGrad(for: $0, learningRate: 0.05)
    } step: { p, g, state, _ in
      state[0] += g * g
      return p - rate * g / (state[0].squareRoot() + 1e-10)
    },
    Rule(testDescription: "adagrad of Keras") {
      AdaGrad(for: $0, learningRate: 0.05, variant: .keras)
    } step: { p, g, state, t in
      state[0] = (t == 1 ? 0.1 : state[0]) + g * g
      return p - rate * g / (state[0] + 1e-7).squareRoot()
    },
    Rule(testDescription: "rmsprop") {
      RMSProp(for: $0, learningRate: 0.05, variant: .pytorch)
    } step: { p, g, state, _ in
      state[0] = 0.99 * state[0] + (1 - 0.99) * g * g
      return p - rate * g / (state[0].squareRoot() + 1e-8)
    },
    Rule(testDescription: "adam") {
      Adam(for: $0, learningRate: 0.05)
    } step: { p, g, state, t in
      p - rate * adam(g, &state, t)
    },
    Rule(testDescription: "adamw") {
      AdamW(for: $0, learningRate: 0.05, weightDecay: 0.125)
    } step: { p, g, state, t in
      p - rate * (adam(g, &state, t) + 0.125 * p)
    },
    Rule(testDescription: "sgd with a penalty") {
      GradientDescent(for: $0, learningRate: 0.05, weightDecay: 0.25)
    } step: { p, g, _, _ in
      p - rate * (g + 0.25 * p)
    },
  ]

  private static func adam(_ g: Double, _ state: inout [Double], _ t: Double) -> Double {
    state[0] = 0.9 * state[0] + (1 - 0.9) * g
    state[1] = 0.999 * state[1] + (1 - 0.999) * g * g
    let mean = state[0] / (1 - Double.pow(0.9, t))
    return mean / ((state[1] / (1 - Double.pow(0.999, t))).squareRoot() + 1e-8)
  }

  private static func network() throws -> Sequential {
    try Random.$current.withValue(Random(seed: 5)) {
      try Sequential {
        Dense(3, 6, activation: .tanh)
        Dense(6, 2)
      }.copy(as: .float64)
    }
  }

  private static let inputs = Tensor((0..<12).map { Double.sin(Double($0)) }, shape: [4, 3])
  private static let labels = Tensor([0, 1, 1, 0] as [Int32], shape: [4])

  @Test(arguments: rules) func stepsAreThoseInDoublePrecision(_ rule: Rule) throws {
    let model = try Self.network()
    let optimizer = rule.make(model)
    #expect(optimizer.stateVariables.allSatisfy { $0.dtype == .float64 })
    let variables = try model.parameters.map { try $0.parameter.variable() }
    var states = variables.map { Array(repeating: [0.0, 0.0], count: $0.shape.elementCount) }
    var losses: [Double] = []
    for step in 1...60 {
      let (loss, gradients) = valueAndGradient(of: model) { crossEntropy(logits: $0(Self.inputs), labels: Self.labels) }
      // A few steps by hand, with the gradients of the reference interpreter.
      var expected: [[Double]] = []
      if step <= 3 {
        let known = try ReferenceInterpreter().evaluate(model.parameters.map { try #require(gradients[$0.parameter]) })
          .map(
            \.floats)
        for (index, variable) in variables.enumerated() {
          let values = try variable.values(as: Double.self)
          expected.append(
            values.indices.map { rule.step(values[$0], known[index][$0], &states[index][$0], Double(step)) })
        }
      }
      try optimizer.update(along: gradients)
      losses.append(try loss.scalar(as: Double.self))
      for (variable, expected) in zip(variables, expected) {
        let found = try variable.values(as: Double.self)
        let different = zip(found, expected).first { !(abs($0 - $1) <= 1e-12 * max(1, abs($1))) }
        #expect(different == nil, "step \(step), \(variable.name)")
      }
    }
    #expect(try #require(losses.last) < losses[0])
  }

  @Test func compiledStepsGiveTheSame() throws {
    let (recorded, compiled) = (try Self.network(), try Self.network())
    let (first, second) = (Adam(for: recorded, clipNorm: 0.5), Adam(for: compiled, clipNorm: 0.5))
    let step = CompiledStep(with: second) { inputs in
      valueAndGradient(of: compiled) { crossEntropy(logits: $0(inputs[0]), labels: inputs[1]) }.gradients
    }
    for _ in 0..<4 {
      let loss = try step([Self.inputs, Self.labels])[0]
      let (other, gradients) = valueAndGradient(of: recorded) {
        crossEntropy(logits: $0(Self.inputs), labels: Self.labels)
      }
      try first.update(along: gradients)
      #expect(try loss.scalar(as: Double.self) == other.scalar(as: Double.self))
    }
    for (a, b) in zip(recorded.parameters, compiled.parameters) {
      #expect(try a.parameter.variable().values(as: Double.self) == b.parameter.variable().values(as: Double.self))
    }
  }

  /// Layers of every kind in both precisions: outputs and gradients agree to float32's.
  @Test func layersWorkInFloat64() throws {
    let lengths = Tensor([5, 3] as [Int32], shape: [2])
    try compare([2, 1, 8, 8]) {
      Sequential {
        Conv2D(1, 4, kernelSize: 3, padding: .same)
        BatchNorm(4)
        MaxPool2D(2)
        Conv2D(4, 4, kernelSize: 3, activation: .relu)
        GroupNorm(4, groups: 2)
        AveragePool2D(2)
        Flatten()
        Dense(4, 3, activation: .geluTanh)
        LayerNorm(3)
      }
    } apply: { model, x in
      model(x)
    }
    for cell in RecurrentCell.allCases {
      try compare([2, 5, 3]) {
        Recurrent(cell, 3, 4, bidirectional: true)
      } apply: { model, x in
        model(x, state: nil, lengths: lengths).output
      }
    }
    try compare([2, 5, 8]) {
      TransformerBlock(8, heads: 2, isCausal: true, isRotary: true)
    } apply: { model, x in
      model(x, lengths: lengths)
    }
  }

  private func compare<Model: Layer>(
    _ shape: Shape, _ make: () -> Model, apply: (Model, Tensor) -> Tensor
  ) throws {
    let single = Random.$current.withValue(Random(seed: 3)) { make() }
    let precise = try single.copy(as: .float64)
    let x = Tensor(try Random(seed: 4).normal(count: shape.elementCount), shape: shape.dimensions)
    func differentiated(_ model: Model, _ x: Tensor) throws -> [[Double]] {
      let (loss, gradients) = valueAndGradient(of: model) { apply($0, x).sin().sum() }
      #expect(loss.dtype == x.dtype)
      return try ([loss] + model.parameters.map { try #require(gradients[$0.parameter]) }).map {
        #expect($0.dtype == x.dtype)
        return try $0.cast(to: .float64).values(as: Double.self)
      }
    }
    let found = try differentiated(single, x)
    let expected = try differentiated(precise, x.cast(to: .float64))
    for (found, expected) in zip(found, expected) {
      let scale = expected.reduce(0.01) { max($0, abs($1)) }
      let different = zip(found, expected).first { !(abs($0 - $1) <= 2e-4 * scale) }
      #expect(different == nil)
    }
  }

  @Test func copiesAreFloat32OrFloat64() throws {
    let model = Dense(2, 2)
    #expect(throws: TensorError.self) { try model.copy(as: .int8) }
    let there = try model.copy(as: .float64)
    let back = try there.copy(as: .float32)
    #expect(try there.copy().weight.variable().dtype == .float64)
    #expect(try back.weight.variable().values() == model.weight.variable().values())
  }
}
