import RealModule
import Testing

@testable import Tensors

private func lengths(_ values: Int32...) -> Tensor { Tensor(values, shape: [values.count]) }

/// The parts of one projection [batch · positions, 3 · heads · size], as a network makes them.
private func selfAttention(_ projected: Tensor, batch: Int, heads: Int, causal: Bool) -> Tensor {
  let positions = projected.shape[0] / batch
  let size = projected.shape[1] / (3 * heads)
  let parts = (0..<3).map { part in
    projected.sliced(starts: [0, part * heads * size], shape: [batch * positions, heads * size])
      .reshaped(to: [batch, positions, heads, size]).permuted([0, 2, 1, 3])
  }
  return attention(queries: parts[0], keys: parts[1], values: parts[2], causal: causal)
    .permuted([0, 2, 1, 3]).reshaped(to: [batch * positions, heads * size])
}
/// Small enough for differences of every element; the tables of `OperationTests` and `GradientTests` run them.
let attentionCases: [OperationCase] = [
  OperationCase("attention", [2, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 4]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2])
  },
  OperationCase("attention causal", [1, 2, 4, 3], [1, 2, 4, 3], [1, 2, 4, 2]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], causal: true, scale: 1.5)
  },
  OperationCase("attention to others", [2, 1, 2, 3], [2, 1, 5, 3], [2, 1, 5, 4]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2])
  },
  OperationCase("attention after a cache", [1, 1, 2, 3], [1, 1, 5, 3], [1, 1, 5, 2]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], causal: true)
  },
  OperationCase("attention causal, more queries than keys", [1, 1, 5, 2], [1, 1, 3, 2], [1, 1, 3, 2]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], causal: true)
  },
  OperationCase("attention padded", [3, 1, 2, 2], [3, 1, 4, 2], [3, 1, 4, 3]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], lengths: lengths(2, 0, 4))
  },
  OperationCase("attention padded, causal", [3, 1, 3, 2], [3, 1, 4, 2], [3, 1, 4, 2]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], lengths: lengths(3, 1, 9), causal: true)
  },
  OperationCase("attention in groups", [1, 4, 3, 2], [1, 2, 3, 2], [1, 2, 3, 3]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], causal: true)
  },
  OperationCase("attention of one query", [2, 2, 1, 3], [2, 1, 5, 3], [2, 1, 5, 3]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], lengths: lengths(4, 1), causal: true)
  },
  OperationCase("attention of one position", [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], causal: true)
  },
  OperationCase("attention by one projection", [6, 12]) { selfAttention($0[0], batch: 2, heads: 2, causal: true) },
  OperationCase("attention transposed", [1, 1, 3, 4], [1, 1, 3, 5], [1, 1, 2, 5]) {
    attention(queries: $0[0].transposed, keys: $0[1].transposed, values: $0[2].transposed)
  },
  OperationCase("attention shared by the batch", [2, 2, 3, 2], [1, 1, 4, 2], [1, 1, 4, 2]) {
    attention(
      queries: $0[0], keys: $0[1].broadcast(to: [2, 2, 4, 2]), values: $0[2].broadcast(to: [2, 2, 4, 2]),
      lengths: lengths(4, 2))
  },
  OperationCase("attention of no examples", [0, 1, 2, 2], [0, 1, 3, 2], [0, 1, 3, 2]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2], causal: true)
  },
  OperationCase("attention to nothing", [1, 1, 2, 2], [1, 1, 0, 2], [1, 1, 0, 3]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2])
  },
  OperationCase("attention, no queries", [1, 1, 0, 2], [1, 1, 3, 2], [1, 1, 3, 3]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2])
  },
  OperationCase("attention of size 0", [1, 1, 2, 0], [1, 1, 3, 0], [1, 1, 3, 2]) {
    attention(queries: $0[0], keys: $0[1], values: $0[2])
  },
  OperationCase("attention with logsumexp", [1, 2, 3, 2], [1, 1, 3, 2], [1, 1, 3, 2]) {
    let all = Tensor.recordAll(Attention(causal: true, scale: 0.75), $0 + [lengths(3)])
    return all[0] * all[1].reshaped(to: [1, 2, 3, 1])
  },
  OperationCase("attentionGradient", [2, 2, 3, 2], [2, 1, 4, 2], [2, 1, 4, 3], [2, 2, 3, 3]) {
    let (forward, heads) = (Attention(causal: true, scale: 0.75), $0[..<3] + [lengths(4, 2)])
    let results = Tensor.recordAll(forward, Array(heads))
    let all = Tensor.recordAll(AttentionGradient(forward: forward), heads + results + [$0[3]])
    return Tensor.concatenated([all[0].flattened(), all[1].flattened(), all[2].flattened()], axis: 0)
  },
]
@Suite struct AttentionTests {
  /// Large enough for several blocks and their ragged edges, with the layout of one projection or row-major.
  @Test(arguments: 1...24 as ClosedRange<UInt64>) func randomShapesMatchTheReference(seed: UInt64) throws {
    var numbers = TestNumbers(state: seed)
    func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
    let (batch, kvHeads, group) = (pick(1, 2), pick(1, 2), pick(1, 1, 3))
    let (queries, keys) = (pick(1, 2, 7, 16, 33, 64, 80, 130), pick(1, 5, 16, 31, 64, 97, 150))
    let (size, valueSize) = (pick(1, 4, 16, 19, 32, 40, 64), pick(1, 5, 16, 24, 32, 64))
    let causal = Bool.random(using: &numbers)
    let given = Tensor((0..<batch).map { _ in Int32.random(in: -1...Int32(keys + 2), using: &numbers) }, shape: [batch])
    let padded: Tensor? = Bool.random(using: &numbers) ? given : nil
    let apart = Bool.random(using: &numbers)
    func heads(_ count: Int, _ positions: Int, _ size: Int) -> Shape {
      apart ? [batch, positions, count, size] : [batch, count, positions, size]
    }
    let operation = OperationCase(
      "attention", heads(kvHeads * group, queries, size), heads(kvHeads, keys, size), heads(kvHeads, keys, valueSize)
    ) { x in
      let parts = apart ? x.map { $0.permuted([0, 2, 1, 3]) } : x
      // Scores of several units, so that probabilities are far from equal.
      return attention(
        queries: parts[0] * 2, keys: parts[1], values: parts[2], lengths: padded, causal: causal,
        scale: 2 / Double(size).squareRoot())
    }
    let inputs = operation.inputs(seed: seed)
    let y = operation.function(inputs)
    let upstream = OperationCase("", y.shape) { $0[0] }.inputs(seed: seed + 100)[0]
    for result in [y] + gradients(of: (y * upstream).sum(), withRespectTo: inputs).compactMap({ $0 }) {
      // Gradients of keys are sums over all queries, some of which nearly cancel.
      let different = try difference(result, seed: seed, tolerance: 5e-5)
      #expect(different == nil, "\(operation), causal \(causal), lengths \(padded == nil ? "all" : "some")")
    }
  }

  /// The definition against softmax(scale · Q Kᵀ) V by hand, in double precision.
  @Test func attentionIsWhatTheFormulaSays() throws {
    let inputs = OperationCase("", [1, 2, 3, 2], [1, 1, 4, 2], [1, 1, 4, 1]) { $0[0] }.inputs(seed: 4)
    let y = attention(
      queries: inputs[0], keys: inputs[1], values: inputs[2], lengths: lengths(3), causal: true, scale: 0.5)
    let found = try ReferenceInterpreter().evaluate([y])[0].floats
    let x = try ReferenceInterpreter().evaluate(inputs).map(\.floats)
    var expected: [Double] = []
    for row in 0..<6 {
      var (sum, weighted) = (0.0, 0.0)
      for key in 0...(row % 3) {  // as many keys as queries: the triangle
        let score = (x[0][row * 2] * x[1][key * 2] + x[0][row * 2 + 1] * x[1][key * 2 + 1]) * 0.5
        let power = Double.exp(score)
        sum += power
        weighted += power * x[2][key]
      }
      expected.append(weighted / sum)
    }
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-14 })
    #expect(found.count == 6)
  }

  @Test func whatSeesNothingIsZero() throws {
    let inputs = OperationCase("", [2, 1, 3, 2], [2, 1, 2, 2], [2, 1, 2, 2]) { $0[0] }.inputs(seed: 8)
    let all = Tensor.recordAll(Attention(causal: true, scale: 1), inputs + [lengths(2, 0)])
    let values = try all[0].values()
    #expect(values[0..<2] == [0, 0])  // attends to keys j ≤ 2 - 3 + 0
    #expect(values[6...] == [0, 0, 0, 0, 0, 0])
    #expect(values[2..<6].allSatisfy { $0 != 0 })
    #expect(try all[1].values().map { $0 == -.infinity } == [true, false, false, true, true, true])
    for gradient in gradients(of: all[0].square().sum(), withRespectTo: inputs) {
      let found = try #require(gradient).values()
      #expect(found.allSatisfy { $0.isFinite })
      #expect(found[(found.count / 2)...].allSatisfy { $0 == 0 })
    }
  }

  /// A few positions at a time with a cache give the same as all at once.
  @Test func aCacheContinues() throws {
    let (positions, room) = (300, 320)
    let inputs = OperationCase("", [1, 4, positions, 16], [1, 2, room, 16], [1, 2, room, 16]) { $0[0] }.inputs(seed: 9)
    let whole = attention(
      queries: inputs[0] * 3, keys: inputs[1].sliced(starts: [0, 0, 0, 0], shape: [1, 2, positions, 16]),
      values: inputs[2].sliced(starts: [0, 0, 0, 0], shape: [1, 2, positions, 16]), causal: true)
    for (start, count) in [(0, 1), (127, 2), (128, 1), (140, 30), (296, 4)] {
      func part(_ x: Tensor) -> Tensor { x.sliced(starts: [0, 0, start, 0], shape: [1, 4, count, 16]) }
      let found = try attention(
        queries: part(inputs[0] * 3), keys: inputs[1], values: inputs[2], lengths: lengths(Int32(start + count)),
        causal: true
      ).values()
      #expect(zip(found, try part(whole).values()).allSatisfy { abs($0 - $1) < 2e-6 }, "\(count) from \(start)")
    }
    #expect(try difference(whole, seed: 9) == nil)
  }

  /// Scores of thousands neither overflow nor lose the sum.
  @Test func largeScoresDoNotOverflow() throws {
    let inputs = OperationCase("", [1, 1, 40, 16], [1, 1, 70, 16], [1, 1, 70, 16]) { $0[0] }.inputs(seed: 10)
    let y = attention(queries: inputs[0] * 64, keys: inputs[1] * 64, values: inputs[2], scale: 1)
    let found = try y.values()
    let expected = try ReferenceInterpreter().evaluate([y])[0].floats
    // The greatest score decides; near ties, float32 scores of thousands are off by 1e-4 to 1e-3.
    #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < 2e-3 })
  }

  /// One tile a head, or two blocks of queries: rows of the next head are prefetched, and sums are written directly to
  /// the result.
  @Test(arguments: [8, 24, 40, 64, 65, 100, 128], [16, 24, 32])
  func shortRowsMatchTheReference(positions: Int, size: Int) throws {
    let (batch, heads) = (3, 2)
    let seed = UInt64(positions * 100 + size)
    let inputs = OperationCase("", [batch * positions, 3 * heads * size], [batch * positions, heads * size]) { $0[0] }
      .inputs(seed: seed)
    for causal in [false, true] {
      let y = selfAttention(inputs[0] * 2, batch: batch, heads: heads, causal: causal)
      let gradient = try #require(gradients(of: (y * inputs[1]).sum(), withRespectTo: [inputs[0]])[0])
      for result in [y, gradient] {
        let different = try difference(result, seed: seed, tolerance: 5e-5)
        #expect(different == nil, "\(positions) positions, size \(size), causal \(causal)")
      }
    }
  }

  /// Masked scores are not computed; their memory has values of an earlier call, here NaN.
  @Test func whatAnEarlierCallLeftDoesNotMatter() throws {
    let inputs = OperationCase("", [2 * 64, 3 * 4 * 16], [2 * 64, 4 * 16]) { $0[0] }.inputs(seed: 13)
    func results(of projected: Tensor, causal: Bool) throws -> [[Float]] {
      let y = selfAttention(projected, batch: 2, heads: 4, causal: causal)
      let gradient = try #require(gradients(of: (y * inputs[1]).sum(), withRespectTo: [inputs[0]])[0])
      return [try y.values(), try gradient.values()]
    }
    let clean = try results(of: inputs[0] * 1, causal: true)
    let spoiled = try results(of: inputs[0] * .nan, causal: false)
    #expect(spoiled.allSatisfy { $0.allSatisfy(\.isNaN) })
    #expect(clean.allSatisfy { $0.allSatisfy(\.isFinite) })
    #expect(try results(of: inputs[0] * 1, causal: true) == clean)
  }

  /// Rows a multiple of 4 KB apart take another path, on which tiles are copied.
  @Test func rowsFarApartMatchTheReference() throws {
    let inputs = OperationCase("", [20, 1024], [20, 32]) { $0[0] }.inputs(seed: 12)
    let projected = inputs[0].sliced(starts: [0, 7], shape: [20, 96])
    let y = selfAttention(projected * 1, batch: 1, heads: 2, causal: true)
    let far = selfAttention(projected, batch: 1, heads: 2, causal: true)
    #expect(try y.values() == far.values())
    let gradient = try #require(gradients(of: (far * inputs[1]).sum(), withRespectTo: [inputs[0]])[0])
    #expect(try difference(far, seed: 12) == nil)
    #expect(try difference(gradient, seed: 12) == nil)
  }

  /// Nothing is copied between a projection and attention: the plan has no steps but the kernels.
  @Test func oneProjectionIsTakenAsItLies() throws {
    let inputs = OperationCase("", [10, 48], [10, 16]) { $0[0] }.inputs(seed: 11)
    let y = selfAttention(inputs[0], batch: 2, heads: 2, causal: true)
    let gradient = try #require(gradients(of: (y * inputs[1]).sum(), withRespectTo: [inputs[0]])[0])
    let steps = try Executor.shared.withLock { _ throws in
      let request = try Request(outputs: [y, gradient], assignments: [])
      return try Lowering.compile(try IR(request.key)).steps
    }
    let calls = steps.compactMap { ($0.kernel as? AttentionKernel)?.isGradient }
    #expect(steps.count == 2)
    #expect(calls == [false, true])
    #expect(try difference(gradient, seed: 11) == nil)
  }

  @Test(
    arguments: [
      (
        [[2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]], "queries must be float32 or float64 [batch, heads, positions, size]"
      ),
      ([[1, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 4]], "batch sizes"),
      ([[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 5, 4]], "positions (axis 2)"),
      ([[1, 3, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]], "multiple"),
      ([[1, 2, 3, 4], [1, 0, 3, 4], [1, 0, 3, 4]], "multiple"),
      ([[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 3, 4]], "same size"),
    ] as [([[Int]], String)])
  func wrongShapesAreNamed(_ shapes: [[Int]], _ sentence: String) throws {
    let inputs = shapes.map { Tensor.zeros(Shape($0)) }
    let error = try #require(attention(queries: inputs[0], keys: inputs[1], values: inputs[2]).failure)
    #expect(error.message.hasPrefix("attention: "))
    #expect(error.message.contains(sentence), "\(error.message)")
  }

  @Test func wrongLengthsAndScalesAreNamed() throws {
    let x = Tensor.zeros([2, 1, 3, 4])
    let short = attention(queries: x, keys: x, values: x, lengths: lengths(3))
    #expect(short.failure?.message.contains("needs lengths int32 [2], not int32 [1]") == true)
    let floats = attention(queries: x, keys: x, values: x, lengths: Tensor.ones([2]))
    #expect(floats.failure?.message.contains("float32 [2]") == true)
    #expect(attention(queries: x, keys: x, values: x, scale: .nan).failure?.message.contains("finite") == true)
  }
}
