import CKernels

// Steps of plain kernels, for the types that the fast ones do not take.

extension Lowering {
  /// An elementwise function as a step of its own.
  mutating func emitElementwise(
    _ function: backprop_opcode, _ instruction: IR.Instruction
  ) throws(TensorError) {
    let (inputs, result) = try spread(instruction)
    let layout = PlainLayout(result.shape, inputs.count == 1 ? [inputs[0], inputs[0], result] : inputs + [result])
    steps.append(
      Step(
        kernel: PlainElementwise(
          type: inputs[0].dtype, function: function, hasTwoOperands: inputs.count == 2, layout: layout),
        inputs: inputs.map(\.start), outputs: [result.start]))
  }

  mutating func emitSelect(_ instruction: IR.Instruction) throws(TensorError) {
    let (inputs, result) = try spread(instruction)
    let layout = PlainLayout(result.shape, inputs + [result])
    steps.append(
      Step(
        kernel: PlainSelect(elementBytes: result.dtype.byteCount, layout: layout), inputs: inputs.map(\.start),
        outputs: [result.start]))
  }

  /// The operands, repeated to the shape of the result, and memory for it.
  private mutating func spread(_ instruction: IR.Instruction) throws(TensorError) -> ([View], View) {
    let type = ir.types[instruction.firstOutput]
    let inputs = try instruction.inputs.map { (value) throws(TensorError) in try view(value).broadcast(to: type.shape) }
    let result = allocate(type.shape, type.dtype)
    views[instruction.firstOutput] = result
    return (inputs, result)
  }
}
