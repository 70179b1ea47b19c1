import Testing

@testable import Tensors

/// Products with Jacobians, and Jacobians themselves.
@Suite struct JacobianTests {
  /// ⟨u, J v⟩ = ⟨Jᵀ u, v⟩.
  @Test(arguments: operationCases) func productsFromBothSidesAreAdjoint(_ operation: OperationCase) throws {
    let inputs = operation.doubleInputs(seed: 8)
    let output = operation.function(inputs)
    guard output.failure == nil, output.dtype == .float64, inputs.allSatisfy({ $0.shape.elementCount > 0 }) else {
      return
    }
    let v = operation.doubleInputs(seed: 9)
    let left =
      output.shape.elementCount == 0
      ? output
      : Tensor.iota([output.shape.elementCount], axis: 0)
        .cast(to: .float64).reshaped(to: output.shape).sin()
    let right = jacobianVectorProducts(of: [output], along: v, withRespectTo: inputs)[0]
    let gradients = vectorJacobianProducts(of: [output], along: [left], withRespectTo: inputs)
    var sum = Tensor.zeros([], dtype: .float64)
    for (gradient, v) in zip(gradients, v) { if let gradient { sum = sum + (gradient * v).sum() } }
    let numbers = try ReferenceInterpreter().evaluate([(left * right).sum(), sum]).map { $0.floats[0] }
    #expect(abs(numbers[0] - numbers[1]) <= 1e-11 * max(1, abs(numbers[0])), "\(numbers)")
  }

  @Test func aDirectionIsThatOfDifferences() throws {
    let (x, v) = (Tensor([0.3, -0.7, 1.1] as [Double], shape: [3]), Tensor([1, 2, -1] as [Double], shape: [3]))
    func f(_ x: Tensor) -> Tensor { .concatenated([(x * x).sin(), x.exp().sum(keepingAxes: true)], axis: 0) }
    let step = Tensor([1e-6] as [Double], shape: [1])
    let expected = try ((f(x + step * v) - f(x - step * v)) / (step * 2)).values(as: Double.self)
    let found = try jacobianVectorProducts(of: [f(x)], along: [v], withRespectTo: [x])[0].values(as: Double.self)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-8) }
  }

  /// More outputs than inputs, fewer, and as many: in either direction.
  @Test(arguments: [1, 3, 6]) func jacobiansHaveAGradientForEachOutput(outputs: Int) throws {
    let x = Tensor([0.3, -0.7, 1.1] as [Double], shape: [3, 1])
    let w = Tensor.iota([outputs * 3], axis: 0).cast(to: .float64).sin().reshaped(to: [outputs, 3])
    let y = w.matmul(x).tanh()
    let found = jacobian(of: y, withRespectTo: x)
    #expect(found.shape == [outputs, 1, 3, 1])
    let rows = try (0..<outputs).flatMap { row in
      try #require(gradients(of: y[row, 0], withRespectTo: [x])[0]).values(as: Double.self)
    }
    for (a, b) in zip(try found.values(as: Double.self), rows) { #expect(abs(a - b) < 1e-14) }
  }

  @Test func hessiansAreSecondDerivatives() throws {
    // x² y + sin(y): [[2y, 2x], [2x, −sin(y)]]
    let x = Tensor([1.5, 0.5] as [Double], shape: [2])
    let loss = x[0] * x[0] * x[1] + x[1].sin()
    let values = try hessian(of: loss, withRespectTo: x).values(as: Double.self)
    for (a, b) in zip(values, [1, 3, 3, -0.479425538604203]) { #expect(abs(a - b) < 1e-14) }
    // A product with a vector costs one gradient of the gradient.
    let gradient = try #require(gradients(of: loss, withRespectTo: [x])[0])
    let v = Tensor([2, -1] as [Double], shape: [2])
    let product = jacobianVectorProducts(of: [gradient], along: [v], withRespectTo: [x])[0]
    for (a, b) in zip(try product.values(as: Double.self), [-1, 6.479425538604203]) { #expect(abs(a - b) < 1e-14) }
  }

  @Test func derivativesOfDerivatives() throws {
    let x = Tensor([0.4, -0.2] as [Double], shape: [2])
    let third = jacobian(of: hessian(of: (x.exp() * x).sum(), withRespectTo: x), withRespectTo: x)
    #expect(third.shape == [2, 2, 2])
    // (x eˣ)''' = (x + 3) eˣ on the diagonal
    let values = try third.values(as: Double.self)
    #expect(abs(values[0] - 3.4 * 1.4918246976412703) < 1e-13)
    #expect(abs(values[7] - 2.8 * 0.8187307530779818) < 1e-13)
    #expect(values[1...6].allSatisfy { $0 == 0 })
  }

  @Test func independentOutputsGiveZeros() throws {
    let (x, y) = (Tensor.ones([2]), Tensor.ones([3]))
    #expect(vectorJacobianProducts(of: [y], along: [y], withRespectTo: [x])[0] == nil)
    #expect(try jacobianVectorProducts(of: [y], along: [x], withRespectTo: [x])[0].values() == [0, 0, 0])
    #expect(try jacobian(of: y, withRespectTo: x).values() == [0, 0, 0, 0, 0, 0])
    #expect(jacobian(of: Tensor.ones([0]), withRespectTo: x).shape == [0, 2])
  }

  @Test func mistakesAreErrors() {
    let (x, whole) = (Tensor.ones([2]), Tensor([1, 2] as [Int32], shape: [2]))
    let results = [
      jacobian(of: whole, withRespectTo: x), hessian(of: x, withRespectTo: x),
      vectorJacobianProducts(of: [x], along: [], withRespectTo: [x])[0] ?? x,
      jacobianVectorProducts(of: [x], along: [Tensor.ones([3])], withRespectTo: [x])[0],
    ]
    for (result, word) in zip(results, ["int32", "one float32", "not 0", "[3]"]) {
      #expect(result.failure?.message.contains(word) == true, "\(result)")
    }
  }
}
