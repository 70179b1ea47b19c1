// The plan's outputs: requested values, and new values of variables.

extension Lowering {
  /// Places the requested values and those assigned to variables, then all buffers.
  mutating func finish() throws(TensorError) -> Plan {
    for (index, value) in ir.outputs.enumerated() {
      let source = try view(value)
      let claimable =
        places[source.buffer] == nil && source.isRowMajor && source.offset == 0
        && sizes[source.buffer] == source.byteCount
      if claimable {
        places[source.buffer] = .output(index)
      } else {
        emitCopy(
          from: source,
          to: View(buffer: newBuffer(source.byteCount, .output(index)), shape: source.shape, source.dtype))
      }
    }
    try writeVariables()
    let memory = MemoryPlan(steps: steps, sizes: sizes, inArena: places.map { $0 == nil })
    return Plan(
      steps: steps,
      places: places.enumerated().map { $1 ?? .arena(offset: memory.offsets[$0] ?? 0) },
      sizes: sizes, constants: constants, arenaBytes: memory.arenaBytes,
      outputSizes: ir.outputs.map { ir.types[$0].byteCount })
  }

  /// Gives variables their new values. Every one is the value before any assignment, so a variable's old value is
  /// copied away first if it is still needed; only then may fused kernels write into variables.
  private mutating func writeVariables() throws(TensorError) {
    var pending: [(value: Int, target: View)] = []
    for (variable, value) in ir.assignments {
      let target = sourceView(variable, ir.types[value])
      if try view(value) != target { pending.append((value, target)) }
    }
    let changing = Set(pending.map(\.target.buffer))
    for (value, _) in pending {
      let source = try view(value)
      if changing.contains(source.buffer) { views[value] = copy(source) }
    }
    var copied: [(value: Int, target: View)] = []
    for (value, target) in pending where !writesInPlace(try view(value), target) { copied.append((value, target)) }
    // A value that is assigned to two variables may already be in the other one.
    for (value, target) in copied { emitCopy(from: try view(value), to: target) }
  }
}
