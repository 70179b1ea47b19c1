import Foundation
import NeuralNetworks
import Synchronization
import Testing

@testable import Tensors

/// What a forward pass gives beside its result belongs to its recording, and training is said, not guessed.
@Suite struct RecordingTests {
  /// As in PyTorch: with momentum 0.1, means of 100 and then 0 give 0.9 · (0.9 · 0 + 0.1 · 100) = 9.
  @Test func aBatchNormalizationCalledTwiceUpdatesTwice() throws {
    let layer = BatchNorm(1)
    let (first, second) = (Tensor([99, 101], shape: [2, 1]), Tensor([-1, 1], shape: [2, 1]))
    let gradients = valueAndGradient(of: layer) { $0(first).square().mean() + $0(second).square().mean() }.gradients
    try GradientDescent(for: layer, learningRate: 0).update(along: gradients)
    #expect(abs(try layer.runningMean.variable().values()[0] - 9) < 1e-5)
    // The unbiased variance is 2 both times: 1 -> 1.1 -> 1.19
    #expect(abs(try layer.runningVariance.variable().values()[0] - 1.19) < 1e-5)
  }

  @Test func recordingsOfTwoThreadsDoNotMeet() throws {
    let layer = BatchNorm(1)
    let both = Mutex([Gradients?](repeating: nil, count: 2))
    DispatchQueue.concurrentPerform(iterations: 2) { index in
      let x = Tensor([Float(index * 10) - 1, Float(index * 10) + 1], shape: [2, 1])
      let gradients = valueAndGradient(of: layer) { $0(x).square().mean() }.gradients
      both.withLock { $0[index] = gradients }
    }
    let gradients = try both.withLock { $0 }.map { try #require($0) }
    let optimizer = GradientDescent(for: layer, learningRate: 0)
    try optimizer.update(along: gradients[1])
    #expect(abs(try layer.runningMean.variable().values()[0] - 1) < 1e-6)
    try optimizer.update(along: gradients[0])
    #expect(abs(try layer.runningMean.variable().values()[0]) < 1e-6)
  }

  /// On whichever thread it is called, a model computes for inference unless something says otherwise.
  @Test func whoCallsDoesNotDecideWhetherToTrain() throws {
    let dropout = Dropout(0.5)
    let x = Tensor([Float](repeating: 1, count: 256), shape: [256])
    let found = Mutex([[Float]]())
    @Sendable func call() {
      let values = (try? dropout(x).values()) ?? []
      found.withLock { $0.append(values) }
    }
    call()
    inference { DispatchQueue.global().sync { call() } }
    let thread = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      call()
      thread.signal()
    }
    thread.wait()
    let all = found.withLock { $0 }
    #expect(all.count == 3)
    for values in all { #expect(values == [Float](repeating: 1, count: 256)) }
    #expect(try training { dropout(x) }.values().contains(0))
    // Each is 0 or 2 in training.
    #expect(try valueAndGradient(of: dropout) { ($0(x) - 1).square().sum() }.loss.scalar() == 256)
    #expect(try inference { valueAndGradient(of: dropout) { ($0(x) - 1).square().sum() } }.loss.scalar() == 0)
  }

  // MARK: What holds parameters is found

  private enum Size: Layer {
    case small(Dense)
    case large(Dense, Dense)
    case none

    func callAsFunction(_ x: Tensor) -> Tensor {
      switch self {
      case .small(let layer): layer(x)
      case .large(let first, let second): second(first(x))
      case .none: x
      }
    }
  }

  private struct Heads: Layer {
    let heads: [String: Dense]
    let sizes: [Size]
    func callAsFunction(_ x: Tensor) -> Tensor {
      heads.keys.sorted().reduce(sizes.reduce(x) { $1($0) }) { $0 + (heads[$1].map { $0(x) } ?? x) }
    }
  }

  @Test func dictionariesAndPayloadsOfCasesAreTrained() throws {
    let model = Heads(
      heads: ["right": Dense(2, 2), "left": Dense(2, 2)],
      sizes: [.small(Dense(2, 2)), .large(Dense(2, 3), Dense(3, 2)), .none])
    #expect(
      model.parameters.map(\.name) == [
        "heads.left.weight", "heads.left.bias", "heads.right.weight", "heads.right.bias", "sizes.0.small.weight",
        "sizes.0.small.bias", "sizes.1.large.0.weight", "sizes.1.large.0.bias", "sizes.1.large.1.weight",
        "sizes.1.large.1.bias",
      ])
    let before = try model.parameters.map { try $0.parameter.variable().values() }
    let x = Tensor([1, 2, -1, 0.5], shape: [2, 2])
    try Adam(for: model).update(along: valueAndGradient(of: model) { $0(x).square().mean() }.gradients)
    for ((_, parameter), old) in zip(model.parameters, before) { #expect(try parameter.variable().values() != old) }
  }

  // MARK: Optimizers

  private struct TwoHeads: Layer {
    var body = Dense(2, 2)
    var a = Dense(2, 1)
    var b = Dense(2, 1)
    func callAsFunction(_ x: Tensor) -> Tensor { a(body(x)) }
  }

  @Test func unusedParametersAreAnErrorUnlessTheCallerSaysOtherwise() throws {
    let model = TwoHeads()
    let x = Tensor([1, 2], shape: [1, 2])
    let optimizer = Adam(for: model)
    let error = try #require(throws: TensorError.self) {
      try optimizer.update(along: valueAndGradient(of: model) { $0(x).sum() }.gradients)
    }
    #expect(error.message.contains("b.weight") && error.message.contains("skipsUnusedParameters"))
    optimizer.skipsUnusedParameters = true
    let before = try model.b.weight.variable().values()
    let old = try model.a.weight.variable().values()
    try optimizer.update(along: valueAndGradient(of: model) { $0(x).sum() }.gradients)
    #expect(try model.b.weight.variable().values() == before)
    #expect(try model.a.weight.variable().values() != old)
  }

  /// Each parameter moves as under an optimizer of its own with the group's settings.
  @Test func groupsHaveSettingsOfTheirOwn() throws {
    func made() -> TwoHeads { Random.$current.withValue(Random(seed: 5)) { TwoHeads() } }
    let (grouped, plain, slow) = (made(), made(), made())
    let optimizer = AdamW(for: grouped, learningRate: 0.1, weightDecay: 0.5) {
      ParameterGroup(where: { $0.name.hasSuffix("bias") }, weightDecay: 0)
      ParameterGroup(where: { $0.name.hasPrefix("body.") }, learningRate: 0.01)
    }
    let others = [
      AdamW(for: plain, learningRate: 0.1, weightDecay: 0.5), AdamW(for: slow, learningRate: 0.01, weightDecay: 0.5),
    ]
    for optimizer in [optimizer] + others { optimizer.skipsUnusedParameters = true }
    func step(_ optimizer: AdamW, _ model: TwoHeads, _ rate: Float) throws {
      optimizer.learningRate = rate
      let x = Tensor([1, 2], shape: [1, 2])
      try optimizer.update(along: valueAndGradient(of: model) { $0(x).square().sum() }.gradients)
    }
    try step(optimizer, grouped, 0.1)
    try step(others[0], plain, 0.1)
    try step(others[1], slow, 0.01)
    func values(_ parameter: Parameter?) throws -> [Float] { try #require(parameter).variable().values() }
    #expect(try values(grouped.a.weight) == values(plain.a.weight))
    #expect(relative(try values(grouped.body.weight), try values(slow.body.weight)) < 1e-6)
    // The bias of 0 moves by the learning rate, and does not decay.
    #expect(abs(abs(try values(grouped.a.bias)[0]) - 0.1) < 1e-4)
  }

  /// A rule outside of the package: replayed, fused, with saved state.
  private final class Lion: RuleOptimizer {
    init(for model: any Layer, learningRate: Float = 0.01) {
      super.init(for: model, learningRate: learningRate, state: ["mean"])
    }
    override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
      let direction = (update.state[0] * 0.9 + update.gradient * 0.1).sign()
      return (
        update.parameter - update.learningRate * direction, [update.state[0] * 0.99 + update.gradient * 0.01]
      )
    }
  }

  @Test func aRuleOfOnesOwnIsReplayed() throws {
    func made() -> TwoHeads { Random.$current.withValue(Random(seed: 6)) { TwoHeads() } }
    let (eager, replayed) = (made(), made())
    let (first, second) = (Lion(for: eager), Lion(for: replayed))
    for optimizer in [first, second] { optimizer.skipsUnusedParameters = true }
    var recordings = 0
    let step = CompiledStep(with: second) { inputs in
      recordings += 1
      return valueAndGradient(of: replayed) { $0(inputs[0]).square().sum() }.gradients
    }
    for index in 0..<5 {
      let x = Tensor([1, Float(index)], shape: [1, 2])
      try first.update(along: valueAndGradient(of: eager) { $0(x).square().sum() }.gradients)
      try step([x])
    }
    #expect(recordings == 1)
    for (a, b) in zip(first.stateVariables, second.stateVariables) { #expect(try a.values() == b.values()) }
    for (a, b) in zip(eager.parameters, replayed.parameters) {
      #expect(try a.parameter.variable().values() == b.parameter.variable().values())
    }
    #expect(second.stateVariables[0].name == "body.weight.mean")
  }

  // MARK: Compiled steps

  @Test func recordingsAreBounded() throws {
    let model = Dense(1, 1)
    var recordings = 0
    let step = CompiledStep(with: GradientDescent(for: model, learningRate: 0.001)) { inputs in
      recordings += 1
      return valueAndGradient(of: model) { $0(inputs[0]).square().mean() }.gradients
    }
    for size in 1...80 { try step([.ones([size, 1])]) }
    #expect(recordings == 80)
    for size in 70...80 { try step([.ones([size, 1])]) }  // still there
    #expect(recordings == 80)
    try step([.ones([1, 1])])  // pushed out
    #expect(recordings == 81)
  }

  @Test func valuesReadWhileAStepIsRecordedAreAnError() throws {
    let model = Dense(1, 1)
    let step = CompiledStep(with: GradientDescent(for: model)) { inputs in
      let scale = try inputs[0].mean().scalar()
      return valueAndGradient(of: model) { ($0(inputs[0]) * scale).square().mean() }.gradients
    }
    let error = try #require(throws: TensorError.self) { try step([.ones([4, 1])]) }
    #expect(error.message.contains("while a compiled step is recorded"), "\(error)")
    let direct = CompiledStep(with: GradientDescent(for: model)) { inputs in
      _ = try inputs[0].values()
      return valueAndGradient(of: model) { $0(inputs[0]).square().mean() }.gradients
    }
    #expect(throws: TensorError.self) { try direct([Tensor([1], shape: [1, 1])]) }
  }
}
