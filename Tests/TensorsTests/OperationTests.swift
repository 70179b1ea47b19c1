import RealModule
import Testing

@testable import Tensors

@Suite struct OperationTests {
  @Test(arguments: operationCases) func kernelsMatchTheReference(_ operation: OperationCase) throws {
    for seed: UInt64 in [1, 2] {
      let different = try difference(operation.function(operation.inputs(seed: seed)), seed: seed)
      #expect(different == nil)
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>) func randomShapesMatchTheReference(seed: UInt64) throws {
    var numbers = TestNumbers(state: seed)
    let full = (0..<Int.random(in: 1...4, using: &numbers)).map { _ in Int.random(in: 0...4, using: &numbers) }
    func thinned() -> Shape {  // sizes that broadcast to `full`
      Shape(full.map { Bool.random(using: &numbers) ? $0 : 1 })
    }
    let order = Array(full.indices).shuffled(using: &numbers)
    let axes = full.indices.filter { _ in Bool.random(using: &numbers) }
    let operation = OperationCase("random", Shape(full), thinned(), thinned()) { x in
      let mixed = (x[0] * x[1] - x[2]).tanh() + x[1].exp()
      return mixed.permuted(order).sum(axes: axes, keepingAxes: true) * 0.5 + mixed.permuted(order)
    }
    let different = try difference(operation.function(operation.inputs(seed: seed)), seed: seed)
    #expect(different == nil, "shapes \(operation.shapes), order \(order), axes \(axes)")
    let (m, k, n) = (
      Int.random(in: 0...40, using: &numbers), Int.random(in: 0...40, using: &numbers),
      Int.random(in: 0...40, using: &numbers)
    )
    let product = OperationCase("matmul", [k, m], [k, n]) { $0[0].transposed.matmul($0[1]) }
    let differentProduct = try difference(product.function(product.inputs(seed: seed)), seed: seed)
    #expect(differentProduct == nil, "m \(m), k \(k), n \(n)")
  }

  @Test func theReferenceRoundsToSinglePrecision() throws {
    let x = Tensor([1, 3] as [Double], shape: [2])
    let quotient = try ReferenceInterpreter(rounds: true).evaluate([x[0] / x[1]])[0].floats[0]
    #expect(quotient == Double(1 / 3 as Float))
  }

  @Test func wholeNumbersMatchTheReference() throws {
    let (a, b) = (Tensor([7, -3, .max] as [Int32], shape: [3]), Tensor([2] as [Int32], shape: [1]))
    let x = Tensor([1.75, -1.75, 3e9, -3e9, .nan], shape: [5])
    let ties = Tensor([1, 3, 3, .nan, 5, .nan], shape: [2, 3])
    let results = [
      a + b, a - b, a * b, -a, maximum(a, b), minimum(a, b), x.cast(to: .int32), ties.argmax(), ties.argmax(axis: 0),
      Tensor.where(Tensor([1, 0, 2], shape: [3]), a, b), a.padded(before: [1], after: [2], with: 9),
      Tensor.concatenated([a, b], axis: 0), Tensor.record(Iota(shape: [2, 3], axis: 1), []),
      Tensor.record(Iota(shape: [2, 3], axis: 0), []), Tensor.fill(3, [2], .int32),
    ]
    let expected = try ReferenceInterpreter().evaluate(results)
    for (result, value) in zip(results, expected) {
      let found = try result.values(as: Int32.self)
      #expect(found.map { Int64($0) } == value.ints, "\(result.node.op)")
    }
    #expect(try ties.argmax().values(as: Int32.self) == [1, 0])
    #expect(try x.cast(to: .int32).values(as: Int32.self) == [1, -1, .max, .min, 0])
    let comparisons = try ReferenceInterpreter().evaluate([a.less(than: b), a.equal(to: a)])
    #expect(try a.less(than: b).values(as: Bool.self) == comparisons[0].ints.map { $0 == 1 })
    #expect(try a.equal(to: a).values(as: Bool.self) == comparisons[1].ints.map { $0 == 1 })
    #expect(try a.cast(to: .float32).values() == [7, -3, 2_147_483_648])
  }

  @Test func nothingIsANumber() throws {
    let x = Tensor([.nan, 1, -1], shape: [3])
    let one = Tensor([1], shape: [1])
    for result in [maximum(x, one), minimum(one, x), x.max(), x.min(), x.relu(), x.sum(), x.less(than: one)] {
      let different = try difference(result, seed: 0)
      #expect(different == nil, "\(result.node.op)")
    }
  }

  @Test func powersOfNegativeNumbers() throws {
    let x = Tensor([-2, -2, -2, 0, 0, 2], shape: [6])
    let y = Tensor([3, -2, 0.5, 0, 2, 0.5], shape: [6])
    let different = try difference(x.power(y), seed: 0)
    #expect(different == nil)
  }

  @Test func labelsThatAreNoClassGiveNaN() throws {
    let logits = Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], shape: [3, 3])
    let wrong = Tensor([-1, 1, 3] as [Int32], shape: [3])
    let losses = crossEntropyLosses(logits: logits, labels: wrong)
    let gradient = Tensor.record(CrossEntropyGradient(), [logits, wrong, .ones([3])])
    let differentLosses = try difference(losses, seed: 0)
    #expect(differentLosses == nil)
    let differentGradient = try difference(gradient, seed: 0)
    #expect(differentGradient == nil)
    #expect(try losses.values().map { $0.isNaN } == [true, false, true])
  }

  @Test func theFirstOfEqualsTakesTheGradient() throws {
    let images = Tensor.ones([1, 1, 4, 4])
    let gradient = Tensor.record(
      PoolGradient(forward: Pool(kind: .maximum, window: window(2, stride: 2)), shape: images.shape),
      [images, .ones([1, 1, 2, 2])])
    let expected: [Float] = [1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]
    #expect(try gradient.values() == expected)
    #expect(try ReferenceInterpreter().evaluate([gradient])[0].floats == expected.map { Double($0) })
  }

  /// Pooling exchanged with ReLU and bias: the same values and gradients as in the original order.
  @Test func poolingComesBeforeReLU() throws {
    let inputs = OperationCase("", [2, 3, 6, 4], [1, 3, 1, 1], [2, 3, 3, 2]) { $0[0] }.inputs(seed: 8)
    let (x, bias, weights) = (inputs[0], inputs[1], inputs[2])
    for activated in [(x + bias).relu(), x.relu()] {
      let exchanged = activated.maxPooled(kernel: 2, stride: 2)
      let written = Tensor.record(Pool(kind: .maximum, window: window(2, stride: 2)), [activated])
      #expect(Unary(ReLU.self).isEqual(to: exchanged.node.op))
      #expect(try exchanged.values() == written.values())
      for input in [x, bias] {
        let slopes = try [exchanged, written].map {
          try gradients(of: ($0 * weights).sum(), withRespectTo: [input])[0]?.values()
        }
        // The bias's gradient is a sum, whose zeros are elsewhere.
        guard let found = slopes[0], let expected = slopes[1] else {
          #expect(slopes[0] == nil && slopes[1] == nil)
          continue
        }
        for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 1e-6) }
      }
    }
  }

  /// The definition of convolution against the formula itself.
  @Test func convolutionIsWhatTheFormulaSays() throws {
    let (x, w): (Shape, Shape) = ([2, 4, 6, 5], [6, 2, 3, 2])
    let inputs = OperationCase("", x, w) { $0[0] }.inputs(seed: 3)
    let found = try ReferenceInterpreter().evaluate([
      inputs[0].convolved(
        with: inputs[1], stride: [2, 1], paddingBegin: [2, 1], paddingEnd: [1, 0], dilation: [2, 1], groups: 2)
    ])[0].floats
    let values = try ReferenceInterpreter().evaluate(inputs).map(\.floats)
    var expected: [Double] = []
    for n in 0..<2 {
      for o in 0..<6 {
        for oh in 0..<3 {
          for ow in 0..<5 {
            var sum = 0.0
            for c in 0..<2 {
              for kh in 0..<3 {
                for kw in 0..<2 {
                  let (row, column, channel) = (oh * 2 - 2 + kh * 2, ow - 1 + kw, o / 3 * 2 + c)
                  guard 0..<6 ~= row, 0..<5 ~= column else { continue }
                  let pixel = values[0][((n * 4 + channel) * 6 + row) * 5 + column]
                  sum += pixel * values[1][((o * 2 + c) * 3 + kh) * 2 + kw]
                }
              }
            }
            expected.append(sum)
          }
        }
      }
    }
    #expect(found.count == expected.count)
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  // MARK: Random numbers

  /// Random123's known answers for philox4x32-10: counter and key of zeros, of ones, and of digits of π.
  @Test func philoxGivesKnownAnswers() {
    let ones = UInt32.max
    #expect(
      philox([0, 0, 0, 0], key: [0, 0]) == [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8])
    #expect(
      philox([ones, ones, ones, ones], key: [ones, ones]) == [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD])
    #expect(
      philox([0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], key: [0xA409_3822, 0x299F_31D0])
        == [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1])
  }

  @Test func uniformNumbersAreTheKeysOwn() throws {
    let zero = Tensor.record(
      RandomNumbers(distribution: .uniform, shape: [4]),
      [Tensor([0, 0, 0, 0] as [Int32], shape: [4])])
    let words: [UInt32] = [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]
    #expect(try zero.values() == words.map { Float($0 >> 8) / 16_777_216 })
    let drawn = try Random.$current.withValue(Random(seed: 0)) { try Tensor.randomUniform([4]).values() }
    #expect(drawn == words.map { Float($0 >> 8) / 16_777_216 })
  }

  @Test(arguments: [RandomDistribution.uniform, .normal]) func randomNumbersMatchTheReference(
    _ kind: RandomDistribution
  ) throws {
    for count in [0, 1, 5, 64, 1001] {
      let key = Tensor([11, -7, 13, Int32(count)], shape: [4])
      let different = try difference(
        .record(RandomNumbers(distribution: kind, shape: [count]), [key]), seed: 0)
      #expect(different == nil)
    }
  }

  // MARK: Errors and depth

  @Test(
    arguments: [
      ("add", [[2, 3], [2, 4]], { @Sendable (x: [Tensor]) -> Tensor in x[0] + x[1] }),
      ("matmul", [[2, 3], [2, 4]], { @Sendable x in x[0].matmul(x[1]) }),
      ("where", [[2, 3], [2, 4]], { @Sendable x in Tensor.where(x[0], x[1], x[0]) }),
      ("reshape", [[2, 3], [2, 4]], { @Sendable x in x[0].reshaped(to: x[1].shape) }),
      ("broadcast", [[2, 3], [2, 4]], { @Sendable x in x[0].broadcast(to: x[1].shape) }),
      ("concatenate", [[2, 3], [3, 4]], { @Sendable x in Tensor.concatenated(x, axis: 0) }),
      ("slice", [[2, 3], [2, 4]], { @Sendable x in x[0].sliced(starts: [0, 0], shape: x[1].shape) }),
      ("convolution", [[1, 3, 4, 4], [2, 2, 2, 2]], { @Sendable x in x[0].convolved(with: x[1]) }),
    ] as [(String, [[Int]], @Sendable ([Tensor]) -> Tensor)])
  func wrongShapesAreNamed(_ name: String, _ shapes: [[Int]], _ function: @Sendable ([Tensor]) -> Tensor) throws {
    let result = function(shapes.map { Tensor.zeros(Shape($0)) })
    let error = try #require(result.failure)
    #expect(error.message.hasPrefix(name))
    for shape in shapes { #expect(error.message.contains("\(shape)")) }
    let thrown = #expect(throws: TensorError.self) { try (result * 2).sum().values() }
    #expect(thrown?.message == error.message)
    #expect(throws: TensorError.self) { try ReferenceInterpreter().evaluate([result]) }
  }

  @Test func longChainsAreFreedWithALoop() {
    weak var first: Node?
    do {
      var sum = Tensor([1], shape: [1])
      first = sum.node
      for _ in 0..<200_000 { sum = sum + sum }
      #expect(first != nil)
      #expect(sum.shape == [1])
    }
    #expect(first == nil)
  }
}
