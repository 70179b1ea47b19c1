/// The graph inside the compiler: instructions in order, values by index.
///
/// Adding an instruction simplifies it, finds an equal one that is there already (common subexpressions), and replaces
/// library-sized operations without a kernel by their definition.
struct IR {
  struct Instruction {
    var op: Op
    var inputs: [Int]
    /// The first result; the others follow.
    var firstOutput: Int
    var outputCount: Int
    /// The index of the source that a leaf reads; −1 for others.
    var source: Int
  }

  private struct Identity: Hashable {
    var op: Op
    var inputs: [Int]
    var source: Int
  }

  private(set) var instructions: [Instruction] = []
  private(set) var types: [TensorType] = []
  /// The instruction that makes a value.
  private(set) var producer: [Int] = []
  private var known: [Identity: Int] = [:]
  private let hasKernel: (Op, [TensorType]) -> Bool

  /// The instructions of a request. `hasKernel` says whether a library-sized operation on these types has a kernel.
  init(_ key: Request.Key, hasKernel: @escaping (Op, [TensorType]) -> Bool) throws(TensorError) {
    self.hasKernel = hasKernel
    var values: [[Int]] = []
    values.reserveCapacity(key.entries.count)
    for entry in key.entries {
      let inputs = entry.inputs.map { values[$0 >> 2][$0 & 3] }
      values.append(try add(entry.op, inputs, source: entry.source))
    }
    outputs = key.outputs.map { values[$0 >> 2][$0 & 3] }
    assignments = key.assignments.map { ($0[0], values[$0[1] >> 2][$0[1] & 3]) }
  }

  /// The requested values, and those that are assigned to variables (by source).
  private(set) var outputs: [Int] = []
  private(set) var assignments: [(source: Int, value: Int)] = []

  /// Adds an operation; returns the values of its results.
  mutating func add(_ op: Op, _ inputs: [Int], source: Int = -1) throws(TensorError) -> [Int] {
    let inputTypes = inputs.map { types[$0] }
    if let same = simplified(op, inputs) { return [same] }
    if let joined = try addJoined(op, inputs) { return joined }
    if let moved = try addMoved(op, inputs) { return moved }
    if !hasKernel(op, inputTypes) { return try addDefinition(op, inputs) }
    if let normalized = try addNormalized(op, inputs) { return normalized }
    return try addInstruction(op, inputs, source: source)
  }

  /// Adds an operation as it is, unless there is an equal one. `again`: adds a second one anyway, where recomputing is
  /// cheaper than storing the result.
  mutating func addInstruction(
    _ op: Op, _ inputs: [Int], source: Int = -1, again: Bool = false
  ) throws(TensorError) -> [Int] {
    let identity = Identity(op: op, inputs: inputs, source: source)
    if !again, let found = known[identity] {
      let instruction = instructions[found]
      return Array(instruction.firstOutput..<(instruction.firstOutput + instruction.outputCount))
    }
    let results = try op.inferTypes(inputs.map { types[$0] })
    if !again { known[identity] = instructions.count }
    let first = types.count
    types += results
    producer += results.map { _ in instructions.count }
    instructions.append(
      Instruction(op: op, inputs: inputs, firstOutput: first, outputCount: results.count, source: source))
    return Array(first..<types.count)
  }

  /// Records the definition on placeholders for the inputs and adds what was recorded. Definitions may hold
  /// library-sized operations themselves; they nest two deep at most.
  private mutating func addDefinition(_ op: Op, _ inputs: [Int]) throws(TensorError) -> [Int] {
    let standIns = inputs.map { Tensor(Node(.data(types[$0]), inputs: [], types: [types[$0]])) }
    guard let results = op.definition(standIns) else {
      throw TensorError("\(op.name) has neither kernel nor definition")
    }
    var values: [ObjectIdentifier: [Int]] = [:]
    for (standIn, value) in zip(standIns, inputs) { values[ObjectIdentifier(standIn.node)] = [value] }
    func value(_ tensor: Tensor) -> Int { values[ObjectIdentifier(tensor.node)]?[tensor.output] ?? 0 }
    for node in nodesReachable(from: results) where values[ObjectIdentifier(node)] == nil {
      if let failure = node.failure { throw failure }
      values[ObjectIdentifier(node)] = try add(node.op, node.inputs.map(value))
    }
    return results.map(value)
  }

  /// The same with these instructions in order, and values of these types in addition to the existing ones.
  func with(_ instructions: [Instruction], adding added: [TensorType]) -> IR {
    var ir = self
    ir.instructions = instructions
    ir.types += added
    ir.producer = Array(repeating: 0, count: ir.types.count)
    for (index, instruction) in instructions.enumerated() {
      for output in 0..<instruction.outputCount { ir.producer[instruction.firstOutput + output] = index }
    }
    ir.known = [:]
    return ir
  }

  /// The constant that all elements of a value equal, if that is known.
  func constant(_ value: Int) -> Double? {
    var value = value
    while true {
      let instruction = instructions[producer[value]]
      switch instruction.op {
      case .fill(let number, _): return number.value
      case .broadcast, .reshape, .permute: value = instruction.inputs[0]
      default: return nil
      }
    }
  }

  /// The value that an operation's result equals, where it needs no computation.
  private func simplified(_ op: Op, _ inputs: [Int]) -> Int? {
    func same(_ value: Int, as other: Int) -> Int? {
      guard let shape = types[value].shape.broadcast(with: types[other].shape), shape == types[value].shape else {
        return nil
      }
      return value
    }
    switch op {
    case .stopGradient: return inputs[0]
    case .reshape(let shape), .broadcast(let shape): return types[inputs[0]].shape == shape ? inputs[0] : nil
    case .permute(let order): return order == Array(order.indices) ? inputs[0] : nil
    case .cast(let dtype): return types[inputs[0]].dtype == dtype ? inputs[0] : nil
    case .reduce(let kind, let axes):
      return kind != .norm && axes.allSatisfy { types[inputs[0]].shape[$0] == 1 } ? inputs[0] : nil
    case .binary(.multiply):
      if constant(inputs[1]) == 1 { return same(inputs[0], as: inputs[1]) }
      if constant(inputs[0]) == 1 { return same(inputs[1], as: inputs[0]) }
    case .binary(.divide): if constant(inputs[1]) == 1 { return same(inputs[0], as: inputs[1]) }
    case .binary(.subtract): if constant(inputs[1]) == 0 { return same(inputs[0], as: inputs[1]) }
    case .concatenate: return inputs.count == 1 ? inputs[0] : nil
    case .pad(let before, let after, _): return (before + after).allSatisfy { $0 == 0 } ? inputs[0] : nil
    default: break
    }
    return nil
  }
}
