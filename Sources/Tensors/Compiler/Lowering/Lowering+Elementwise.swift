import CKernels

extension Lowering {
  mutating func lowerGroup(_ members: [Int]) throws(TensorError) {
    let shape = ir.types[ir.instructions[members[0]].firstOutput].shape
    let inside = Set(members.map { ir.instructions[$0].firstOutput })
    var inputs: [Int] = []
    for member in members {
      for value in ir.instructions[member].inputs where !inside.contains(value) && !inputs.contains(value) {
        inputs.append(value)
      }
    }
    let inputViews = try inputs.map { (value) throws(TensorError) in try view(value).broadcast(to: shape) }
    // Which results are used by other instructions.
    let memberSet = Set(members)
    let outputs = members.map { ir.instructions[$0].firstOutput }.filter { value in
      roots.contains(value) || users[value].contains { !memberSet.contains($0) }
    }
    // Preserve the layout of the operands, such as channels last; the plan's outputs are row-major.
    let leaving = outputs.contains(where: roots.contains)
    let order =
      leaving
      ? nil
      : inputViews.first {
        $0.strides.contains { $0 != 0 } && !$0.isRowMajor && $0.shape == shape && $0.denseOrder != nil
      }?.denseOrder
    var registers: [Int: UInt8] = [:]
    for (register, value) in inputs.enumerated() { registers[value] = UInt8(register) }
    var lastUse: [Int: Int] = [:]
    for (position, member) in members.enumerated() {
      for value in ir.instructions[member].inputs { lastUse[value] = position }
    }
    let live = Set(outputs)
    var free: [UInt8] = []
    var count = inputs.count
    var instructions: [backprop_instruction] = []
    for (position, member) in members.enumerated() {
      let instruction = ir.instructions[member]
      let operands = instruction.inputs.map { registers[$0] ?? 0 }
      for value in Set(instruction.inputs)
      where inside.contains(value) && lastUse[value] == position && !live.contains(value) {
        if let register = registers[value] { free.append(register) }
      }
      let destination = free.popLast() ?? UInt8(count)
      count = max(count, Int(destination) + 1)
      registers[instruction.firstOutput] = destination
      guard let opcode = ir.fusedInstruction(instruction) else {
        throw TensorError("internal error: \(instruction.op.name) is not elementwise")
      }
      instructions.append(
        backprop_instruction(
          opcode: UInt8(opcode.rawValue), destination: destination, a: operands[0],
          b: operands.count > 1 ? operands[1] : 0, c: operands.count > 2 ? operands[2] : 0))
      if lastUse[instruction.firstOutput] == nil, !live.contains(instruction.firstOutput) { free.append(destination) }
    }
    let outputViews = outputs.map { result($0, order: order) }
    let axes = order ?? Array(shape.indices)
    func ordered(_ view: View) -> View {
      view.with(shape: Shape(axes.map { shape[$0] }), strides: axes.map { view.strides[$0] })
    }
    steps.append(
      .fused(
        Shape(axes.map { shape[$0] }), inputViews.map(ordered), outputViews.map(ordered),
        registers: outputs.map { registers[$0] ?? 0 }, instructions, registerCount: count))
  }
}
