import Tensors

extension RuleOptimizer {
  /// Shards the optimizer over processes that train together: each stores the state of some of the parameters, about as many
  /// as the others, updates these alone, and then gets the others' new values.
  ///
  /// ```swift
  /// let optimizer = Adam(for: model)
  /// try optimizer.shard(over: processes)
  /// try optimizer.update(along: gradients.averaged(over: processes))
  /// ```
  ///
  /// The new values have the bits of an optimizer that is not sharded. Of Adam's two states of N numbers a process stores
  /// 2 N / processes; each step sends the N parameters besides the gradients. A parameter is not divided. Call it in all processes,
  /// with the same state: before the first update, or after the state of a checkpoint is set. `stateVariables` are then
  /// those of this process. It cannot be undone, nor done over other processes, which is an error.
  ///
  /// Source: Rajbhandari, Rasley, Ruwase & He, "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", SC 2020,
  /// section 5.1.
  public func shard(over processes: Distributed) throws(TensorError) {
    guard shards != processes else { return }
    guard shards.size == 1 else {
      throw TensorError("\(type(of: self)): it is sharded over \(shards.size) processes already")
    }
    var loads = Array(repeating: 0, count: processes.size)
    assignOwners(of: processes, &loads)
  }

  /// Gives each parameter, from the largest to the smallest, to the process with the least so far.
  private func assignOwners(of processes: Distributed, _ loads: inout [Int]) {
    shards = processes
    let counts = slots.map(\.variable.shape.elementCount)
    for index in slots.indices.sorted(by: { (counts[$1], $0) < (counts[$0], $1) }) {
      let owner = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      loads[owner] += counts[index]
      slots[index].owner = owner
      if owner != processes.rank { slots[index].state = [] }
    }
    for group in groups { group.optimizer.assignOwners(of: processes, &loads) }
  }

  /// Whether this process stores the state of a parameter and updates it.
  func isOwn(_ slot: Slot) -> Bool { slot.owner == shards.rank }

  /// Gives all processes the new values of all parameters.
  func exchangeParameters() throws(TensorError) {
    guard shards.size > 1 else { return }
    try shards.broadcast(ownedParameters)
  }

  private var ownedParameters: [(variable: Variable, root: Int)] {
    slots.filter(\.parameter.isTrainable).map { ($0.variable, $0.owner) } + groups.flatMap(\.optimizer.ownedParameters)
  }

  /// Gives process 0 the state of all, for a checkpoint, until `discardCollectedState()`. All processes must call it.
  func collectState() throws(TensorError) {
    guard shards.size > 1 else { return }
    makeState()
    for index in slots.indices where slots[index].owner != 0 {
      if shards.rank == 0 { slots[index].state = try slots[index].newState() }
      for variable in slots[index].state { try shards.move(variable, from: slots[index].owner, to: 0) }
    }
    for group in groups { try group.optimizer.collectState() }
  }

  func discardCollectedState() {
    for index in slots.indices where !isOwn(slots[index]) { slots[index].state = [] }
    for group in groups { group.optimizer.discardCollectedState() }
  }
}

extension Optimizer {
  /// The optimizer whose rule this one uses; `nil` where that is none of rules.
  private var rule: RuleOptimizer? { self as? RuleOptimizer ?? (self as? WrappingOptimizer)?.base.rule }

  /// Shards the state over processes. Throws where this kind of optimizer cannot.
  package func shard(over processes: Distributed) throws(TensorError) {
    guard let rule else {
      throw TensorError("\(type(of: self)) cannot be sharded; take an optimizer that has a rule for each parameter")
    }
    try rule.shard(over: processes)
  }

  /// Calls `body`, in which process 0 has the state of all parameters. All processes must call it.
  package func collectingState<Result>(_ body: () throws -> Result) throws -> Result {
    guard let rule else { return try body() }
    try rule.collectState()
    defer { rule.discardCollectedState() }
    return try body()
  }
}
