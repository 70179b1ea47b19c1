import CKernels

/// A function of two numbers, applied to each pair of elements. Operands broadcast.
struct Binary: ElementwiseOperation, CaseIterable {
  let function: any BinaryFunction.Type
  var name: String { function.name }
  var isCheap: Bool { function.isCheap }

  static let add = Binary(function: Add.self), subtract = Binary(function: Subtract.self)
  static let multiply = Binary(function: Multiply.self), divide = Binary(function: Divide.self)
  static let power = Binary(function: Power.self)
  static let maximum = Binary(function: Maximum.self), minimum = Binary(function: Minimum.self)
  static let less = Binary(function: Less.self), lessOrEqual = Binary(function: LessOrEqual.self)
  static let equal = Binary(function: Equal.self)

  static let allCases: [Binary] = [
    .add, .subtract, .multiply, .divide, .power, .maximum, .minimum, .less, .lessOrEqual, .equal,
  ]

  static func == (a: Binary, b: Binary) -> Bool { a.function == b.function }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(function)) }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (a, b) = (operands[0], operands[1])
    guard let shape = a.shape.broadcast(with: b.shape) else {
      throw TensorError("\(name): shapes \(a.shape) and \(b.shape) do not broadcast: sizes must be equal or 1")
    }
    guard a.dtype == b.dtype else { throw wrongType(operands, needs: "operands of one type") }
    guard a.dtype == .float32 || function.integerInstruction != nil else { throw wrongType(operands, needs: "float32") }
    return [TensorType(shape, function.isComparison ? .float32 : a.dtype)]
  }

  func gradients(_ step: BackwardStep) -> [Tensor?] {
    function.gradients(step.upstream, step.operands[0], step.operands[1], step.results[0])
  }

  func reference<Scalar: Number>(_ operands: ReferenceOperands<Scalar>) -> HostArray<Scalar> {
    switch (operands.spread(0), operands.spread(1)) {
    case (.ints(let a), .ints(let b)):
      function.isComparison
        ? .floats(zip(a, b).map { function.value(Scalar($0), Scalar($1)) })
        : .ints(zip(a, b).map { function.value($0, $1) })
    case (let a, let b): .floats(zip(a.floats, b.floats).map { function.value($0, $1) })
    }
  }

  func instruction(for operand: DType) throws(TensorError) -> backprop_opcode {
    try operand == .float32 ? function.instruction : known(function.integerInstruction)
  }

  func simplified(_ operands: [Int], in ir: IR) -> Int? {
    if let right = function.rightIdentity, ir.constant(operands[1]) == right {
      return ir.same(operands[0], broadcastWith: operands[1])
    }
    if let left = function.leftIdentity, ir.constant(operands[0]) == left {
      return ir.same(operands[1], broadcastWith: operands[0])
    }
    return nil
  }

  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    try function.rewritten(operands, in: &ir)
  }
}
