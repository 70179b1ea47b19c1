/// A function of two numbers, applied to each pair of elements. Operands broadcast.
struct Binary: FunctionOperation, CaseIterable {
  let function: any BinaryFunction.Type
  var applied: any ElementwiseFunction.Type { function }

  init(_ function: any BinaryFunction.Type) { self.function = function }

  static let allCases: [Binary] =
    ([
      Add.self, Subtract.self, Multiply.self, Divide.self, Power.self, Maximum.self, Minimum.self, Less.self,
      LessOrEqual.self, Equal.self,
    ] as [any BinaryFunction.Type]).map(Binary.init)

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (a, b) = (operands[0], operands[1])
    guard let shape = a.shape.broadcast(with: b.shape) else {
      throw TensorError("\(name): shapes \(a.shape) and \(b.shape) do not broadcast: sizes must be equal or 1")
    }
    guard a.dtype == b.dtype else {
      throw wrongType(operands, needs: "operands of one type", hint: "use cast(to:)")
    }
    guard
      function.isComparison || a.dtype.isDifferentiable || a.dtype.isInteger && function.isForIntegers
        || a.dtype == .bool && function.isForBools
    else { throw needsArithmetic(operands, integers: function.isForIntegers) }
    return [TensorType(shape, function.isComparison ? .bool : a.dtype)]
  }

  func gradients(_ step: BackwardStep) -> [Tensor?] {
    function.gradients(step.upstream, step.operands[0], step.operands[1], step.results[0])
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let (a, b) = (operands.spread(0), operands.spread(1))
    if case (.ints(let a), .ints(let b), let whole?) = (a, b, function.whole) { return .ints(zip(a, b).map(whole)) }
    let results = HostArray.floats(zip(a.floats, b.floats).map { function.value($0, $1) })
    return function.isComparison ? .ints(results.ints) : results
  }

  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    for (index, identity) in [function.leftIdentity, function.rightIdentity].enumerated() {
      guard let identity, ir.constant(operands[index]) == identity else { continue }
      let (whole, other) = (operands[1 - index], ir.types[operands[index]].shape)
      return ir.types[whole].shape.broadcast(with: other) == ir.types[whole].shape ? [whole] : nil
    }
    // Numbers of 16 bits are compared as float32, which holds them all.
    if ir.types[operands[0]].dtype.isFloatingPoint, !ir.types[operands[0]].dtype.isDifferentiable {
      let cast = Cast(dtype: .float32)
      return try ir.add(self, try ir.add(cast, [operands[0]]) + ir.add(cast, [operands[1]]))
    }
    return try function.rewritten(operands, in: &ir)
  }
}
