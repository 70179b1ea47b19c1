import Testing

@testable import Tensors

/// An operation on one tensor, its values and its first two gradients (of the sums), each a number of float32.
private struct EdgeCase: Sendable, CustomTestStringConvertible {
  let name: String
  let input: [Float]
  let shape: [Int]
  let value: [Float]
  let first: [Float]?
  let second: [Float]?
  let function: @Sendable (Tensor) -> Tensor

  init(
    _ name: String, _ input: [Float], _ shape: [Int], _ value: [Float], first: [Float]? = nil, second: [Float]? = nil,
    function: @escaping @Sendable (Tensor) -> Tensor
  ) {
    (self.name, self.input, self.shape, self.value) = (name, input, shape, value)
    (self.first, self.second, self.function) = (first, second, function)
  }

  var testDescription: String { name }
}

private let infinity = Float.infinity
private let nan = Float.nan

private func batchNormalized(_ x: Tensor) -> Tensor {
  x.batchNormalized(scale: .ones([x.shape[1]]), shift: .zeros([x.shape[1]])).output
}

/// Values by hand; where PyTorch gives the same, nothing is said.
private let cases: [EdgeCase] = [
  EdgeCase("max of equals", [2, 2, 1], [3], [2], first: [0.5, 0.5, 0], second: [0, 0, 0]) { $0.max() },
  EdgeCase("max of infinities", [infinity, infinity, 1], [3], [infinity], first: [0.5, 0.5, 0]) { $0.max() },
  EdgeCase("min of one", [-infinity], [1], [-infinity], first: [1]) { $0.min() },
  EdgeCase("max with NaN", [1, nan, 2], [3], [nan]) { $0.max() },
  EdgeCase("zeros are equal", [0, -0.0], [2], [0], first: [0.5, 0.5]) { $0.max() },
  EdgeCase("sum of opposite infinities", [infinity, -infinity], [2], [nan], first: [1, 1]) { $0.sum() },
  EdgeCase("argmax of equals", [3, 3, 1], [3], [0]) { $0.argmax().cast(to: .float32) },
  EdgeCase("argmax finds NaN", [3, nan, 9], [3], [1]) { $0.argmax().cast(to: .float32) },
  EdgeCase("argmax of minus infinities", [-infinity, -infinity], [2], [0]) { $0.argmax().cast(to: .float32) },

  EdgeCase("softmax of equals", [7, 7], [1, 2], [0.5, 0.5], first: [0, 0], second: [0, 0]) { $0.softmax() },
  EdgeCase("softmax of infinity", [infinity, 0], [1, 2], [nan, nan]) { $0.softmax() },
  EdgeCase("softmax beside minus infinity", [-infinity, 5], [1, 2], [0, 1], first: [0, 0]) { $0.softmax() },
  EdgeCase("log-softmax of the greatest", [3e38, -3e38], [1, 2], [0, -infinity], first: [-1, 1], second: [0, 0]) {
    $0.logSoftmax()
  },
  EdgeCase("log-softmax of one", [1e30], [1, 1], [0], first: [0], second: [0]) { $0.logSoftmax() },

  EdgeCase("select drops NaN", [nan, 1], [2], [5, 1], first: [0, 1], second: [0, 0]) {
    select(Tensor([0, 1], shape: [2]), $0, .full([2], 5))
  },
  EdgeCase("maximum of equals", [2, nan, -infinity], [3], [2, nan, 0]) {
    maximum($0, Tensor([2, 1, 0], shape: [3]))
  },
  EdgeCase("padding beside NaN", [nan], [1], [0, nan, 0]) { $0.padded(before: [1], after: [1]) },
  EdgeCase("concatenation", [infinity, -0.0], [2], [infinity, 0, infinity, 0], first: [2, 2]) {
    Tensor.concatenated([$0, $0], axis: 0)
  },
  EdgeCase("rows out of the table", [1, 2, 3, 4], [2, 2], [3, 4, nan, nan, 1, 2], first: [1, 1, 1, 1]) {
    $0.rows(Tensor([1, 2, 0] as [Int32], shape: [3]))
  },
  EdgeCase("cast", [nan, 1e20, -1e20, -0.5], [4], [0, 2_147_483_648, -2_147_483_648, 0]) {
    $0.cast(to: .int32).cast(to: .float32)
  },
  EdgeCase("product with an infinity", [infinity, 0], [1, 2], [infinity], first: [1, 1], second: [0, 0]) {
    $0.matmul(.ones([2, 1]))
  },
  EdgeCase("product of nothing", [], [2, 0], [0, 0], first: []) { $0.matmul(.ones([0, 1])) },

  EdgeCase("max-pooling of equals", [1, 1, 1, 1], [1, 1, 2, 2], [1], first: [1, 0, 0, 0], second: [0, 0, 0, 0]) {
    $0.maxPooled(kernel: 2, stride: 2)
  },
  EdgeCase("max-pooling finds NaN", [1, nan, 5, 2], [1, 1, 2, 2], [nan], first: [0, 1, 0, 0]) {
    $0.maxPooled(kernel: 2, stride: 2)
  },
  EdgeCase(
    "max-pooling of minus infinity", [-infinity, -infinity, -infinity, -infinity], [1, 1, 2, 2], [-infinity],
    first: [1, 0, 0, 0]
  ) { $0.maxPooled(kernel: 2, stride: 2) },
  EdgeCase(
    "mean-pooling of the greatest", [3e38, 3e38, 3e38, 3e38], [1, 1, 2, 2], [3e38],
    first: [0.25, 0.25, 0.25, 0.25]
  ) { $0.averagePooled(kernel: 2, stride: 2) },
  EdgeCase("convolution of one", [infinity], [1, 1, 1, 1], [infinity], first: [2]) {
    $0.convolved(with: .full([1, 1, 1, 1], 2))
  },
  EdgeCase(
    "batch normalization of equals", [Float](repeating: 3e38, count: 80), [4, 20], [Float](repeating: 0, count: 80),
    first: [Float](repeating: 0, count: 80)
  ) { batchNormalized($0) },
  EdgeCase(
    "batch normalization of equals, in runs", [Float](repeating: 3e38, count: 64), [1, 1, 8, 8],
    [Float](repeating: 0, count: 64)
  ) { batchNormalized($0) },
  EdgeCase(
    "batch normalization of large numbers", (0..<128).map { $0 < 64 ? 1e18 : -1e18 }, [2, 64],
    (0..<128).map { $0 < 64 ? 1 : -1 }
  ) { batchNormalized($0) },
  EdgeCase("layer normalization of one", [5], [1, 1], [0], first: [0], second: [0]) {
    $0.layerNormalized(scale: .ones([1]), shift: .zeros([1]))
  },
  // The variance of a channel is a result of its own, and beyond 3.4e38 infinite; PyTorch, which keeps the deviation, gives ±1.
  EdgeCase("batch normalization past the range of variances", [1e30, -1e30], [2, 1], [0, 0]) { batchNormalized($0) },
]

/// Whole kernels at the edges of float32.
@Suite struct EdgeKernelTests {
  private func agree(_ found: [Float], _ expected: [Float]) -> Bool {
    found.count == expected.count
      && zip(found, expected).allSatisfy { a, b in a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-6 * max(1, abs(b))
      }
  }

  @Test(arguments: cases) private func kernelsAtTheEdges(_ edge: EdgeCase) throws {
    let x = Tensor(edge.input, shape: edge.shape)
    let y = edge.function(x)
    let value = try y.values()
    #expect(agree(value, edge.value))
    guard let expected = edge.first else { return }
    let slope = try #require(gradients(of: y.sum(), withRespectTo: [x])[0])
    let first = try slope.values()
    #expect(agree(first, expected))
    guard let expected = edge.second else { return }
    let curve = gradients(of: slope.sum(), withRespectTo: [x])[0] ?? .zeros(x.shape)
    let second = try curve.values()
    #expect(agree(second, expected))
  }
}
