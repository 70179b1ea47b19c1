/// A function of one number, applied to each element: equal where the function is the same.
struct Unary: FunctionOperation, CaseIterable {
  let function: any UnaryFunction.Type
  var applied: any ElementwiseFunction.Type { function }

  static let negate = Unary(function: Negate.self), absolute = Unary(function: Absolute.self)
  static let sign = Unary(function: Sign.self), exp = Unary(function: Exp.self), log = Unary(function: Log.self)
  static let sqrt = Unary(function: SquareRoot.self), rsqrt = Unary(function: ReciprocalSquareRoot.self)
  static let reciprocal = Unary(function: Reciprocal.self), square = Unary(function: Square.self)
  static let tanh = Unary(function: HyperbolicTangent.self), sigmoid = Unary(function: Sigmoid.self)
  static let relu = Unary(function: ReLU.self), sin = Unary(function: Sine.self), cos = Unary(function: Cosine.self)
  static let erf = Unary(function: ErrorFunction.self), floor = Unary(function: Floor.self)
  static let geluTanh = Unary(function: GELUTanh.self)
  static let geluTanhDerivative = Unary(function: GELUTanhDerivative.self)

  static let allCases: [Unary] = [
    .negate, .absolute, .sign, .exp, .log, .sqrt, .rsqrt, .reciprocal, .square, .tanh, .sigmoid, .relu, .sin, .cos,
    .erf, .floor, .geluTanh, .geluTanhDerivative,
  ]

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
    case .ints(let x): .ints(x.map { function.value($0) })
    case .floats(let x): .floats(x.map { function.value($0) })
    }
  }
}
