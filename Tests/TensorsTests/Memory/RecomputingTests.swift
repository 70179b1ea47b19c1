import Testing

@testable import Tensors

/// Values recomputed in the backward pass are the same, and take less memory than saving them.
@Suite struct RecomputingTests {
  private struct Outcome {
    var values: [[Float]]
    var arenaBytes: Int
    var steps: Int
  }

  private static func run(_ tensors: [Tensor], recomputing: Bool) throws -> Outcome {
    let request = try Executor.shared.withLock { (_) throws(TensorError) in
      try Request(outputs: tensors, assignments: [])
    }
    let ir = try IR(request.key)
    let loaded = try Executable(try Lowering.compile(recomputing ? ir.recomputing() : ir), for: request.key.target)
    let outputs = try loaded.plan.outputSizes.map { count throws(TensorError) in
      try Storage(byteCount: count, for: "a result")
    }
    try Executor.run(loaded, request.sources.map(\.pointer), outputs.map(\.pointer))
    return Outcome(
      values: zip(outputs, loaded.plan.outputSizes).map { $0.elements(count: $1 / 4) as [Float] },
      arenaBytes: loaded.plan.arenaBytes, steps: loaded.plan.steps.count)
  }

  /// Residual blocks of normalized convolutions; gradients of all weights and of the input.
  private static func gradients(blocks: Int, side: Int) throws -> [Tensor] {
    func numbers(_ shape: Shape, _ seed: UInt64) throws -> Tensor {
      Tensor(try Random(seed: seed).normal(count: shape.elementCount), shape: shape.dimensions)
    }
    let x = try numbers([16, 16, side, side], 1)
    var parameters = [x]
    func normalized(_ x: Tensor) throws -> Tensor {
      let seed = UInt64(parameters.count)
      let weights = try numbers([16, 16, 3, 3], 10 + seed) * 0.1
      let (scale, shift) = (try numbers([16], 100 + seed), try numbers([16], 200 + seed))
      parameters += [weights, scale, shift]
      return x.convolved(with: weights, paddingBegin: 1, paddingEnd: 1).batchNormalized(scale: scale, shift: shift)
        .output
    }
    var y = try normalized(x).relu()
    for _ in 0..<blocks { y = (try normalized(normalized(y).relu()) + y).relu() }
    return Tensors.gradients(of: y.square().sum(), withRespectTo: parameters).compactMap { $0 }
  }

  /// Without oneDNN a convolution is several operations, whose unfolded images take most of the memory and are saved.
  @Test(.enabled(if: Engine.hasOneDNN)) func itGivesTheSameBitsInLessMemory() throws {
    let gradients = try Self.gradients(blocks: 8, side: 32)
    #expect(gradients.count == 52)
    let kept = try Self.run(gradients, recomputing: false)
    let again = try Self.run(gradients, recomputing: true)
    // Of 17 results of convolutions and 17 of ReLU, four sums stay, and those that the end of the network needs soon
    // again.
    #expect(again.arenaBytes < kept.arenaBytes * 3 / 4, "\(again.arenaBytes) of \(kept.arenaBytes)")
    #expect(again.steps > kept.steps)
    let same = again.values == kept.values  // separate, since a failure would print all values
    #expect(same)
    let sum = kept.values.joined().reduce(0) { $0 + abs($1) }
    #expect(sum.isFinite && sum > 0)
  }

  @Test func smallValuesAreKept() throws {
    let gradients = try Self.gradients(blocks: 4, side: 8)
    let (kept, again) = (
      try Self.run(gradients, recomputing: false), try Self.run(gradients, recomputing: true)
    )
    #expect(again.steps == kept.steps && again.arenaBytes == kept.arenaBytes)
  }
}
