import CKernels

/// A function of the C library, applied to each element or each pair: equal where the function is the same. See
/// `LibraryFunctions.swift`.
///
/// A kernel of its own rather than an instruction of fused ones, since it is more work than to fetch its operands.
struct LibraryCall: PrimitiveOperation {
  let function: any LibraryFunction.Type
  var name: String { function.name }

  static func == (a: Self, b: Self) -> Bool { a.function == b.function }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(function)) }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands.allSatisfy({ $0.dtype == operands[0].dtype }) else {
      throw wrongType(operands, needs: "operands of one type", hint: "use cast(to:)")
    }
    let dtype = operands[0].dtype
    guard dtype.isDifferentiable && function.isForFloats || dtype.isInteger && function.isForIntegers else {
      throw function.isForFloats
        ? needsArithmetic(operands, integers: function.isForIntegers) : wrongType(operands, needs: "integers")
    }
    guard operands.allSatisfy({ $0.shape == operands[0].shape }) else {
      throw TensorError(
        "\(name): shapes \(operands[0].shape) and \(operands[1].shape) do not broadcast: sizes must be equal or 1")
    }
    return [operands[0]]
  }

  /// That of the function.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    function.gradients(step.upstream, step.operands, step.results[0])
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(self) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let (a, b) = (operands.arrays[0], operands.arrays[operands.arrays.count - 1])
    if case (.ints(let a), .ints(let b)) = (a, b) { return .ints(zip(a, b).map { function.whole($0, $1) }) }
    return .floats(zip(a.floats, b.floats).map { function.value($0, $1) })
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let type = lowering.ir.types[instruction.firstOutput]
    let kernel = LibraryKernel(
      code: function.code, type: type.dtype, operandCount: instruction.inputs.count, count: type.shape.elementCount)
    lowering.emit(kernel, try lowering.contiguous(instruction.inputs), instruction)
  }
}

private struct LibraryKernel: PlainKernel {
  let code: backprop_function
  let type: DType
  let operandCount: Int, count: Int

  var title: String { "function \(code.rawValue) of \(count)\(type.suffix)" }
  var cost: Cost { Cost(flops: count, bytes: (operandCount + 1) * count * type.byteCount) }

  func run(_ operands: KernelOperands) {
    let second = operandCount == 2 ? operands.start[1] : nil
    backprop_library(type.code, code, Int64(count), operands.start[0], second, operands.start[operandCount])
  }
}

extension Tensor {
  func library(_ function: any LibraryFunction.Type) -> Tensor { .record(LibraryCall(function: function), [self]) }

  /// Operands broadcast, and a number takes the type of the other one; whole numbers stay so where both are.
  func library(_ function: any LibraryFunction.Type, _ other: Tensor) -> Tensor {
    let (a, b) = Tensor.matched(self, other, comparing: function.isForIntegers)
    let shape = a.shape.broadcast(with: b.shape)
    let operands = [a, b].map { operand in shape.map { operand.broadcast(to: $0) } ?? operand }
    return .record(LibraryCall(function: function), operands)
  }
}
