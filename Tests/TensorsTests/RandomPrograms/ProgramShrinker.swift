@testable import Tensors

/// The smallest program found that still fails: roots are removed, steps replaced by leaves or by their operands.
func shrunk(_ program: TensorProgram, while fails: (TensorProgram) -> Bool) -> TensorProgram {
  var best = program.pruned()
  var isSmaller = true
  while isSmaller {
    isSmaller = false
    for candidate in best.smaller() where fails(candidate) {
      best = candidate
      isSmaller = true
      break
    }
  }
  return best
}

extension TensorProgram {
  /// Programs with one thing less.
  fileprivate func smaller() -> [TensorProgram] {
    var found: [TensorProgram] = []
    func add(_ change: (inout TensorProgram) -> Void) {
      var candidate = self
      change(&candidate)
      if !candidate.outputs.isEmpty || !candidate.assignments.isEmpty { found.append(candidate.pruned()) }
    }
    for index in outputs.indices { add { $0.outputs.remove(at: index) } }
    for index in assignments.indices { add { $0.assignments.remove(at: index) } }
    for index in steps.indices.reversed() {
      let step = steps[index]
      if case .leaf = step.action { continue }
      for output in step.types.indices where isUsed(Value(step: index, output: output)) {
        let value = Value(step: index, output: output)
        // An operand of the same type instead, or else new data.
        for input in step.action.inputs where type(input) == step.types[output] {
          add { $0.replace(value, by: input) }
        }
      }
      if step.types.count == 1 {
        add { $0.steps[index].action = .leaf(step.types[0].dtype == .int32 ? 0...1 : -3...3, isVariable: false) }
      }
    }
    for index in steps.indices {
      if case .leaf(let range, isVariable: true) = steps[index].action,
        !assignments.contains(where: { $0.variable == index })
      {
        add { $0.steps[index].action = .leaf(range, isVariable: false) }
      }
    }
    return found
  }

  private func isUsed(_ value: Value) -> Bool {
    outputs.contains(value) || assignments.contains { $0.value == value }
      || steps.contains { $0.action.inputs.contains(value) }
  }

  private mutating func replace(_ old: Value, by new: Value) {
    func moved(_ value: Value) -> Value { value == old ? new : value }
    for index in steps.indices where index > old.step { steps[index].action = steps[index].action.mapInputs(moved) }
    outputs = outputs.map(moved)
    assignments = assignments.map { ($0.variable, moved($0.value)) }
  }
}
