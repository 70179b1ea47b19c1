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
    var copies: [(value: Int, safe: View?, target: View)] = []
    for (variable, value) in ir.assignments {
      let source = try view(value)
      let target = View(
        buffer: sourceBuffer(variable, size: source.shape.elementCount), shape: source.shape)
      if source.buffer == target.buffer, source == target { continue }
      if writesInPlace(value, source, target) { continue }
      var safe: View?
      if case .source = places[source.buffer] {
        let copy = allocate(source.shape)
        emitCopy(from: source, to: copy)
        safe = copy
      }
      copies.append((value, safe, target))
    }
    // A value that two variables take over may by now lie in the other one.
    for (value, safe, target) in copies {
      let source = if let safe { safe } else { try view(value) }
      emitCopy(from: source, to: target)
    }

    let memory = MemoryPlan(steps: steps, sizes: sizes, inArena: places.map { $0 == nil })
    return Plan(
      steps: steps,
      places: places.enumerated().map { $1 ?? .arena(offset: memory.offsets[$0] ?? 0) },
      sizes: sizes, constants: constants, arenaBytes: memory.arenaBytes,
      outputSizes: ir.outputs.map { ir.types[$0].shape.elementCount })
  }

  /// Lets the pass that makes a value write it straight into the variable, if nothing reads the variable later and the
  /// pass itself reads it only position by position.
  private mutating func writesInPlace(_ value: Int, _ source: View, _ target: View) -> Bool {
    uses.note(steps, bufferCount: sizes.count)
    guard places[source.buffer] == nil, source.isRowMajor, source.offset == 0,
      sizes[source.buffer] == sizes[target.buffer],
      let time = uses.writers(of: source.buffer).first, uses.writers(of: source.buffer).count == 1,
      case .program(var program) = steps[time],
      !(uses.readers(of: target.buffer) + uses.writers(of: target.buffer)).contains(where: { $0 > time }),
      !program.outputs.contains(where: { $0.buffer == target.buffer }),
      let output = program.outputs.firstIndex(where: { $0.buffer == source.buffer }),
      program.inputs.allSatisfy({
        $0.buffer != target.buffer || ($0.strides == program.outputs[output].strides && $0.offset == 0)
      })
    else { return false }
    program.outputs[output].buffer = target.buffer
    steps[time] = .program(program)
    // Later steps read the value where it lies now.
    for index in uses.readers(of: source.buffer) {
      steps[index] = steps[index].reading(target.buffer, insteadOf: source.buffer)
    }
    for value in valuesSharingBuffer(of: value) { views[value]?.buffer = target.buffer }
    uses.move(source.buffer, to: target.buffer, writtenBy: time)
    return true
  }
}
