// The plan's outputs: requested values, and new values of variables.

extension Lowering {
  /// Places the requested values and those assigned to variables, then all buffers.
  mutating func finish() throws(TensorError) -> Plan {
    for (index, value) in ir.outputs.enumerated() {
      let source = try view(value)
      let claimable =
        places[source.buffer] == nil && source.isRowMajor && source.offset == 0
        && sizes[source.buffer] == source.shape.elementCount
      if claimable {
        places[source.buffer] = .output(index)
      } else {
        emitCopy(
          from: source, to: View(buffer: newBuffer(source.shape.elementCount, .output(index)), shape: source.shape))
      }
    }
    try writeVariables()

    let memory = MemoryPlan(steps: steps, sizes: sizes, inArena: places.map { $0 == nil })
    return Plan(
      steps: steps,
      places: places.enumerated().map { $1 ?? .arena(offset: memory.offsets[$0] ?? 0) },
      sizes: sizes, constants: constants, arenaBytes: memory.arenaBytes,
      outputSizes: ir.outputs.map { ir.types[$0].shape.elementCount })
  }

  /// Gives variables their new values. Every one is the value before any assignment, so a variable's old value is
  /// copied away first if it is still needed; only then may fused kernels write into variables.
  private mutating func writeVariables() throws(TensorError) {
    var pending: [(value: Int, target: View)] = []
    for (variable, value) in ir.assignments {
      let shape = ir.types[value].shape
      let target = View(buffer: sourceBuffer(variable, size: shape.elementCount), shape: shape)
      if try view(value) != target { pending.append((value, target)) }
    }
    let changing = Set(pending.map(\.target.buffer))
    for (value, _) in pending {
      let source = try view(value)
      guard changing.contains(source.buffer) else { continue }
      let copy = allocate(source.shape)
      emitCopy(from: source, to: copy)
      views[value] = copy
    }
    var copied: [(value: Int, target: View)] = []
    for (value, target) in pending where !writesInPlace(try view(value), target) { copied.append((value, target)) }
    // A value that is assigned to two variables may already be in the other one.
    for (value, target) in copied { emitCopy(from: try view(value), to: target) }
  }

  /// Makes the fused kernel that computes a value write it directly into the variable, if nothing reads the variable
  /// later and the kernel itself reads it only position by position.
  private mutating func writesInPlace(_ source: View, _ target: View) -> Bool {
    uses.note(steps, bufferCount: sizes.count)
    guard places[source.buffer] == nil, source.isRowMajor, source.offset == 0,
      sizes[source.buffer] == sizes[target.buffer],
      let time = uses.writers(of: source.buffer).first, uses.writers(of: source.buffer).count == 1,
      case .program(var program) = steps[time], !isNeeded(target.buffer, after: time),
      !program.outputs.contains(where: { $0.buffer == target.buffer }),
      let output = program.outputs.firstIndex(where: { $0.buffer == source.buffer }),
      program.readsOnlyWhereItWrites(program.outputs[output], inMemory: { $0 == target.buffer })
    else { return false }
    program.outputs[output].buffer = target.buffer
    steps[time] = .program(program)
    // Later steps read the value from its new location.
    for index in uses.readers(of: source.buffer) {
      steps[index] = steps[index].reading(target.buffer, insteadOf: source.buffer)
    }
    for value in views.values(in: source.buffer) { views[value]?.buffer = target.buffer }
    uses.move(source.buffer, to: target.buffer, writtenBy: time)
    return true
  }
}
