import NeuralNetworks
import Testing

@testable import Tensors

/// Optimizers around others, limits of gradients, and rules that leave some of the values alone.
@Suite struct OptimizerWrapperTests {
  private struct Table: Layer {
    let table = Parameter((0..<8).map { Float($0) / 4 - 1 }, shape: [4, 2], name: "table")
    func callAsFunction(_ x: Tensor) -> Tensor { table.tensor.rows(x) }
  }

  private static func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return "none"
  }

  private static func gradients(of model: Table, rows: [Int32]) -> Gradients {
    valueAndGradient(of: model) { $0(Tensor(rows, shape: [rows.count])).square().sum() }.gradients
  }

  /// A wrapper that is continued from its state takes the same steps.
  @Test(arguments: [true, false]) func stateContinues(looksAhead: Bool) throws {
    func made(_ model: Table) -> any Optimizer {
      let base = Adam(for: model, learningRate: 0.05)
      return looksAhead ? Lookahead(base, for: model, interval: 3) : GradientAccumulation(base, for: model, of: 3)
    }
    let (model, copy) = (Table(), Table())
    let optimizer = made(model)
    for _ in 0..<4 { try optimizer.update(along: Self.gradients(of: model, rows: [0, 1, 2, 3])) }
    try copy.table.variable().set(try model.table.variable().values())
    let other = made(copy)
    other.stepCount = optimizer.stepCount
    for (from, to) in zip(optimizer.stateVariables, other.stateVariables) { try to.set(try from.values()) }
    for _ in 0..<5 {
      try optimizer.update(along: Self.gradients(of: model, rows: [0, 1, 2, 3]))
      try other.update(along: Self.gradients(of: copy, rows: [0, 1, 2, 3]))
    }
    #expect(try model.table.variable().values() == copy.table.variable().values())
    #expect(optimizer.stepCount == 9 && other.stepCount == 9)
  }

  /// A parameter that only some batches use still has the mean of all; one that none uses is an error.
  @Test func accumulationOfPartsThatBatchesDoNotUse() throws {
    struct Two: Layer {
      let first = Parameter([1], shape: [1], name: "first")
      let second = Parameter([1], shape: [1], name: "second")
      func callAsFunction(_ x: Tensor) -> Tensor { x * first.tensor }
    }
    let model = Two()
    let optimizer = GradientAccumulation(GradientDescent(for: model, learningRate: 1), for: model, of: 2)
    try optimizer.update(
      along: valueAndGradient(of: model) { (($0.first.tensor + $0.second.tensor) * 0.5).sum() }.gradients)
    // Continued between two batches of a step.
    let other = GradientAccumulation(GradientDescent(for: model, learningRate: 1), for: model, of: 2)
    other.stepCount = optimizer.stepCount
    for (from, to) in zip(optimizer.stateVariables, other.stateVariables) { try to.set(try from.values()) }
    try other.update(along: valueAndGradient(of: model) { ($0.first.tensor * 0.25).sum() }.gradients)
    #expect(try model.first.variable().values() == [0.625])
    #expect(try model.second.variable().values() == [0.75])
    let unused = Self.message {
      for _ in 0..<2 { try other.update(along: valueAndGradient(of: model) { $0.first.tensor.sum() }.gradients) }
    }
    #expect(unused.contains("the loss does not depend on second"))
  }

  @Test func averagesAreAssigned() throws {
    let model = Table()
    let optimizer = ASGD(for: model, learningRate: 0.1, averagingStart: 0)
    for _ in 0..<6 { try optimizer.update(along: Self.gradients(of: model, rows: [0, 1, 2, 3])) }
    let averages = try optimizer.stateVariables[0].values()
    #expect(try model.table.variable().values() != averages)
    try optimizer.assignAverages()
    #expect(try model.table.variable().values() == averages)
  }

  /// v ← μ v − ε g with another μ in each step, also in a compiled step; θ of θ² / 2 has the gradient θ.
  @Test(arguments: [true, false]) func momentumThatChanges(isCompiled: Bool) throws {
    struct Point: Layer {
      let value = Parameter([1], shape: [1], name: "value")
      func callAsFunction(_ x: Tensor) -> Tensor { value.tensor.square() * x }
    }
    let model = Point()
    let optimizer = Momentum(for: model, learningRate: 0.25)
    let step = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { $0(inputs[0]).sum() }.gradients
    }
    var (point, velocity): (Float, Float) = (1, 0)
    for momentum: Float in [0.5, 0.75, 0.25, 0] {
      optimizer.momentum = Double(momentum)
      if isCompiled {
        try step([Tensor([0.5], shape: [1])])
      } else {
        try optimizer.update(along: valueAndGradient(of: model) { $0(Tensor([0.5], shape: [1])).sum() }.gradients)
      }
      velocity = momentum * velocity - 0.25 * point
      point += velocity
      #expect(try model.value.variable().values() == [point])
    }
    optimizer.momentum = 1
    #expect(Self.message { try step([Tensor([0.5], shape: [1])]) }.contains("below 1, not 1.0"))
    #expect(try model.value.variable().values() == [point])
  }

  /// β₁ that changes gives the same bits in a compiled step, which is not recorded again, and is the optimizer's alone.
  @Test func beta1ThatChanges() throws {
    let (model, other) = (Table(), Table())
    let (optimizer, plain) = (AdamW(for: model, learningRate: 0.1), AdamW(for: other, learningRate: 0.1))
    var recordings = 0
    let step = CompiledStep(with: optimizer) { inputs in
      recordings += 1
      return valueAndGradient(of: model) { $0(inputs[0]).square().sum() }.gradients
    }
    for beta1 in [0.95, 0.85, 0.9, 0] {
      (optimizer.momentum, plain.momentum) = (beta1, beta1)
      try step([Tensor([0, 1, 2, 3] as [Int32], shape: [4])])
      try plain.update(along: Self.gradients(of: other, rows: [0, 1, 2, 3]))
    }
    #expect(recordings == 1)
    #expect(try model.table.variable().values() == other.table.variable().values())
    let before = try other.table.variable().values()
    plain.momentum = 1
    #expect(
      Self.message { try plain.update(along: Self.gradients(of: other, rows: [0])) }
        .contains("AdamW: the momentum must be at least 0 and below 1, not 1.0"))
    #expect(try other.table.variable().values() == before)
  }

  @Test func clippedGradientsInACompiledStep() throws {
    let (model, other) = (Table(), Table())
    let step = CompiledStep(with: GradientDescent(for: model)) { inputs in
      valueAndGradient(of: model) { $0(inputs[0]).square().sum() }.gradients.clipped(toValue: 0.5)
        .clippedAdaptively(by: 0.25)
    }
    let optimizer = GradientDescent(for: other)
    for row: Int32 in [0, 3, 1] {
      try step([Tensor([row], shape: [1])])
      try optimizer.update(
        along: Self.gradients(of: other, rows: [row]).clipped(toValue: 0.5).clippedAdaptively(by: 0.25))
    }
    #expect(try model.table.variable().values() == other.table.variable().values())
    let left = Self.gradients(of: model, rows: [0]).clippedAdaptively(by: 1e-6) { !$0.name.hasSuffix("table") }
    #expect(try left[model.table]?.values() == Self.gradients(of: model, rows: [0])[model.table]?.values())
  }

  @Test func wrongSettingsAreErrors() throws {
    let model = Table()
    let gradients = Self.gradients(of: model, rows: [0])
    func message(_ optimizer: any Optimizer) -> String { Self.message { try optimizer.update(along: gradients) } }
    let base = GradientDescent(for: model)
    #expect(message(Lookahead(base, for: model, interval: 0)).contains("interval must be at least 1 step"))
    #expect(message(Lookahead(base, for: model, share: 2)).contains("at most 1, not 5 and 2.0"))
    #expect(message(GradientAccumulation(base, for: model, of: 0)).contains("at least 1 batch a step, not 0"))
    #expect(message(ASGD(for: model, decay: -1)).contains("decay and power"))
    #expect(message(Momentum(for: model, dampening: 1)).contains("dampening"))
    for wrong in [gradients.clipped(toValue: 0), gradients.clipped(toNorm: .nan), gradients.clippedAdaptively(by: -1)] {
      #expect(Self.message { try base.update(along: wrong) }.contains("gradients: "))
    }
    #expect(try model.table.variable().values() == Table().table.variable().values())
  }
}
