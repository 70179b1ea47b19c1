@testable import Tensors

/// Runs a program as a compiled plan and by the reference interpreter in float64, which knows no buffers.
///
/// The first round evaluates it; two more run the compiled graph on other data, with variables set again. Values that
/// do not depend on rounding are equal; elsewhere the difference is compared with that of the rounded reference, so
/// that a program in which rounding errors grow is no false alarm.
struct ProgramComparison {
  let program: TensorProgram
  let seed: UInt64
  /// The thresholds of size and wait for recomputing a value; `nil`: the compiler's.
  let recomputing: (bytes: Int, wait: Int)?
  /// The type of what is float32 in the program; float64 is computed by plain kernels.
  var precision = DType.float32

  enum Outcome: Equatable {
    case same
    /// Rounding errors grow so much that nothing can be compared.
    case illConditioned
    case different(String)
  }

  func run() -> Outcome {
    do {
      let variables = try makeVariables()
      try set(variables, round: 0)
      let (compiled, inputs) = try makeCompiledGraph(variables)
      var outcome = Outcome.same
      for round in 0..<3 {
        try set(variables, round: round)
        let recorded = record(variables, round: round)
        let expected = try ReferenceInterpreter().evaluate(recorded.all)
        var found: [HostArray]
        if round == 0 {
          try evaluate(recorded, assigning: assigned(variables))
          found = try recorded.outputs.map(hostArray)
        } else {
          let batch = inputs.map { data(ofLeaf: $0, round: round) }
          found = try drawing(round) { try compiled.run(batch) }.map(hostArray)
        }
        found += try assigned(variables).map { try hostArray($0.tensor) }
        let places = found.indices.filter { difference(found[$0], from: expected[$0], allowing: tolerance) != nil }
        if places.isEmpty { continue }
        try set(variables, round: round)
        let rounded = try ReferenceInterpreter(rounds: true).evaluate(record(variables, round: round).all)
        for place in places {
          switch judge(found[place], expected[place], rounded[place]) {
          case .same: break
          case .illConditioned: outcome = .illConditioned
          case .different(let what):
            let place = place - program.outputs.count
            let name = place < 0 ? "an output" : "variable v\(program.assignments[place].variable)"
            return .different("round \(round), \(name): \(what)")
          }
        }
      }
      return outcome
    } catch {
      return .different("error: \(error)")
    }
  }

  // MARK: Recording

  private struct Recorded {
    var outputs: [Tensor]
    var assigned: [Tensor]
    var all: [Tensor] { outputs + assigned }
  }

  /// With the random numbers of a round.
  private func drawing<Result>(_ round: Int, _ body: () throws -> Result) rethrows -> Result {
    try Random.$current.withValue(Random(seed: seed, counter: UInt64(round) * 1000), operation: body)
  }

  private func makeVariables() throws -> [Int: Variable] {
    var variables: [Int: Variable] = [:]
    for step in program.variables {
      let shape = program.steps[step].types[0].shape
      variables[step] = try Variable(Tensor.zeros(shape, dtype: precision), name: "v\(step)")
    }
    return variables
  }

  private func set(_ variables: [Int: Variable], round: Int) throws {
    for (step, variable) in variables {
      let contents = program.contents(ofLeaf: step, seed: seed, round: round)
      if precision == .float64 {
        try variable.set(contents.map { Double($0) })
      } else {
        try variable.set(contents.map { Float($0) })
      }
    }
  }

  private func assigned(_ variables: [Int: Variable]) -> [Variable] {
    program.assignments.compactMap { variables[$0.variable] }
  }

  private func data(ofLeaf step: Int, round: Int) -> Tensor {
    let (type, contents) = (program.steps[step].types[0], program.contents(ofLeaf: step, seed: seed, round: round))
    if type.dtype == .int32 { return Tensor(contents, shape: type.shape.dimensions) }
    return precision == .float64
      ? Tensor(contents.map { Double($0) }, shape: type.shape.dimensions)
      : Tensor(contents.map { Float($0) }, shape: type.shape.dimensions)
  }

  private func record(_ variables: [Int: Variable], round: Int) -> Recorded {
    var leaves = variables.mapValues(\.tensor)
    for step in program.dataLeaves { leaves[step] = data(ofLeaf: step, round: round) }
    return drawing(round) { recorded(leaves) }
  }

  private func recorded(_ leaves: [Int: Tensor]) -> Recorded {
    let results = program.record(leaves, in: precision)
    func tensor(_ value: TensorProgram.Value) -> Tensor { results[value.step][value.output] }
    return Recorded(outputs: program.outputs.map(tensor), assigned: program.assignments.map { tensor($0.value) })
  }

  /// The program compiled for other data, and its input leaves.
  private func makeCompiledGraph(_ variables: [Int: Variable]) throws -> (CompiledGraph, [Int]) {
    let inputs = program.dataLeaves
    let random = Random(seed: seed, counter: 0)
    return try Random.$current.withValue(random) {
      var leaves = variables.mapValues(\.tensor)
      for step in inputs { leaves[step] = .standIn(like: data(ofLeaf: step, round: 0)) }
      let recorded = recorded(leaves)
      let compiled = try CompiledGraph(
        computing: recorded.outputs, assigning: Array(zip(assigned(variables), recorded.assigned)),
        inputs: inputs.compactMap { leaves[$0] }, firstDraw: 0, draws: random.counter)
      return (compiled, inputs)
    }
  }

  /// As `Tensors.evaluate`, with values recomputed that would otherwise be stored.
  private func evaluate(_ recorded: Recorded, assigning variables: [Variable]) throws {
    let (outputs, assignments) = (recorded.outputs, Array(zip(variables, recorded.assigned)))
    guard let recomputing else { return try Tensors.evaluate(outputs, assigning: assignments) }
    let request = try Executor.shared.withLock { (_) throws(TensorError) in
      let request = try Request(outputs: outputs, assignments: assignments)
      for (variable, _) in assignments { try variable.prepareToWrite() }
      return request
    }
    let ir = try IR(request.key).recomputing(large: recomputing.bytes, longWait: recomputing.wait)
    let loaded = try Executable(try Lowering.compile(ir), for: request.key.target)
    let storages = try loaded.plan.outputSizes.map { (count) throws(TensorError) in
      try Storage(byteCount: count, for: "a result")
    }
    try Executor.run(loaded, request.sources.map(\.pointer), storages.map(\.pointer))
    Executor.shared.withLock { _ in
      for (tensor, storage) in zip(outputs, storages) where tensor.knownStorage == nil {
        if tensor.node.results.isEmpty { tensor.node.results = tensor.node.types.map { _ in nil } }
        tensor.node.results[tensor.output] = storage
      }
    }
  }

  private func hostArray(_ tensor: Tensor) throws -> HostArray {
    .floats(try tensor.numbers())
  }

  // MARK: What is right

  /// The difference, relative to a value's greatest element, that single roundings make.
  private var tolerance: Double { precision == .float64 ? 1e-12 : 2e-5 }

  private func judge(_ found: HostArray, _ exact: HostArray, _ rounded: HostArray) -> Outcome {
    let pairs = zip(exact.floats, rounded.floats)
    let spread = pairs.reduce(0) { max($0, ($1.0 - $1.1).isFinite ? abs($1.0 - $1.1) : 0) } / scale(of: exact)
    // Where the reference loses half of its digits or overflows, differences are meaningless.
    if spread > 1e-3 || pairs.contains(where: { $0.isFinite != $1.isFinite }) { return .illConditioned }
    guard
      let element = difference(found, from: exact, allowing: tolerance + (precision == .float64 ? 1e-6 : 32) * spread)
    else { return .same }
    guard found.floats.indices.contains(element) else { return .different("element \(element) is missing") }
    return .different("element \(element) is \(found.floats[element]) instead of \(exact.floats[element])")
  }

  private func scale(of values: HostArray) -> Double {
    values.floats.reduce(1) { max($0, abs($1).isFinite ? abs($1) : 1) }
  }

  /// The first element that is further off than this share of the greatest.
  private func difference(_ found: HostArray, from exact: HostArray, allowing tolerance: Double) -> Int? {
    let (a, b) = (found.floats, exact.floats)
    let allowed = tolerance * scale(of: exact)
    return b.indices.first { index in
      guard a.indices.contains(index) else { return true }
      return a[index] != b[index] && !(a[index].isNaN && b[index].isNaN) && !(abs(a[index] - b[index]) <= allowed)
    }
  }
}
