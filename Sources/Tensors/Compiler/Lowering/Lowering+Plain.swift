import CKernels

// Steps of plain kernels, for the types that the fast ones do not take.

extension Lowering {
  /// An elementwise function as a step of its own.
  mutating func emitElementwise(
    _ function: backprop_opcode, _ instruction: IR.Instruction
  ) throws(TensorError) {
    let (inputs, result) = try spread(instruction)
    let layout = PlainLayout(result.shape, inputs.count == 1 ? [inputs[0], inputs[0], result] : inputs + [result])
    let kernel = PlainElementwise(
      type: inputs[0].dtype, function: function, hasTwoOperands: inputs.count == 2, layout: layout)
    emit(kernel, inputs, [result])
  }

  mutating func emitSelect(_ instruction: IR.Instruction) throws(TensorError) {
    let (inputs, result) = try spread(instruction)
    let layout = PlainLayout(result.shape, inputs + [result])
    emit(PlainSelect(elementBytes: result.dtype.byteCount, layout: layout), inputs, [result])
  }

  /// The operands, repeated to the shape of the result, and memory for it.
  private mutating func spread(_ instruction: IR.Instruction) throws(TensorError) -> ([View], View) {
    let shape = ir.types[instruction.firstOutput].shape
    let inputs = try instruction.inputs.map { (value) throws(TensorError) in try view(value).broadcast(to: shape) }
    return (inputs, result(instruction.firstOutput))
  }
}
