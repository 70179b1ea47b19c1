import CKernels

/// The graph inside the compiler: instructions in order, values by index.
///
/// Adding an instruction simplifies it, finds an equal one that is there already (common subexpressions), and replaces
/// composite operations without a kernel by their definition.
///
/// Values of type bool are the floats 0 and 1, so that masks are fused with arithmetic. Only leaves and what a plan stores
/// are bytes.
struct IR {
  struct Instruction {
    var op: any Operation
    var inputs: [Int]
    /// The first result; the others follow.
    var firstOutput: Int
    var outputCount: Int
    /// The index of the source that a leaf reads; −1 for others.
    var source: Int
    var outputs: Range<Int> { firstOutput..<firstOutput + outputCount }
  }

  private(set) var instructions: [Instruction] = []
  private(set) var types: [TensorType] = []
  /// The instruction that makes a value.
  private(set) var producer: [Int] = []
  private var known: [Request.Entry: Int] = [:]
  /// What it is compiled for.
  let target: Target

  /// The instructions of a request.
  init(_ key: Request.Key) throws(TensorError) {
    target = key.target
    var values: [[Int]] = []
    values.reserveCapacity(key.entries.count)
    for entry in key.entries {
      let inputs = entry.inputs.map { values[$0 >> 2][$0 & 3] }
      var results = try add(entry.op, inputs, source: entry.source)
      if entry.source >= 0, types[results[0]].dtype == .bool { results = try add(Cast(dtype: .float32), results) }
      values.append(results)
    }
    func stored(_ value: Int, as dtype: DType) throws(TensorError) -> Int {
      let value = values[value >> 2][value & 3]
      return dtype == .bool ? try addInstruction(Cast(dtype: .bool), [value], isStored: true)[0] : value
    }
    for (output, dtype) in zip(key.outputs, key.storedTypes) { outputs.append(try stored(output, as: dtype)) }
    for (pair, dtype) in zip(key.assignments, key.storedTypes.dropFirst(outputs.count)) {
      assignments.append((pair[0], try stored(pair[1], as: dtype)))
    }
  }

  /// The requested values, and those that are assigned to variables (by source).
  private(set) var outputs: [Int] = []
  private(set) var assignments: [(source: Int, value: Int)] = []

  /// Adds an operation; returns the values of its results.
  mutating func add(_ op: any Operation, _ inputs: [Int], source: Int = -1) throws(TensorError)
    -> [Int]
  {
    let operands = inputs.map { types[$0] }
    if case .composite(let composite) = op.meaning,
      target.usesPlainKernels(for: operands) || !op.hasKernel(for: operands, on: target)
    {
      return try addDefinition(composite, inputs)
    }
    if let rewritten = try op.rewritten(inputs, in: &self) { return rewritten }
    return try addInstruction(op, inputs, source: source, isStored: source >= 0)
  }

  /// Adds an operation as it is, unless there is an equal one. `again`: adds a second one anyway, where recomputing is
  /// cheaper than storing the result. `isStored`: bools are bytes.
  mutating func addInstruction(
    _ op: any Operation, _ inputs: [Int], source: Int = -1, again: Bool = false, isStored: Bool = false
  ) throws(TensorError) -> [Int] {
    let identity = Request.Entry(op: op, inputs: inputs, source: source)
    if !again, let found = known[identity] { return Array(instructions[found].outputs) }
    var results = try op.types(of: inputs.map { types[$0] })
    for index in results.indices where results[index].dtype == .bool && !isStored { results[index].dtype = .float32 }
    if !again { known[identity] = instructions.count }
    let first = types.count
    types += results
    producer += results.map { _ in instructions.count }
    instructions.append(
      Instruction(op: op, inputs: inputs, firstOutput: first, outputCount: results.count, source: source))
    return Array(first..<types.count)
  }

  /// Records the definition on placeholders for the inputs and adds what was recorded. Definitions may hold
  /// composite operations themselves; they nest two deep at most.
  private mutating func addDefinition(_ op: any CompositeOperation, _ inputs: [Int])
    throws(TensorError) -> [Int]
  {
    let standIns = inputs.map { Tensor.placeholder(types[$0]) }
    let results = op.definition(standIns)
    var values: [ObjectIdentifier: [Int]] = [:]
    for (standIn, value) in zip(standIns, inputs) { values[ObjectIdentifier(standIn.node)] = [value] }
    func value(_ tensor: Tensor) throws(TensorError) -> Int {
      guard let all = values[ObjectIdentifier(tensor.node)], all.indices.contains(tensor.output) else {
        throw TensorError("internal error: the definition of \(op.name) uses what it does not record")
      }
      return all[tensor.output]
    }
    for node in nodesReachable(from: results) where values[ObjectIdentifier(node)] == nil {
      if let failure = node.failure { throw failure }
      if case .leaf = node.op.meaning {
        throw TensorError("internal error: the definition of \(op.name) holds data, which is not part of a plan")
      }
      values[ObjectIdentifier(node)] = try add(node.op, try node.inputs.map(value))
    }
    return try results.map(value)
  }

  /// The same with these instructions in order, and values of these types in addition to the existing ones.
  func with(_ instructions: [Instruction], adding added: [TensorType]) -> IR {
    var ir = self
    ir.instructions = instructions
    ir.types += added
    ir.producer = Array(repeating: 0, count: ir.types.count)
    for (index, instruction) in instructions.enumerated() {
      for output in instruction.outputs { ir.producer[output] = index }
    }
    ir.known = [:]
    return ir
  }

  // MARK: What passes ask

  /// The values that the plan stores.
  var roots: Set<Int> { Set(outputs + assignments.map(\.value)) }

  /// The needed instructions that read each value, in order; one that reads it twice is listed twice.
  func users() -> [[Int]] {
    let roots = roots
    var users = [[Int]](repeating: [], count: types.count)
    for (index, instruction) in instructions.enumerated().reversed()
    where instruction.outputs.contains(where: { roots.contains($0) || !users[$0].isEmpty }) {
      for input in instruction.inputs { users[input].append(index) }
    }
    return users.map { $0.reversed() }
  }

  /// The instruction of a fused kernel that does the same; `nil` where it has a kernel of its own.
  func fusedInstruction(_ instruction: Instruction) -> backprop_opcode? {
    guard let op = instruction.op.elementwise else { return nil }
    return op.instruction(for: instruction.inputs.map { types[$0].dtype })
  }

  /// The instruction that makes a value.
  func instruction(of value: Int) -> Instruction { instructions[producer[value]] }

  /// The operands of the operation that makes a value, if it is this one.
  func operands<Op: Operation>(of value: Int, from op: Op) -> [Int]? {
    let instruction = instruction(of: value)
    return op.isEqual(to: instruction.op) ? instruction.inputs : nil
  }

  /// The operation that makes a value and its operands, if it is of this type.
  func producer<Op: Operation>(of value: Int, as type: Op.Type) -> (op: Op, operands: [Int])? {
    let instruction = instruction(of: value)
    return (instruction.op as? Op).map { ($0, instruction.inputs) }
  }

  /// The constant that all elements of a value equal, if that is known.
  func constant(_ value: Int) -> Double? {
    var instruction = instruction(of: value)
    while instruction.op.isRearrangement {
      instruction = self.instruction(of: instruction.inputs[0])
    }
    return instruction.op.constant
  }
}
