import Testing

@testable import Tensors

/// Gradients of checkpointed functions: the same numbers in less memory.
@Suite struct CheckpointTests {
  private static func numbers(_ shape: Shape, _ seed: UInt64) throws -> Tensor {
    Tensor(try Random(seed: seed).normal(count: shape.elementCount), shape: shape.dimensions)
  }

  /// The bytes between the operands and the results of a plan.
  private static func intermediateBytes(_ tensors: [Tensor]) throws -> Int {
    let request = try Executor.shared.withLock { (_) throws(TensorError) in
      try Request(outputs: tensors, assignments: [])
    }
    return try Executable(try Lowering.compile(IR(request.key).recomputing()), for: request.key.target).plan.arenaBytes
  }

  /// A chain of parts of four dense layers each, and the gradients of all weights and of the input.
  private static func chain(parts: Int, isCheckpointed: Bool) throws -> [Tensor] {
    let x = try numbers([256, 64], 1)
    var parameters = [x]
    var y = x
    for part in 0..<parts {
      let weights = try (0..<4).map { try numbers([64, 64], UInt64(10 * part + $0 + 2)) * 0.2 }
      parameters += weights
      func layers(_ x: Tensor) -> Tensor { weights.reduce(x) { $0.matmul($1).tanh() } }
      y = isCheckpointed ? checkpointed([y]) { [layers($0[0])] }[0] : layers(y)
    }
    return gradients(of: y.square().sum(), withRespectTo: parameters).compactMap { $0 }
  }

  @Test func gradientsAreTheSameInLessMemory() throws {
    let (plain, checkpointed) = (
      try Self.chain(parts: 8, isCheckpointed: false), try Self.chain(parts: 8, isCheckpointed: true)
    )
    #expect(checkpointed.count == 33 && plain.count == 33)
    for (a, b) in zip(plain, checkpointed) {
      let same = try a.values() == b.values()
      #expect(same)
    }
    let (most, least) = (
      try Self.intermediateBytes(try Self.chain(parts: 8, isCheckpointed: false)),
      try Self.intermediateBytes(try Self.chain(parts: 8, isCheckpointed: true))
    )
    // 32 activations of 64 KiB; then 8 and those of one part.
    #expect(least < most * 2 / 3, "\(least) of \(most)")
  }

  @Test(arguments: operationCases) func eachOperationIsCheckpointed(_ operation: OperationCase) throws {
    let inputs = operation.inputs(seed: 11)
    func derivatives(_ function: ([Tensor]) -> Tensor) -> [Tensor] {
      let first = gradients(of: function(inputs).square().sum(), withRespectTo: inputs).compactMap { $0 }
      // And gradients of gradients.
      return first + first.flatMap { gradients(of: $0.square().sum(), withRespectTo: inputs).compactMap { $0 } }
    }
    let plain = derivatives(operation.function)
    let found = derivatives { inputs in checkpointed(inputs) { [operation.function($0)] }[0] }
    #expect(found.count == plain.count)
    for (a, b) in zip(plain, found) {
      if a.failure != nil {
        #expect(b.failure != nil)
        continue
      }
      let values = try ReferenceInterpreter().evaluate([a, b])
      let same = zip(values[0].floats, values[1].floats).allSatisfy {
        $0 == $1 || $0.isNaN && $1.isNaN || abs($0 - $1) < 1e-12 * max(1, abs($0))
      }
      #expect(same)
    }
  }

  @Test func severalResultsShareTheWork() throws {
    let x = try Self.numbers([4, 3], 1)
    func parts(_ x: Tensor) -> [Tensor] { [x.exp(), x.exp() * x] }
    let plain = parts(x)
    let found = checkpointed([x]) { parts($0[0]) }
    let losses: [([Tensor]) -> Tensor] = [{ ($0[0] * $0[1]).sum() }, { $0[1].sum() }]
    for loss in losses {
      let expected = try #require(gradients(of: loss(plain), withRespectTo: [x])[0]).values()
      let values = try #require(gradients(of: loss(found), withRespectTo: [x])[0]).values()
      for (a, b) in zip(values, expected) { #expect(abs(a - b) < 1e-5 * max(1, abs(b))) }
    }
  }

  @Test func randomNumbersAreTheSame() throws {
    let x = Tensor.ones([100])
    let dropped = checkpointed([x]) { [$0[0] * Tensor.randomUniform([100])] }[0]
    let gradient = try #require(gradients(of: dropped.sum(), withRespectTo: [x])[0])
    #expect(try gradient.values() == dropped.values())
  }

  /// Of what the function uses beside its inputs: a leaf, and something computed from it.
  @Test func othersHaveTheirGradients() throws {
    let (x, w) = (Tensor([1, 2, 3], shape: [3]), Tensor([0.5, -1, 2], shape: [3]))
    let scaled = w * w
    let y = checkpointed([x]) { [($0[0] * scaled).sin() + w, scaled] }
    let found = gradients(of: (y[0] * y[1]).sum(), withRespectTo: [x, w, scaled])
    let plain = gradients(of: (((x * scaled).sin() + w) * scaled).sum(), withRespectTo: [x, w, scaled])
    for (a, b) in zip(found, plain) {
      for (a, b) in zip(try #require(a).values(), try #require(b).values()) { #expect(abs(a - b) < 1e-5) }
    }
  }

  @Test func mistakesAreErrors() {
    let x = Tensor.ones([2])
    #expect(checkpointed([x]) { _ in Array(repeating: x, count: 5) }[0].failure?.message.contains("not 5") == true)
    #expect(checkpointed([x]) { _ in [] }.isEmpty)
    #expect(checkpointed([x.matmul(x)]) { $0 }[0].failure != nil)
  }
}
