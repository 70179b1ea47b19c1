extension Lowering {
  /// Concatenates values. The step that computes a value writes it directly into its part of the result if nothing else
  /// uses the value; otherwise it is copied there.
  mutating func lowerConcatenation(_ instruction: IR.Instruction, axis: Int) throws(TensorError) {
    let target = allocate(ir.types[instruction.firstOutput].shape)
    var start = 0
    for input in instruction.inputs {
      let source = try view(input)
      let part = View(
        buffer: target.buffer, offset: target.offset + start * target.strides[axis], shape: source.shape,
        strides: target.strides)
      if !redirect(source, to: part) { emitCopy(from: source, to: part) }
      start += source.shape[axis]
    }
    views[instruction.firstOutput] = target
  }

  /// Redirects the output of the step that computes a value to another location with the same elements in the same
  /// order.
  private mutating func redirect(_ source: View, to part: View) -> Bool {
    uses.note(steps, bufferCount: sizes.count)
    guard places[source.buffer] == nil, source.isRowMajor, source.offset == 0,
      sizes[source.buffer] == source.shape.elementCount, source.shape.elementCount > 0,
      uses.writers(of: source.buffer).count == 1, let writer = uses.writers(of: source.buffer).first,
      !isNeeded(source.buffer, after: writer, besides: 1)
    else { return false }

    /// The same elements at their new location.
    func moved(_ output: View) -> View? {
      guard let order = output.denseOrder else { return nil }
      let sorted = Shape(order.map { output.shape[$0] })
      guard var view = part.reshaped(to: sorted) else { return nil }
      var strides = output.strides
      for (axis, stride) in zip(order, view.strides) { strides[axis] = stride }
      (view.shape, view.strides) = (output.shape, strides)
      return view
    }
    switch steps[writer] {
    case .attention(var call):
      guard let index = call.outputs.firstIndex(where: { $0.buffer == source.buffer }),
        let view = moved(call.outputs[index]), view.shape.rank == 4, view.shape[3] == 1 || view.strides[3] == 1
      else { return false }
      call.outputs[index] = view
      steps[writer] = .attention(call)
    case .program(var program):
      guard let index = program.outputs.firstIndex(where: { $0.buffer == source.buffer }),
        let view = moved(program.outputs[index])
      else { return false }
      program.outputs[index] = view
      steps[writer] = .program(program)
    default: return false
    }
    uses.move(source.buffer, to: part.buffer, writtenBy: writer)
    return true
  }
}
