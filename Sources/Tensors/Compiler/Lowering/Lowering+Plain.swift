extension Lowering {
  /// An elementwise operation as a step of its own, for the types that fused kernels do not take.
  mutating func emitPlain(
    _ function: PlainElementwise.Function, _ instruction: IR.Instruction
  ) throws(TensorError) {
    let shape = ir.types[instruction.firstOutput].shape
    let inputs = try instruction.inputs.map { (value) throws(TensorError) in try view(value).broadcast(to: shape) }
    emitPlain(function, inputs, to: result(instruction.firstOutput))
  }

  /// All views have one shape.
  mutating func emitPlain(_ function: PlainElementwise.Function, _ inputs: [View], to result: View) {
    // C knows functions of one operand as those of two, the second of which is not there.
    let isOfOne = if case .instruction = function { inputs.count == 1 } else { false }
    let layout = PlainLayout(result.shape, inputs + (isOfOne ? inputs : []) + [result])
    let type = inputs[inputs.count - 1].dtype
    emit(PlainElementwise(function: function, type: type, inputCount: inputs.count, layout: layout), inputs, [result])
  }
}
