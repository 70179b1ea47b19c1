// Kernels that write into memory that is not their own: a part of a concatenation, or a variable.

extension Lowering {
  /// Redirects the output of the step that computes a value to another location with the same elements in the same
  /// order, if nothing else uses the value.
  mutating func redirect(_ source: View, to part: View) -> Bool {
    guard source.shape.elementCount > 0, let (time, output) = onlyWriter(of: source),
      !isNeeded(source.buffer, after: time, besides: 1),
      let layout = steps[time].kernel.layout(ofOutput: output),
      let moved = part.laidOut(as: layout), let kernel = steps[time].kernel.writing(output, as: moved)
    else { return false }
    steps[time].kernel = kernel
    steps[time].outputs[output] = moved.start
    uses.move(source.buffer, to: part.buffer, writtenBy: time)
    return true
  }

  /// Makes the kernel that computes a value write it directly into the variable, if nothing reads the variable later and
  /// the kernel itself reads it only position by position.
  mutating func writesInPlace(_ source: View, _ target: View) -> Bool {
    guard sizes[source.buffer] == sizes[target.buffer], let (time, output) = onlyWriter(of: source),
      !isNeeded(target.buffer, after: time),
      steps[time].kernel.layout(ofOutput: output) != nil,
      !steps[time].outputs.contains(where: { $0.buffer == target.buffer }),
      steps[time].mayOverwrite(output, inMemory: { $0 == target.buffer })
    else { return false }
    steps[time].outputs[output].buffer = target.buffer
    // Later steps read the value from its new location.
    for reader in uses.readers(of: source.buffer) {
      for index in steps[reader].inputs.indices where steps[reader].inputs[index]?.buffer == source.buffer {
        steps[reader].inputs[index]?.buffer = target.buffer
      }
    }
    for value in views.values(in: source.buffer) { views[value]?.buffer = target.buffer }
    uses.move(source.buffer, to: target.buffer, writtenBy: time)
    return true
  }

  /// Whether a variable is assigned its own value with a slice replaced, and nothing else needs its old value any more.
  mutating func isReplacedInPlace(_ input: Int, by output: Int, _ source: View) -> Bool {
    let leaf = ir.instruction(of: input)
    guard leaf.op.isVariable, ir.assignments.contains(where: { $0.source == leaf.source && $0.value == output }) else {
      return false
    }
    return !isNeeded(source.buffer, after: steps.count, besides: 1)
  }

  /// The only step that writes a value, which fills a buffer of the arena in row-major order, and which of the step's
  /// results it is.
  private mutating func onlyWriter(of source: View) -> (time: Int, output: Int)? {
    uses.note(steps)
    guard places[source.buffer] == nil, source.isRowMajor, source.offset == 0,
      sizes[source.buffer] == source.byteCount, uses.writers(of: source.buffer).count == 1,
      let time = uses.writers(of: source.buffer).first,
      let output = steps[time].outputs.firstIndex(where: { $0.buffer == source.buffer })
    else { return nil }
    return (time, output)
  }
}

extension View {
  /// This memory with the shape and the order of the axes of a dense layout of as many elements.
  fileprivate func laidOut(as layout: Layout) -> View? {
    guard let order = layout.denseOrder, var view = reshaped(to: Shape(order.map { layout.shape[$0] })) else {
      return nil
    }
    var strides = layout.strides
    for (axis, stride) in zip(order, view.strides) { strides[axis] = stride }
    (view.shape, view.strides) = (layout.shape, strides)
    return view
  }
}
