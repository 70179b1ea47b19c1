import Testing

@testable import Tensors

/// `mapped(over:)` against the function of each example.
@Suite struct MappingTests {
  /// The results for three examples, where the inputs with an axis in `axes` have an example of each.
  private static func compare(
    _ function: ([Tensor]) -> [Tensor], _ examples: [[Tensor]], axes: [Int?], within tolerance: Double,
    _ comment: Comment
  ) throws {
    let batch = axes.indices.map { index in
      axes[index].map { axis in Tensor.stacked(examples.map { $0[index] }, axis: axis) } ?? examples[0][index]
    }
    let together = mapped(over: batch, axes: axes, function)
    let apart = examples.map { example in
      function(axes.indices.map { axes[$0] == nil ? examples[0][$0] : example[$0] })
    }
    for (output, result) in together.enumerated() {
      if let failure = apart[0][output].failure {
        #expect(result.failure != nil, "\(failure) \(comment)")
        continue
      }
      let expected = Tensor.stacked(apart.map { $0[output] })
      #expect(result.shape == expected.shape, comment)
      guard result.shape == expected.shape else { continue }
      let values = try ReferenceInterpreter().evaluate([result, expected])
      let largest = values[1].floats.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
      let differs = zip(values[0].floats, values[1].floats).contains { a, b in
        !(a == b || a.isNaN && b.isNaN || abs(a - b) <= tolerance * largest)
      }
      #expect(!differs, comment)
      // The kernels compute the same, in single precision.
      let different = try difference(result, seed: 1)
      #expect(different == nil, comment)
    }
  }

  /// All inputs differ, or one of them; the examples along the first or the last axis.
  @Test(arguments: operationCases) func eachOperationMapsOverExamples(_ operation: OperationCase) throws {
    let examples = (1...3).map { operation.inputs(seed: UInt64($0)) }
    let count = operation.shapes.count
    for isMapped in [Array(repeating: true, count: count)] + (0..<count).map({ one in (0..<count).map { $0 == one } }) {
      let axes = isMapped.enumerated().map { $1 ? $0 % 2 * operation.shapes[$0].rank : nil }
      try Self.compare(
        { [operation.function($0)] }, examples, axes: axes, within: 1e-12, "axes \(axes)")
    }
  }

  @Test(arguments: operationCases) func gradientsMapOverExamples(_ operation: OperationCase) throws {
    let examples = (4...6).map { operation.inputs(seed: UInt64($0)) }
    try Self.compare(
      { inputs in
        gradients(of: operation.function(inputs).square().sum(), withRespectTo: inputs).compactMap { $0 }
      }, examples, axes: operation.shapes.map { _ in 0 }, within: 1e-11, "gradients")
  }

  @Test func mappingsNest() throws {
    let (a, b) = (Tensor([1, 2, 3], shape: [3]), Tensor([10, 20], shape: [2]))
    let table = a.mapped { x in b.mapped { y in x * y + x } }
    #expect(table.shape == [3, 2])
    #expect(try table.values() == [11, 21, 22, 42, 33, 63])
  }

  @Test func gradientsForEachExample() throws {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
    let w = Tensor([0.5, -1], shape: [2])
    let found = mapped(over: [x]) { example in
      gradients(of: (example[0] * w).sum().square(), withRespectTo: [w]).compactMap { $0 }
    }[0]
    // 2 (x · w) x
    #expect(try found.values() == [-3, -6, -15, -20, -35, -42])
  }

  @Test func rulesOfTheCallerAreForAnExample() throws {
    let x = Tensor([1, -2, 3, -4], shape: [2, 2])
    func clipped(_ x: Tensor) -> Tensor {
      .customGradient(of: x) {
        $0
      } gradient: { _, _, u in
        u / maximum(u.norm(), .ones([]))
      }
    }
    let inside = x.mapped { example in
      gradients(of: (clipped(example) * example).sum(), withRespectTo: [example])[0] ?? example
    }
    let outside = gradients(of: (x.mapped { clipped($0) } * x).sum(), withRespectTo: [x])[0]
    let expected = (0..<2).map { row in gradients(of: (clipped(x[row]) * x[row]).sum(), withRespectTo: [x])[0] }
    for found in [inside, try #require(outside)] {
      let sum = try #require(expected[0]) + (try #require(expected[1]))
      let different = try zip(found.values(), sum.values()).contains { abs($0 - $1) > 1e-6 }
      #expect(!different)
    }
  }

  @Test func whatDoesNotDependIsRepeated() throws {
    let x = Tensor.ones([3, 2])
    #expect(try x.mapped { _ in Tensor([7, 8], shape: [2]) }.values() == [7, 8, 7, 8, 7, 8])
  }

  @Test func mistakesAreErrors() throws {
    let x = Tensor.ones([3, 2])
    let results = [
      x.mapped(over: 2) { $0 }, Tensor.zeros([0, 2]).mapped { $0 },
      mapped(over: [x, Tensor.ones([2])]) { [$0[0]] }[0], mapped(over: [x], axes: [nil]) { $0 }[0],
      mapped(over: [x], axes: [0, 0]) { $0 }[0], x.mapped { $0.matmul($0) },
    ]
    for (result, word) in zip(results, ["axis 2", "no examples", "3", "axis", "not 2", "two axes"]) {
      #expect(result.failure?.message.contains(word) == true, "\(result)")
    }
    #expect(throws: TensorError.self) { try x.mapped { example in Tensor(try example.values(), shape: [2]) } }
  }
}
