import CKernels
import OneDNNShim
import Synchronization

/// Computes tensors and assigns variables, in one plan.
///
/// The tensors' values are cached, so that reading them later costs nothing; each variable is given a tensor of its own
/// shape, in place where nobody holds its old values (as a graph does that read it). Throws the error that a failed
/// tensor carries; then nothing has changed. The first call with a graph of a new structure compiles it; later ones use
/// the cached plan. Several threads may evaluate at the same time; where one assigns a variable that another uses, it
/// waits.
public func evaluate(
  _ tensors: [Tensor], assigning assignments: consuming [(Variable, Tensor)] = []
) throws(TensorError) {
  for tensor in tensors { if let failure = tensor.failure { throw failure } }
  try Executor.checkAssignments(assignments)
  var changes = assignments.compactMap { RowChange($0, of: $1) }
  while !tensors.isEmpty || !assignments.isEmpty {
    switch try Executor.begin(tensors, &assignments, &changes) {
    case .allIsKnown: return
    case .mustWait(let other): other.waitForEnd()
    case .mustCompile(let request): try Executor.compile(request, tensors + assignments.map(\.1))
    case .isRunning(let run): return try run.finish()
    }
  }
}

/// Computes tensors and returns them as data, detached from their graph.
///
/// Values that are passed from step to step, such as the state of a recurrent network, would otherwise keep every
/// earlier step alive. Throws the error that a failed tensor carries.
public func evaluated(_ tensors: [Tensor]) throws(TensorError) -> [Tensor] {
  try evaluate(tensors)
  return Executor.shared.withLock { _ in
    tensors.map { tensor in
      guard tensor.node.results.indices.contains(tensor.output), let storage = tensor.node.results[tensor.output] else {
        return tensor  // data already
      }
      return Tensor(storage, tensor.type)
    }
  }
}

/// What the threads that run plans share, behind one lock that is held for no longer than it takes to begin or to end a
/// run: plans, memory, and who uses which variables.
struct Executor: ~Copyable {
  static let shared = Mutex(Executor())

  private var plans: [Request.Key: Executable] = [:]
  /// Keys in the order of insertion, for evicting the oldest.
  private var ages: [Request.Key] = []
  /// Memory that no run uses now.
  private var idle: [Workspace] = []
  /// What goes on now.
  private var uses: [VariableUse] = []
  /// Images that idle threads convert while a plan runs.
  weak var pending: PendingImages?
  private static let mostPlans = 256

  // MARK: Plans

  /// Throws where a variable is assigned two values at once: one of them would be lost.
  static func checkAssignments(_ assignments: [(Variable, Tensor)]) throws(TensorError) {
    var seen = Set<ObjectIdentifier>()
    for (variable, _) in assignments where !seen.insert(ObjectIdentifier(variable)).inserted {
      throw TensorError("\(variable.name) is assigned twice in one evaluation; give it one value")
    }
  }

  /// The largest intermediate result of these tensors, for messages: `subtract, float32 [2000, 2000]`.
  static func largestResult(of tensors: [Tensor]) -> String {
    func size(_ type: TensorType) -> Int { type.shape.elementCount }
    let results = nodesReachable(from: tensors).flatMap { node in node.types.map { (node.op.name, $0) } }
    guard let (name, type) = results.max(by: { size($0.1) < size($1.1) }) else { return "nothing" }
    return "\(name), \(type)"
  }

  /// The plan for a graph, and the current sources of its leaves.
  static func load(
    _ outputs: [Tensor], _ assignments: [(Variable, Tensor)], isCompiled: Bool = false
  ) throws(TensorError) -> (Request, Executable) {
    try checkAssignments(assignments)
    let (request, found) = try shared.withLock {
      (executor: inout sending Executor) throws(TensorError) in
      let request = try Request(outputs: outputs, assignments: assignments, isCompiled: isCompiled)
      return (request, executor.plans[request.key])
    }
    if let found { return (request, found) }
    return (request, try compile(request, outputs + assignments.map(\.1)))
  }

  /// Compiles and keeps a plan for these tensors.
  @discardableResult
  fileprivate static func compile(_ request: Request, _ tensors: [Tensor]) throws(TensorError) -> Executable {
    let plan = try Lowering.compile(try IR(request.key).recomputing())
    // Before anything is prepared for impossible sizes.
    let held = shared.withLock { $0.idle.map(\.arena.byteCount).max() ?? 0 }
    try Memory.check(
      plan.arenaBytes - held, for: "what is computed on the way, the largest of it \(largestResult(of: tensors)),")
    // oneDNN prepares its operations for the threads that it is given.
    let limit = backprop_limit_threads(Int32(request.key.target.threads))
    defer { backprop_limit_threads(limit) }
    let loaded = try Executable(plan, for: request.key.target)
    return shared.withLock { executor in
      // Another thread may have compiled it meanwhile.
      if let found = executor.plans[request.key] { return found }
      if executor.ages.count == mostPlans { executor.plans[executor.ages.removeFirst()] = nil }
      executor.plans[request.key] = loaded
      executor.ages.append(request.key)
      return loaded
    }
  }

  // MARK: Runs

  /// The outcome of an attempt to begin a run.
  enum Beginning {
    case allIsKnown
    /// Another run uses the same variables.
    case mustWait(VariableUse)
    /// There is no plan.
    case mustCompile(Request)
    case isRunning(Evaluation)
  }

  /// Begins to compute tensors. Takes the assignments and changes, so that graphs that nobody else holds end before their
  /// variables are written.
  fileprivate static func begin(
    _ tensors: [Tensor], _ assignments: inout [(Variable, Tensor)], _ changes: inout [RowChange]
  ) throws(TensorError) -> Beginning {
    try shared.withLock { (executor: inout sending Executor) throws(TensorError) in
      let pending = tensors.filter { $0.knownStorage == nil }
      guard !pending.isEmpty || !assignments.isEmpty else { return .allIsKnown }
      changes.removeAll { !$0.isOfCurrentValues }
      let request = try Request(outputs: pending + changes.flatMap(\.tensors), assignments: assignments)
      guard let loaded = executor.plans[request.key] else { return .mustCompile(request) }
      let use = VariableUse(
        reads: request.sources.compactMap(\.variable), writes: assignments.map(\.0))
      if let other = executor.uses.first(where: { $0.conflicts(with: use) }) { return .mustWait(other) }
      let variables = assignments.map(\.0)
      let rows = changes.map { Evaluation.Rows(variable: $0.variable, types: $0.tensors.map(\.type)) }
      (assignments, changes) = ([], [])
      for variable in variables {
        try variable.prepareToWrite(replacingRows: rows.contains { $0.variable === variable })
      }
      executor.uses.append(use)
      return .isRunning(Evaluation(request: request, loaded: loaded, tensors: pending, rows: rows, use: use))
    }
  }

  /// Calls `body` with the lock held when no run writes the variables that are read, or uses those that are written.
  static func using<Result, Failure: Error>(
    _ use: VariableUse, _ body: (inout Executor) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withoutConflict(body, where: { $0.uses.first { $0.conflicts(with: use) } })
  }

  /// The same for one variable. Allocates nothing.
  static func using<Result, Failure: Error>(
    _ variable: Variable, writing: Bool = false, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withoutConflict(
      { (_) throws(Failure) in try body() },
      where: { $0.uses.first { $0.conflicts(with: variable, written: writing) } })
  }

  private static func withoutConflict<Result, Failure: Error>(
    _ body: (inout Executor) throws(Failure) -> Result, where conflict: (borrowing Executor) -> VariableUse?
  ) throws(Failure) -> Result {
    while true {
      let (result, other) = try shared.withLock {
        (executor: inout sending Executor) throws(Failure) -> (Result?, VariableUse?) in
        if let other = conflict(executor) { return (nil, other) }
        return (try body(&executor), nil)
      }
      if let result { return result }
      other?.waitForEnd()
    }
  }

  /// Lets a run go on while the lock is not held, until `end`.
  mutating func begin(_ use: VariableUse) { uses.append(use) }

  /// Runs a plan, which writes its outputs to these addresses. A quantized run passes the matrices of
  /// `loaded.quantizable`. The lock isn't held.
  static func run(
    _ loaded: Executable, _ sources: [UnsafeMutableRawPointer], _ outputs: [UnsafeMutableRawPointer],
    quantized: [UnsafeRawPointer] = []
  ) throws(TensorError) {
    // The caller's own arithmetic keeps its denormal numbers, rounding and flags.
    let arithmetic = backprop_enter_kernel_arithmetic()
    let limit = backprop_limit_threads(Int32(loaded.threads))
    defer {
      backprop_limit_threads(limit)
      backprop_leave_kernel_arithmetic(arithmetic)
    }
    let (workspace, pending) = shared.withLock { ($0.takeWorkspace(for: loaded), $0.pending) }
    defer { shared.withLock { $0.giveBack(workspace) } }
    try workspace.grow(for: loaded)
    func run(_ pending: PendingImages?) throws(TensorError) {
      try loaded.run(sources: sources, outputs: outputs, in: workspace, quantized: quantized, making: pending)
    }
    // Another run may be at the same images.
    let isDone: Void? = try pending?.whereFree { () throws(TensorError) in try run(pending) }
    if isDone == nil { try run(nil) }
  }

  mutating func end(_ use: VariableUse) {
    if let index = uses.firstIndex(where: { $0 === use }) { uses.remove(at: index) }
  }

  // MARK: Memory

  /// The smallest that suffices, or else the largest.
  private mutating func takeWorkspace(for loaded: Executable) -> Workspace {
    let best = idle.indices.min { a, b in
      let (a, b) = (idle[a].arena.byteCount, idle[b].arena.byteCount)
      return min(a, b) >= loaded.plan.arenaBytes ? a < b : a > b
    }
    return best.map { idle.remove(at: $0) } ?? Workspace()
  }

  private mutating func giveBack(_ workspace: Workspace) {
    // As many as threads can compute at the same time.
    if idle.count < Threads.count { idle.append(workspace) }
  }
}

/// A run of a plan that computes tensors.
struct Evaluation {
  fileprivate struct Rows {
    let variable: Variable
    let types: [TensorType]
  }

  fileprivate let request: Request
  fileprivate let loaded: Executable
  fileprivate let tensors: [Tensor]
  /// The variables whose rows are replaced, and the types of the rows' numbers and of what they were.
  fileprivate let rows: [Rows]
  fileprivate let use: VariableUse

  fileprivate func finish() throws(TensorError) {
    try use.go { () throws(TensorError) in
      // It owns what the pointers point to.
      defer { withExtendedLifetime(request) {} }
      var old: [(numbers: Storage, values: Storage)] = []
      defer {
        for (index, row) in rows.enumerated() { row.variable.endReplacingRows(index < old.count ? old[index] : nil) }
      }
      var outputs = try tensors.map { (tensor) throws(TensorError) in
        try Storage(byteCount: tensor.type.byteCount, for: "the result of \(tensor.node.op.name), \(tensor.type),")
      }
      for row in rows {
        let storages = try row.types.map { (type) throws(TensorError) in
          try Storage(byteCount: type.byteCount, for: "rows of \(row.variable.name) before the update, \(type),")
        }
        // No row, until the run has found which: it may fail before.
        storages[0].fill(with: -1)
        outputs += storages
        old.append((storages[0], storages[1]))
      }
      try Executor.run(loaded, request.sources.map(\.pointer), outputs.map(\.pointer))
      Executor.shared.withLock { _ in
        for (tensor, storage) in zip(tensors, outputs) {
          if tensor.node.results.isEmpty {
            tensor.node.results = Array(repeating: nil, count: tensor.node.types.count)
          }
          tensor.node.results[tensor.output] = storage
        }
      }
    }
  }
}
