/// Repeated along new axes and those of size 1.
struct Broadcast: PrimitiveOperation {
  let shape: Shape
  var isRearrangement: Bool { true }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].shape.broadcast(with: shape) == shape else {
      throw TensorError("broadcast: \(operands[0].shape) does not broadcast to \(shape)")
    }
    return [TensorType(shape, operands[0].dtype)]
  }

  func gradients(_ step: BackwardStep) -> [Tensor?] { [step.upstream] }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    let ones = [Int](repeating: 1, count: shape.rank - step.rank(0))
    let x = step.operands[0].reshaped(to: Shape([step.count] + ones + step.operands[0].shape.dropFirst()))
    return [.record(Broadcast(shape: Shape([step.count] + shape.dimensions)), [x])]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray { operands.spread(0) }

  func rewritten(_ operands: [Int], in ir: inout IR) -> [Int]? { ir.types[operands[0]].shape == shape ? operands : nil }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    lowering.views[instruction.firstOutput] = try lowering.view(instruction.inputs[0]).broadcast(to: shape)
  }
}

extension Tensor {
  /// The tensor repeated along new axes in front and along those of size 1: [3, 1] as [2, 3, 4], for instance. Copies
  /// nothing where a kernel can read its operand repeatedly. A shape that does not fit gives a failed tensor.
  public func broadcast(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    shape == self.shape ? self : .record(Broadcast(shape: shape), [self], CallSite(file, line))
  }

  /// Tensors of one floating-point type and one shape: numbers take the type of the others, and all broadcast. Failed
  /// tensors where they do not fit, whose error begins with `name`.
  package static func broadcastTogether(_ tensors: [Tensor], for name: String) -> [Tensor] {
    let dtype = tensors.first { !$0.isNumber }?.dtype ?? .float32
    let matched = tensors.map { $0.matching(dtype) }
    let shape = matched.reduce(Shape([]) as Shape?) { shape, tensor in shape?.broadcast(with: tensor.shape) }
    let failed = matched.first { $0.failure != nil }
    guard failed == nil, dtype.isDifferentiable, matched.allSatisfy({ $0.dtype == dtype }), let shape else {
      let types = matched.map { "\($0.type)" }.joined(separator: ", ")
      let error = TensorError("\(name): needs parameters of float32 or of float64 that broadcast, not \(types)")
      return tensors.map { _ in failed ?? .failed(error) }
    }
    return matched.map { $0.shape == shape ? $0 : $0.broadcast(to: shape) }
  }
}
