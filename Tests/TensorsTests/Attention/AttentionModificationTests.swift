import Testing

@testable import Tensors

/// A mask of random bools in which each query sees the first key.
private func mask(_ shape: Shape, seed: UInt64) -> Tensor {
  var numbers = TestNumbers(state: seed)
  let keys = shape[-1]
  let values = (0..<shape.elementCount).map { $0 % keys == 0 || Bool.random(using: &numbers) ? 1 : 0 as Float }
  return Tensor(values, shape: shape.dimensions).cast(to: .bool)
}

/// Part of the table that `OperationTests` and `GradientTests` run.
let attentionModificationCases: [OperationCase] = [
  OperationCase("attention, mask", [2, 2, 3, 4], [2, 1, 5, 4], [2, 1, 5, 3]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], mask: mask([2, 1, 3, 5], seed: 3))
  },
  OperationCase("attention, bias", [2, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 2], [2, 3, 3]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], causal: true, bias: $0[3])
  },
  OperationCase("attention, window", [1, 2, 5, 3], [1, 2, 5, 3], [1, 2, 5, 3]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], window: 2)
  },
  OperationCase("attention, causal window and lengths", [2, 1, 4, 3], [2, 1, 6, 3], [2, 1, 6, 2]) {
    attention(
      queries: $0[0], keys: $0[1], values: $0[2], lengths: Tensor([6, 2] as [Int32], shape: [2]), causal: true,
      window: 3)
  },
  OperationCase("attention, all settings", [1, 2, 4, 3], [1, 2, 4, 3], [1, 2, 4, 2], [1, 2, 4, 4]) { x in
    Random.$current.withValue(Random(seed: 5)) {
      attention(
        queries: x[0], keys: x[1], values: x[2], causal: true, scale: 0.7, mask: mask([4, 4], seed: 9), bias: x[3],
        window: 3, dropout: 0.25)
    }
  },
]

@Suite struct AttentionModificationTests {
  private static func inputs(seed: UInt64) -> [Tensor] {
    OperationCase("", [2, 2, 5, 4], [2, 2, 5, 4], [2, 2, 5, 3]) { $0[0] }.inputs(seed: seed)
  }

  /// What lengths and `causal` say, said by a mask, by a bias of −∞ and by a window.
  @Test func oneThingSaidInSeveralWays() throws {
    let x = Self.inputs(seed: 21)
    func result(
      lengths: [Int32]? = nil, causal: Bool = false, mask: Tensor? = nil, bias: Tensor? = nil, window: Int? = nil
    ) throws -> [Float] {
      try attention(
        queries: x[0], keys: x[1], values: x[2], lengths: lengths.map { Tensor($0, shape: [$0.count]) }, causal: causal,
        mask: mask, bias: bias, window: window
      ).values()
    }
    func expectClose(_ a: [Float], _ b: [Float], _ what: Comment) {
      #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 }, what)
    }
    let triangle = Tensor.ones([5, 5]).tril()
    let hidden = Tensor.where(triangle.cast(to: .bool), Tensor.zeros([5, 5]), .full([5, 5], -.infinity))
    let causal = try result(causal: true)
    expectClose(try result(mask: triangle.cast(to: .bool)), causal, "mask")
    expectClose(try result(bias: hidden), causal, "bias")
    expectClose(try result(causal: true, window: 5), causal, "a window of all")
    expectClose(try result(window: .max), try result(), "a window beyond int32")
    let padding = Tensor([1, 1, 0, 0, 0, 1, 1, 1, 1, 0], shape: [2, 1, 1, 5]).cast(to: .bool)
    expectClose(try result(mask: padding), try result(lengths: [2, 4]), "padding")
  }

  /// Where nothing is visible the result and all gradients are 0, whatever the values of hidden keys are.
  @Test func whatSeesNothingIsZero() throws {
    let x = Self.inputs(seed: 22)
    let spoiled = Tensor.where(Tensor([0, 0, 0, 0, 1], shape: [5, 1]).cast(to: .bool), x[2] * .nan, x[2])
    let visible = Tensor([0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0], shape: [5, 5])
    let y = attention(queries: x[0], keys: x[1], values: x[2], mask: visible.cast(to: .bool))
    #expect(try y.sliced(starts: [0, 0, 0, 0], shape: [2, 2, 1, 3]).values().allSatisfy { $0 == 0 })
    for gradient in gradients(of: y.square().sum(), withRespectTo: x) {
      #expect(try #require(gradient).values().allSatisfy(\.isFinite))
    }
    let blind = attention(queries: x[0], keys: x[1], values: x[2], bias: .full([5], -.infinity))
    #expect(try blind.values().allSatisfy { $0 == 0 })
    #expect(try gradients(of: blind.sum(), withRespectTo: [x[0]])[0]?.values().allSatisfy { $0 == 0 } == true)
    // A mask hides a key from a query; a value that is NaN needs lengths.
    #expect(
      try attention(
        queries: x[0], keys: x[1], values: spoiled, lengths: Tensor([4, 4] as [Int32], shape: [2]),
        window: 5
      ).values().allSatisfy(\.isFinite))
  }

  /// With values that are the identity, the result is the weights: each 0 or what it was, divided by 1 − rate.
  @Test func dropoutOfWeights() throws {
    let x = OperationCase("", [1, 2, 40, 8], [1, 2, 40, 8]) { $0[0] }.inputs(seed: 23)
    let identity = Tensor.eye(40).reshaped(to: [1, 1, 40, 40]).broadcast(to: [1, 2, 40, 40])
    func weights(_ dropout: Double) throws -> [Float] {
      try Random.$current.withValue(Random(seed: 4)) {
        try attention(queries: x[0], keys: x[1], values: identity, dropout: dropout).values()
      }
    }
    let (all, dropped) = (try weights(0), try weights(0.25))
    #expect(zip(all, dropped).allSatisfy { $1 == 0 || abs($1 - $0 / 0.75) < 1e-6 })
    let share = Double(dropped.count { $0 == 0 }) / 3200
    // Four standard deviations of a share of 3200.
    #expect(abs(share - 0.25) < 4 * (0.25 * 0.75 / 3200).squareRoot(), "\(share)")
    #expect(try weights(0.25) == dropped)
  }

  @Test func wrongSettingsAreNamed() {
    let x = Tensor.zeros([2, 1, 3, 4])
    func message(mask: Tensor? = nil, bias: Tensor? = nil, window: Int? = nil, dropout: Double = 0) -> String {
      attention(queries: x, keys: x, values: x, mask: mask, bias: bias, window: window, dropout: dropout)
        .failure?.message ?? "none"
    }
    #expect(message(mask: .ones([3, 3])).contains("the mask must be bool and broadcast to [2, 1, 3, 3]"))
    #expect(message(mask: Tensor.ones([4, 3]).cast(to: .bool)).contains("not bool [4, 3]"))
    #expect(message(bias: .ones([2, 2, 3, 3])).contains("the bias must be float32"))
    #expect(message(window: 0).contains("at least 1 key, not 0"))
    #expect(message(dropout: 1).contains("below 1, not 1.0"))
    #expect(message(dropout: .nan).contains("not nan"))
    let wrong = attention(queries: x, keys: .zeros([1, 1, 3, 4]), values: x, window: 2)
    #expect(wrong.failure?.message.contains("batch sizes") == true)
    #expect(
      attention(queries: x, keys: x, values: x, mask: .failed(TensorError("earlier"))).failure?.message == "earlier")
  }
}
