import Testing

@testable import Tensors

/// Kernels at sizes where they work in blocks, on several threads or in other libraries: one special value among
/// ordinary ones, against the reference interpreter in float64. Value and first gradient, of which each element is
/// compared.
@Suite struct EdgeKernelSizeTests {
  private static let operations: [OperationCase] = [
    OperationCase("elementwise", [70, 33]) { ($0[0] * 2 + 1).tanh() * $0[0].relu() },
    OperationCase("sum of rows", [70, 133]) { $0[0].sum(axes: [1]) },
    OperationCase("mean of columns", [133, 70]) { $0[0].mean(axes: [0]) },
    OperationCase("max of rows", [70, 133]) { $0[0].max(axes: [1]) },
    OperationCase("matmul", [64, 96], [96, 80]) { $0[0].matmul($0[1]) },
    OperationCase("matmul of a row", [1, 300], [300, 70]) { $0[0].matmul($0[1]) },
    OperationCase("matmul of few rows", [5, 130], [130, 70]) { $0[0].matmul($0[1]) },
    OperationCase("matmul, narrow", [200, 40], [40, 10]) { $0[0].matmul($0[1]) },
    OperationCase("matmul transposed", [96, 64], [80, 96]) { $0[0].transposed.matmul($0[1].transposed) },
    OperationCase("matmul, deep", [64, 700], [700, 64]) { $0[0].matmul($0[1]) },
    OperationCase("convolution of points", [2, 32, 7, 7], [32, 32, 1, 1]) { $0[0].convolved(with: $0[1]) },
    OperationCase("convolution by two", [2, 16, 9, 9], [16, 16, 3, 3]) { $0[0].convolved(with: $0[1], stride: 2) },
    OperationCase("max-pool", [2, 20, 9, 9]) { $0[0].maxPooled(kernel: 3, stride: 2, paddingBegin: 1) },
    OperationCase("mean-pool", [2, 20, 9, 9]) { $0[0].averagePooled(kernel: 3, stride: 2, paddingBegin: 1) },
    OperationCase("softmax", [5, 300]) { $0[0].softmax() },
    OperationCase("logSoftmax", [5, 300]) { $0[0].logSoftmax() },
    OperationCase("crossEntropy", [5, 300]) {
      crossEntropyLosses(logits: $0[0], labels: Tensor([299, 0, 150, 7, 16] as [Int32], shape: [5]))
    },
    OperationCase("layerNorm", [5, 300], [300], [300]) { $0[0].layerNormalized(scale: $0[1], shift: $0[2]) },
    OperationCase("groupNorm", [2, 6, 70], [6], [6]) {
      $0[0].groupNormalized(groups: 3, scale: $0[1], shift: $0[2])
    },
    OperationCase("gather", [20, 70]) { $0[0].rows(Tensor([3, 0, 19, 3, 25] as [Int32], shape: [5])) },
    OperationCase("attention", [1, 2, 70, 16], [1, 2, 70, 16], [1, 2, 70, 16]) {
      // Scores of 10 and not 1e18, which the gradient's rounding error would be multiplied with.
      let isLarge = Tensor.full([], 1e6).less(than: $0[1].abs())
      let keys = Tensor.where(isLarge, $0[1] * 1e-17, $0[1])
      return attention(
        queries: $0[0], keys: keys, values: $0[2], lengths: Tensor([69] as [Int32], shape: [1]))
    },
  ]

  /// 1e18 rather than the greatest number: its square and sums of it are in the range of float32.
  @Test(arguments: operations, [.infinity, -.infinity, .nan, 1e18, Float(bitPattern: 71362)])
  fileprivate func onePeculiarNumber(_ operation: OperationCase, _ number: Float) throws {
    for input in operation.shapes.indices {
      let inputs = try operation.inputs(seed: 3).enumerated().map { index, tensor in
        var values = try tensor.values()
        if index == input { values[values.count / 3] = number.isSubnormal ? 0 : number }
        let exact = Tensor(values, shape: tensor.shape.dimensions)
        if index == input { values[values.count / 3] = number }
        return (Tensor(values, shape: tensor.shape.dimensions), exact)
      }
      let found = results(operation, inputs.map(\.0))
      let expected = try ReferenceInterpreter().evaluate(results(operation, inputs.map(\.1)))
      for (place, (tensor, wanted)) in zip(found, expected).enumerated() {
        let largest = wanted.floats.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
        let different = zip(try tensor.values(), wanted.floats).enumerated().first { _, pair in
          let (a, b) = (Double(pair.0), Double(EdgeNumber.flushed(pair.1)))
          // Next to 1e18, sums have its rounding error; elsewhere their own.
          let slack = abs(b) > 1e6 ? 1e-6 * largest : 2e-5
          return !(a == b || (a.isNaN && b.isNaN) || abs(a - b) <= slack + 1e-5 * abs(b))
        }
        let what = place == 0 ? "value" : "gradient \(place - 1)"
        #expect(different == nil, "input \(input), \(what): \(String(describing: different))")
      }
    }
  }

  /// Scores of which one is far above all others, so that its probability is 1, whatever the rounding error of
  /// logsumexp.
  @Test(arguments: [false, true], [1e3, 1e6, 1e9] as [Float])
  func largeScoresOfAttention(_ causal: Bool, _ size: Float) throws {
    let shapes = Array(repeating: [1, 2, 70, 16] as Shape, count: 3)
    let saturated = OperationCase("attention of large scores", shapes) {
      attention(queries: $0[0] * size, keys: $0[1] * size, values: $0[2], causal: causal)
    }
    let found = results(saturated, saturated.inputs(seed: 4))
    let expected = try ReferenceInterpreter().evaluate(found)
    for place in [0, 3] {  // the value, and the gradient of the values
      let pairs = zip(try found[place].values().map { Double($0) }, expected[place].floats)
      let isClose = pairs.allSatisfy { (a: Double, b: Double) in abs(a - b) <= 1e-5 + 1e-5 * abs(b) }
      #expect(isClose, "\(place)")
    }
    for gradient in found[1...2] {
      let values: [Float] = try gradient.values()
      #expect(values.allSatisfy { $0.isFinite })
    }
  }

  private func results(_ operation: OperationCase, _ inputs: [Tensor]) -> [Tensor] {
    let value = operation.function(inputs)
    let weights = Tensor((0..<value.shape.elementCount).map { Float($0 % 7) / 4 + 0.25 }, shape: value.shape.dimensions)
    return [value] + gradients(of: (value * weights).sum(), withRespectTo: inputs).compactMap { $0 }
  }
}
