/// A function of one number, applied to each element: equal where the function is the same.
struct Unary: FunctionOperation, CaseIterable {
  let function: any UnaryFunction.Type
  var applied: any ElementwiseFunction.Type { function }

  init(_ function: any UnaryFunction.Type) { self.function = function }

  static let allCases: [Unary] =
    ([
      Negate.self, Absolute.self, Sign.self, Exp.self, Log.self, SquareRoot.self, ReciprocalSquareRoot.self,
      Reciprocal.self, Square.self, HyperbolicTangent.self, Sigmoid.self, ReLU.self, Sine.self, Cosine.self,
      ErrorFunction.self, Floor.self, GELUTanh.self, GELUTanhDerivative.self,
    ] as [any UnaryFunction.Type]).map(Unary.init)

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].dtype.isDifferentiable || operands[0].dtype.isInteger && function.isForIntegers else {
      throw needsArithmetic(operands, integers: function.isForIntegers)
    }
    return operands
  }

  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [function.gradient(step.upstream, step.operands[0], step.results[0])]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    switch operands.arrays[0] {
    case .ints(let x): .ints(x.map(function.whole ?? { $0 }))
    case .floats(let x): .floats(x.map { function.value($0) })
    }
  }
}
