@testable import Tensors

/// A method that records several operations.
struct ComposedStep: Sendable {
  let name: String
  let isDifferentiable: Bool
  let function: @Sendable ([Tensor]) -> [Tensor]
}

/// A small program over tensors: leaves, operations, gradients, outputs and assignments to variables.
///
/// It is data, so that it can be recorded again with other values, printed, and made smaller while it still fails.
struct TensorProgram {
  /// A result of an earlier step.
  struct Value: Hashable {
    var step: Int
    var output = 0
  }

  enum Action {
    /// Integers from `range`.
    case leaf(ClosedRange<Int>, isVariable: Bool)
    case random(RandomDistribution)
    case operation(any Operation, [Value])
    case composed(ComposedStep, [Value])
    /// The gradients of a weighted sum of `value` with respect to `wrt`; zeros where it does not depend on one.
    case gradients(of: Value, wrt: [Value])
  }

  struct Step {
    var action: Action
    /// Of the results.
    var types: [TensorType]
  }

  var steps: [Step] = []
  var outputs: [Value] = []
  /// Leaves that are variables, and the value assigned to each.
  var assignments: [(variable: Int, value: Value)] = []
  func type(_ value: Value) -> TensorType { steps[value.step].types[value.output] }
  var variables: [Int] {
    steps.indices.filter { if case .leaf(_, isVariable: true) = steps[$0].action { true } else { false } }
  }
  var dataLeaves: [Int] {
    steps.indices.filter { if case .leaf(_, isVariable: false) = steps[$0].action { true } else { false } }
  }

  /// The value of a leaf in a round of running the program.
  func contents(ofLeaf step: Int, seed: UInt64, round: Int) -> [Int32] {
    guard case .leaf(let range, _) = steps[step].action else { return [] }
    var numbers = TestNumbers(state: seed &+ UInt64(step) &* 0x1_0001 &+ UInt64(round) &* 0x100_0000_01B3)
    return (0..<steps[step].types[0].shape.elementCount).map { _ in Int32(Int.random(in: range, using: &numbers)) }
  }

  /// The results of all steps as tensors, given those of the leaves; what is float32 in `precision`.
  func record(_ leaves: [Int: Tensor], in precision: DType = .float32) -> [[Tensor]] {
    var results: [[Tensor]] = []
    func tensor(_ value: Value) -> Tensor { results[value.step][value.output] }
    for (index, step) in steps.enumerated() {
      switch step.action {
      case .leaf: results.append([leaves[index] ?? .failed(TensorError("leaf \(index) is missing"))])
      case .random(let distribution):
        let shape = step.types[0].shape
        let isUniform = distribution == .uniform
        results.append([isUniform ? .randomUniform(shape, dtype: precision) : .randomNormal(shape, dtype: precision)])
      case .operation(let op, let inputs):
        let (op, inputs) = adapted(op, inputs.map(tensor), to: precision)
        results.append(Tensor.recordAll(op, inputs))
      case .composed(let step, let inputs): results.append(step.function(inputs.map(tensor)))
      case .gradients(let value, let wrt):
        let source = tensor(value)
        let weights = (0..<source.shape.elementCount).map { 0.5 + 0.25 * Float($0 % 5) }
        let loss = (source * Tensor(weights, shape: source.shape.dimensions).cast(to: precision)).sum()
        let found = Tensors.gradients(of: loss, withRespectTo: wrt.map(tensor))
        results.append(zip(found, wrt).map { $0 ?? .zeros(type($1).shape, dtype: precision) })
      }
    }
    return results
  }

  /// An operation that names float32 in another precision; numbers as conditions become masks there.
  private func adapted(
    _ op: any Operation, _ inputs: [Tensor], to precision: DType
  ) -> (any Operation, [Tensor]) {
    guard precision != .float32 else { return (op, inputs) }
    if op.isEqual(to: Cast(dtype: .float32)) { return (Cast(dtype: precision), inputs) }
    if op.isEqual(to: Select()) { return (op, [inputs[0].isNotZero] + inputs.dropFirst()) }
    guard let fill = op as? Fill, fill.type.dtype == .float32 else { return (op, inputs) }
    return (Fill(number: fill.number, type: TensorType(fill.type.shape, precision)), inputs)
  }

  /// Without the steps that are not used.
  func pruned() -> TensorProgram {
    var needed = Set(outputs.map(\.step) + assignments.flatMap { [$0.variable, $0.value.step] })
    for index in steps.indices.reversed() where needed.contains(index) {
      needed.formUnion(steps[index].action.inputs.map(\.step))
    }
    var places: [Int: Int] = [:]
    var program = TensorProgram()
    func moved(_ value: Value) -> Value { Value(step: places[value.step] ?? 0, output: value.output) }
    for index in steps.indices where needed.contains(index) {
      places[index] = program.steps.count
      program.steps.append(Step(action: steps[index].action.mapInputs(moved), types: steps[index].types))
    }
    program.outputs = outputs.map(moved)
    program.assignments = assignments.map { (places[$0.variable] ?? 0, moved($0.value)) }
    return program
  }
}

extension TensorProgram.Action {
  var inputs: [TensorProgram.Value] {
    switch self {
    case .leaf, .random: []
    case .operation(_, let inputs), .composed(_, let inputs): inputs
    case .gradients(let value, let wrt): [value] + wrt
    }
  }

  func mapInputs(_ transform: (TensorProgram.Value) -> TensorProgram.Value) -> Self {
    switch self {
    case .leaf, .random: self
    case .operation(let op, let inputs): .operation(op, inputs.map(transform))
    case .composed(let step, let inputs): .composed(step, inputs.map(transform))
    case .gradients(let value, let wrt): .gradients(of: transform(value), wrt: wrt.map(transform))
    }
  }
}

extension TensorProgram: CustomStringConvertible {
  var description: String {
    func name(_ value: Value) -> String {
      steps[value.step].types.count == 1 ? "v\(value.step)" : "v\(value.step).\(value.output)"
    }

    func names(_ values: [Value]) -> String { values.map(name).joined(separator: ", ") }
    var lines = steps.enumerated().map { index, step in
      let what =
        switch step.action {
        case .leaf(let range, let isVariable): "\(isVariable ? "variable" : "data") in \(range)"
        case .random(let distribution): "random \(distribution)"
        case .operation(let op, let inputs): "\(op) of \(names(inputs))"
        case .composed(let step, let inputs): "\(step.name) of \(names(inputs))"
        case .gradients(let value, let wrt): "gradients of \(name(value)) with respect to \(names(wrt))"
        }
      return "  v\(index) = \(what): \(step.types.map(\.description).joined(separator: ", "))"
    }
    lines.append("  evaluate " + names(outputs))
    for (variable, value) in assignments { lines.append("  assign v\(variable) = \(name(value))") }
    return lines.joined(separator: "\n")
  }
}
