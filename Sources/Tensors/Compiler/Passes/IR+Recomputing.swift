extension IR {
  /// Recomputes large values just before their last users if those come much later, where cheap elementwise arithmetic
  /// makes them from what is stored anyway.
  ///
  /// So a residual network saves for the backward pass the results of its convolutions and every third of its sums, but
  /// no results of ReLU. This costs a pass over memory for each value, and lowers the peak memory of training. A value
  /// that would need more than two large ones is saved, and others are recomputed from it.
  ///
  /// - Parameters:
  ///   - large: bytes of a value that is worth recomputing.
  ///   - longWait: the least number of instructions between two of its users.
  func recomputing(large: Int = 1 << 20, longWait: Int = 64) -> IR {
    func isLarge(_ value: Int) -> Bool { types[value].byteCount >= large && constant(value) == nil }
    guard instructions.contains(where: { isCheap($0) && isLarge($0.firstOutput) }) else {
      return self
    }
    let (users, roots) = (users(), roots)
    var recomputed = Set<Int>()
    /// What is recomputed before an instruction: a value, and its instructions.
    var recipes: [Int: [(value: Int, instructions: [Int])]] = [:]
    for instruction in instructions where isCheap(instruction) {
      let value = instruction.firstOutput
      guard isLarge(value), !roots.contains(value), let late = Self.firstLate(users[value], longWait) else { continue }
      var recipe = Recipe()
      let isMade = collect(value, into: &recipe, isLarge) { input in
        input != value && !recomputed.contains(input) && (users[input].last ?? 0) >= late
      }
      guard isMade else { continue }
      recomputed.insert(value)
      recipes[late, default: []].append((value, recipe.instructions))
    }
    return recipes.isEmpty ? self : inserting(recipes)
  }

  private static let mostInstructions = 16

  private struct Recipe {
    var instructions: [Int] = []
    var made = Set<Int>()
    var kept = Set<Int>()
  }

  /// The first user after the longest gap.
  private static func firstLate(_ users: [Int], _ longWait: Int) -> Int? {
    let waits = zip(users, users.dropFirst()).map { (user: $1, length: $1 - $0) }
    guard let longest = waits.max(by: { $0.length < $1.length }), longest.length >= longWait else { return nil }
    return longest.user
  }

  /// Whether a value can be recomputed from stored and small ones; adds the instructions in order.
  private func collect(
    _ value: Int, into recipe: inout Recipe, _ isLarge: (Int) -> Bool, _ isKept: (Int) -> Bool
  ) -> Bool {
    if !isLarge(value) || recipe.made.contains(value) { return true }
    if isKept(value) {
      recipe.kept.insert(value)
      return recipe.kept.count <= 2
    }
    let index = producer[value]
    guard isCheap(instructions[index]), recipe.instructions.count < Self.mostInstructions else {
      return false
    }
    for input in instructions[index].inputs {
      guard collect(input, into: &recipe, isLarge, isKept) else { return false }
    }
    recipe.made.insert(value)
    recipe.instructions.append(index)
    return true
  }

  private func inserting(_ recipes: [Int: [(value: Int, instructions: [Int])]]) -> IR {
    var result: [Instruction] = []
    var added: [TensorType] = []
    /// From here on, which value replaces another.
    var replacements: [Int: Int] = [:]
    func moved(_ instruction: Instruction, _ values: [Int: Int]) -> Instruction {
      var instruction = instruction
      instruction.inputs = instruction.inputs.map { values[$0] ?? $0 }
      return instruction
    }
    for index in instructions.indices {
      for recipe in recipes[index] ?? [] {
        var made: [Int: Int] = [:]
        for step in recipe.instructions {
          var copy = moved(instructions[step], made)
          made[copy.firstOutput] = types.count + added.count
          added.append(types[copy.firstOutput])
          copy.firstOutput = types.count + added.count - 1
          result.append(copy)
        }
        replacements[recipe.value] = made[recipe.value]
      }
      result.append(moved(instructions[index], replacements))
    }
    return with(result, adding: added)
  }

  private func isCheap(_ instruction: Instruction) -> Bool {
    instruction.op.elementwise?.isCheap == true && fusedInstruction(instruction) != nil
  }
}
