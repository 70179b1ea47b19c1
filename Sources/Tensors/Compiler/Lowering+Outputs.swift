// What leaves the plan: values that were asked for, and new values of variables.

extension Lowering {
  /// Places what was asked for and what variables take over, then all buffers.
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
    // First copy away values that lie in variables that are about to change, then write the variables.
    var copies: [(View, View)] = []
    for (variable, value) in ir.assignments {
      let source = try view(value)
      let target = View(
        buffer: sourceBuffer(variable, size: source.shape.elementCount), shape: source.shape)
      if source.buffer == target.buffer, source == target { continue }
      if writesInPlace(source, target) { continue }
      var safe = source
      if case .source = places[source.buffer] {
        safe = allocate(source.shape)
        emitCopy(from: source, to: safe)
      }
      copies.append((safe, target))
    }
    for (source, target) in copies { emitCopy(from: source, to: target) }

    let memory = MemoryPlan(steps: steps, sizes: sizes, inArena: places.map { $0 == nil })
    return Plan(
      steps: steps,
      places: places.enumerated().map { $1 ?? .arena(offset: memory.offsets[$0] ?? 0) },
      sizes: sizes, constants: constants, arenaBytes: memory.arenaBytes,
      outputSizes: ir.outputs.map { ir.types[$0].shape.elementCount })
  }

  /// Lets the pass that makes a value write it straight into the variable, if nothing reads the variable later and the
  /// pass itself reads it only position by position.
  private mutating func writesInPlace(_ source: View, _ target: View) -> Bool {
    guard places[source.buffer] == nil, source.isRowMajor, source.offset == 0,
      sizes[source.buffer] == sizes[target.buffer],
      let time = steps.firstIndex(where: { $0.buffers.writes.contains(source.buffer) }),
      case .program(var program) = steps[time],
      !steps[(time + 1)...].contains(where: {
        $0.buffers.reads.contains(target.buffer) || $0.buffers.writes.contains(target.buffer)
          || $0.buffers.writes.contains(source.buffer)
      }),
      !program.outputs.contains(where: { $0.buffer == target.buffer }),
      let output = program.outputs.firstIndex(where: { $0.buffer == source.buffer }),
      program.inputs.allSatisfy({
        $0.buffer != target.buffer || ($0.strides == program.outputs[output].strides && $0.offset == 0)
      })
    else { return false }
    program.outputs[output].buffer = target.buffer
    steps[time] = .program(program)
    // Later steps read the value where it lies now.
    for index in steps.indices.dropFirst(time + 1) where steps[index].buffers.reads.contains(source.buffer) {
      steps[index] = steps[index].reading(target.buffer, insteadOf: source.buffer)
    }
    for value in views.indices where views[value]?.buffer == source.buffer { views[value]?.buffer = target.buffer }
    return true
  }
}
