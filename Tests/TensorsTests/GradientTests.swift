import Testing

@testable import Tensors

/// Every gradient rule against central differences in double precision.
@Suite struct GradientTests {
  @Test(arguments: operationCases) func gradientsMatchDifferences(_ operation: OperationCase) throws {
    let result = try gradientCheck(operation.function, at: operation.inputs(seed: 5))
    #expect(result.passes(tolerance: 1e-6), "seed 5: \(result)")
  }

  @Test(arguments: operationCases) func secondGradientsMatchDifferences(_ operation: OperationCase) throws {
    // The second derivative of linear functions must not be zero everywhere.
    let result = try gradientCheck({ operation.function($0).square() }, at: operation.inputs(seed: 6), order: 2)
    #expect(result.passes(tolerance: 1e-4), "seed 6: \(result)")
  }

  /// As in training: the kernels' gradients against the interpreter's of the same graph.
  @Test(arguments: operationCases) func gradientsOfKernelsMatchTheReference(_ operation: OperationCase) throws {
    let inputs = operation.inputs(seed: 7)
    for gradient in gradients(of: operation.function(inputs).square().sum(), withRespectTo: inputs) {
      guard let gradient else { continue }
      let different = try difference(gradient, seed: 7)
      #expect(different == nil)
    }
  }

  /// Of tensors that depend on one another each has its whole gradient: of Σ y³ + x · y with y = x², 3y² + x and 6x⁵ + 3x².
  @Test func gradientsOfDependentTensorsAreWhole() throws {
    let x = Tensor([0.5, -1.25] as [Double], shape: [2])
    let y = x.square()
    let found = gradients(of: (y * y.square() + x * y).sum(), withRespectTo: [y, x, y])
    let values = try found.map { try #require($0).values(as: Double.self) }
    for (index, x) in [0.5, -1.25].enumerated() {
      let y = x * x
      #expect(abs(values[0][index] - (3 * y * y + x)) < 1e-14)
      #expect(abs(values[1][index] - (6 * x * y * y + 3 * y)) < 1e-14)
      #expect(values[2][index] == values[0][index])
    }
  }

  /// The derivatives of t³: 3t² and 6t; that of a constant is 0, and an invalid loss is an error.
  @Test func gradientOfOneTensor() throws {
    let t = Tensor([2, -0.5] as [Double], shape: [2])
    let velocity = (t * t.square()).sum().gradient(withRespectTo: t)
    #expect(try velocity.values(as: Double.self) == [12, 0.75])
    #expect(try velocity.sum().gradient(withRespectTo: t).values(as: Double.self) == [12, -3])
    #expect(try Tensor(1.0 as Double).gradient(withRespectTo: t).values(as: Double.self) == [0, 0])
    #expect(throws: TensorError.self) { try t.gradient(withRespectTo: t).values(as: Double.self) }
  }

  @Test func theCheckFindsAWrongGradient() throws {
    // The gradient of x · stopGradient(x) is half of that of differences.
    let x = Tensor([0.5, -1.25], shape: [2])
    let result = try gradientCheck({ $0[0] * $0[0].stoppingGradient() }, at: [x])
    #expect(!result.passes(tolerance: 0.1))
    #expect(abs(result.largestError - 0.5) < 1e-6)
    #expect(result.description.contains("input 0"))
  }

  @Test func theCheckLeavesWholeNumbersAlone() throws {
    let labels = Tensor([1, 0] as [Int32], shape: [2])
    let logits = Tensor([0.5, -1, 0.25, 2], shape: [2, 2])
    let result = try gradientCheck({ crossEntropyLosses(logits: $0[1], labels: $0[0]) }, at: [labels, logits])
    #expect(result.passes(tolerance: 1e-6), "\(result)")
  }

  @Test func theCheckRefusesOtherOrders() {
    #expect(throws: TensorError.self) { try gradientCheck({ $0[0] }, at: [Tensor.ones([1])], order: 3) }
  }

  @Test func positionsHaveNoDerivative() throws {
    let x = Tensor([1, 2, 3], shape: [3])
    let position = x.argmax()
    let gradient = gradients(of: position.cast(to: .float32), withRespectTo: [x])[0]
    #expect(gradient?.failure != nil)
  }

  @Test func whatDoesNotDependHasNoGradient() {
    let (x, y) = (Tensor.ones([2]), Tensor.ones([2]))
    #expect(gradients(of: x.sum(), withRespectTo: [y])[0] == nil)
    #expect(gradients(of: x, withRespectTo: [x])[0]?.failure?.message.contains("[2]") == true)
  }

  @Test func equalValuesShare() throws {
    let x = Tensor([2, 2, 1], shape: [3])
    #expect(try gradients(of: x.max(), withRespectTo: [x])[0]?.values() == [0.5, 0.5, 0])
    let (a, b) = (Tensor([1], shape: [1]), Tensor([1], shape: [1]))
    let both = gradients(of: maximum(a, b).sum(), withRespectTo: [a, b])
    #expect(try both[0]?.values() == [0.5])
    #expect(try both[1]?.values() == [0.5])
  }
}
