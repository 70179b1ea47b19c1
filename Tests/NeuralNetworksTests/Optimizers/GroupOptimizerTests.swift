import Tensors
import Testing

@testable import NeuralNetworks

/// Groups of parameters with an optimizer of their own.
@Suite struct GroupOptimizerTests {
  private struct Network: Layer {
    let first: Dense
    let second: Dense

    init() {
      (first, second) = Random.$current.withValue(Random(seed: 5)) { (Dense(4, 6, activation: .tanh), Dense(6, 3)) }
    }

    func callAsFunction(_ x: Tensor) -> Tensor { second(first(x)) }
  }

  /// Two numbers, of which the loss's gradients are 3 and 4.
  private struct Pair: Layer {
    let a = Parameter([1], shape: [1], name: "a")
    let b = Parameter([1], shape: [1], name: "b")

    func callAsFunction(_ x: Tensor) -> Tensor { (a.tensor * .constant(3) + b.tensor * .constant(4)) * x }
  }

  private static func batch(_ step: Int) -> [Tensor] {
    [
      Tensor((0..<20).map { Float(($0 * 7 + step * 3) % 11) / 5 - 1 }, shape: [5, 4]),
      Tensor((0..<5).map { Int32(($0 + step) % 3) }, shape: [5]),
    ]
  }

  private static func loss(_ model: Network, _ batch: [Tensor]) -> Tensor {
    crossEntropy(logits: model(batch[0]), labels: batch[1])
  }

  private static func gradients(_ model: Network, _ step: Int) -> Gradients {
    valueAndGradient(of: model) { loss($0, batch(step)) }.gradients
  }

  private static func gradients(_ model: Pair) -> Gradients {
    valueAndGradient(of: model) { $0(Tensor([1], shape: [1])).sum() }.gradients
  }

  private static func values(_ model: some Layer) throws -> [[Float]] {
    try model.parameters.map { try $0.parameter.variable().values() }
  }

  private static func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return "none"
  }

  private static func isBias(_ parameter: Parameter) -> Bool { parameter.name.hasSuffix("bias") }

  private static func mixed(for model: Network, clipNorm: Float? = nil) -> AdamW {
    AdamW(for: model, learningRate: 0.01, clipNorm: clipNorm) {
      ParameterGroup(where: { $0.shape.rank > 1 }) { Muon(for: $0, learningRate: 0.003, momentum: 0.9) }
      ParameterGroup(where: { $0.name == "second.bias" }) {
        Momentum(for: $0, learningRate: 0.05, momentum: 0.5, variant: .pytorch)
      }
    }
  }

  /// The same bits as three optimizers that are of a part each.
  @Test(arguments: [true, false]) func eachDoesWhatItDoesAlone(isCompiled: Bool) throws {
    let (model, other) = (Network(), Network())
    func part(_ condition: (Parameter) -> Bool) -> PartOfModel {
      PartOfModel(members: other.parameters.filter { condition($0.parameter) })
    }
    let optimizer = Self.mixed(for: model)
    let parts: [RuleOptimizer] = [
      AdamW(for: part { $0.name == "first.bias" }, learningRate: 0.01),
      Muon(for: part { $0.shape.rank > 1 }, learningRate: 0.003, momentum: 0.9),
      Momentum(for: part { $0.name == "second.bias" }, learningRate: 0.05, momentum: 0.5, variant: .pytorch),
    ]
    var recordings = 0
    let step = CompiledStep(with: optimizer) { inputs in
      recordings += 1
      return valueAndGradient(of: model) { Self.loss($0, inputs) }.gradients
    }
    for number in 0..<20 {
      if number == 10 { for optimizer in [optimizer] + parts { optimizer.learningRate *= 0.5 } }
      if isCompiled {
        try step(Self.batch(number))
      } else {
        try optimizer.update(along: Self.gradients(model, number))
      }
      let gradients = Self.gradients(other, number)
      for part in parts { try part.update(along: gradients) }
    }
    #expect(try Self.values(model) == Self.values(other))
    #expect(recordings == (isCompiled ? 1 : 0))
    #expect(optimizer.groupOptimizers.map(\.stepCount) == [20, 20])
    #expect(
      optimizer.stateVariables.map(\.name) == [
        "first.bias.mean", "first.bias.squares", "first.weight.velocity", "second.weight.velocity",
        "second.bias.velocity",
      ])
  }

  enum Wrapping: CaseIterable { case none, lookahead, accumulation, compiled }

  /// A group whose optimizer is like that of the rest changes nothing, nor does one within it.
  @Test(arguments: Wrapping.allCases) func aGroupLikeTheRestChangesNothing(_ wrapping: Wrapping) throws {
    func train(_ hasGroups: Bool) throws -> [[Float]] {
      let model = Network()
      func inner(_ part: any Layer) -> RuleOptimizer {
        Adam(for: part, learningRate: 0.02) {
          ParameterGroup(where: { $0.name.hasPrefix("second") }) { Adam(for: $0, learningRate: 0.02) }
        }
      }
      let base =
        hasGroups
        ? Adam(for: model, learningRate: 0.02, clipNorm: 0.5) { ParameterGroup(where: Self.isBias, optimizer: inner) }
        : Adam(for: model, learningRate: 0.02, clipNorm: 0.5)
      let optimizer: any Optimizer =
        switch wrapping {
        case .none, .compiled: base
        case .lookahead: Lookahead(base, for: model, interval: 3)
        case .accumulation: GradientAccumulation(base, for: model, of: 3)
        }
      let step = CompiledStep(with: optimizer, for: model) { Self.loss($0, $1) }
      for number in 0..<18 {
        optimizer.learningRate = [0.02, 0.005, 0.01][number / 6]
        if number == 12 { model.second.bias?.isTrainable = false }
        if wrapping == .compiled {
          try step(Self.batch(number))
        } else {
          try optimizer.update(along: Self.gradients(model, number))
        }
      }
      return try Self.values(model)
    }
    #expect(try train(true) == train(false))
  }

  /// Restored by the names of its state, it continues with the same bits.
  @Test func stateContinuesByName() throws {
    let (model, copy) = (Network(), Network())
    let (optimizer, other) = (Self.mixed(for: model, clipNorm: 0.5), Self.mixed(for: copy, clipNorm: 0.5))
    for step in 0..<5 { try optimizer.update(along: Self.gradients(model, step)) }
    for (from, to) in zip(try Self.values(model), copy.parameters) { try to.parameter.variable().set(from) }
    let saved = Dictionary(
      uniqueKeysWithValues: try optimizer.stateVariables.map { ($0.name, try $0.values() as [Float]) })
    for variable in other.stateVariables { try variable.set(try #require(saved[variable.name])) }
    other.stepCount = optimizer.stepCount
    for step in 5..<9 {
      try optimizer.update(along: Self.gradients(model, step))
      try other.update(along: Self.gradients(copy, step))
    }
    #expect(try Self.values(model) == Self.values(copy))
  }

  /// Gradients (3, 4) of norm 5, clipped to 2.5: steps of 1.5 and of 2 times the group's rate.
  @Test func theNormIsThatOfAll() throws {
    let model = Pair()
    let optimizer = GradientDescent(for: model, learningRate: 1, clipNorm: 2.5) {
      ParameterGroup(where: { $0.name == "b" }) { GradientDescent(for: $0, learningRate: 0.5) }
    }
    try optimizer.update(along: Self.gradients(model))
    for (value, expected) in zip(try Self.values(model), [-0.5, 0] as [Float]) {
      #expect(abs(value[0] - expected) < 1e-6)
    }
    optimizer.clipNorm = nil
    optimizer.multiplyLearningRates(by: ["b": 0.25])
    optimizer.learningRate = 0.5
    try optimizer.update(along: Self.gradients(model))
    for (value, expected) in zip(try Self.values(model), [-2, -0.25] as [Float]) {
      #expect(abs(value[0] - expected) < 1e-6)
    }
    let changes = optimizer.changes(
      by: [(try model.b.variable(), model.b.tensor + 1), (try model.a.variable(), model.a.tensor + 2)])
    for (value, expected) in zip(try changes.values(), [2, 1, 2, 0.25] as [Float]) {
      #expect(abs(value - expected) < 1e-6)
    }
    #expect(optimizer.trainableParameters.map(\.name) == ["a", "b"])
  }

  @Test func settingsAreSetTogether() throws {
    let model = Pair()
    let optimizer = Momentum(for: model, momentum: 0.75) {
      ParameterGroup(where: { $0.name == "b" }) { Nesterov(for: $0, momentum: 0.25) }
    }
    let group = try #require(optimizer.groupOptimizers.first as? Nesterov)
    #expect(optimizer.momentumOptimizers.map(\.momentum) == [0.75, 0.25])
    optimizer.momentum = 0.5
    optimizer.skipsUnusedParameters = true
    #expect(group.momentum == 0.5 && group.skipsUnusedParameters)
    try optimizer.update(along: valueAndGradient(of: model) { $0.a.tensor.sum() }.gradients)
    optimizer.skipsUnusedParameters = false
    #expect(
      Self.message { try optimizer.update(along: valueAndGradient(of: model) { $0.a.tensor.sum() }.gradients) }
        .contains("the loss does not depend on b"))
    #expect(optimizer.stepCount == 1 && group.stepCount == 1)
    group.momentum = 1
    #expect(Self.message { try optimizer.update(along: Self.gradients(model)) }.contains("below 1, not 1.0"))
  }

  @Test func infiniteSquaresOfAGroupAreNamed() throws {
    let model = Pair()
    let optimizer = GradientDescent(for: model, learningRate: 1e-20) {
      ParameterGroup(where: { $0.name == "b" }) { Adam(for: $0, learningRate: 1e-20) }
    }
    let message = Self.message {
      try optimizer.update(
        along: valueAndGradient(of: model) { ($0.a.tensor + $0.b.tensor * .constant(1e25)).sum() }.gradients)
    }
    #expect(message.contains("the squares of the gradients of b are infinite"), "\(message)")
  }

  @Test func aGroupOfNoParametersIsNone() throws {
    let model = Pair()
    let optimizer = GradientDescent(for: model, learningRate: 1) {
      ParameterGroup(where: { _ in false }) { _ in
        Issue.record("called")
        return Adam(for: Pair())
      }
      // Both parameters: the optimizer has none of its own.
      ParameterGroup(where: { _ in true }) { GradientDescent(for: $0, learningRate: 0.25) }
    }
    try optimizer.update(along: Self.gradients(model))
    #expect(try Self.values(model) == [[0.25], [0]])
  }

  @Test func wrongGroupsAreErrors() throws {
    let model = Network()
    let isSecond = { (parameter: Parameter) in parameter.name.hasPrefix("second") }
    func message(learningRate: Float = 0.1, _ optimizer: @escaping (any Layer) -> RuleOptimizer) -> String {
      let optimizer = GradientDescent(for: model, learningRate: learningRate) {
        ParameterGroup(where: isSecond, optimizer: optimizer)
      }
      return Self.message { try optimizer.update(along: Self.gradients(model, 0)) }
    }
    let before = try Self.values(model)
    let ofOthers = "must be of the group's parameters: make it for the layer that the closure is given"
    #expect(message { _ in Adam(for: model) }.contains(ofOthers))
    // The right parameters under other names, which checkpoints would not find.
    #expect(message { _ in Adam(for: model.second) }.contains(ofOthers))
    #expect(message { _ in Adam(for: Network()) }.contains(ofOthers))
    #expect(message { Adam(for: $0, beta1: 1) }.contains("Adam: beta1"))
    #expect(message { Adam(for: $0, clipNorm: 1) }.contains("has a clipNorm of its own"))
    #expect(message { Adam(for: $0, learningRate: .nan) }.contains("Adam: the learning rate"))
    #expect(message(learningRate: 0) { Adam(for: $0) }.contains("must be above 0, so that those of groups"))
    var shared: Adam?
    let twice = GradientDescent(for: model) {
      ParameterGroup(where: isSecond) {
        shared = Adam(for: $0)
        return shared ?? Adam(for: $0)
      }
      ParameterGroup(where: Self.isBias) { shared ?? Adam(for: $0) }
    }
    #expect(Self.message { try twice.update(along: Self.gradients(model, 0)) }.contains(ofOthers))
    #expect(try Self.values(model) == before)
    var called = "none"
    _ = GradientDescent(for: model) {
      ParameterGroup(where: isSecond) {
        called = $0(.ones([1])).failure.map { "\($0)" } ?? "none"
        return Adam(for: $0)
      }
    }
    #expect(called.contains("cannot be called"))
  }
}
