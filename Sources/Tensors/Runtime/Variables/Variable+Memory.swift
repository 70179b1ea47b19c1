extension Variable {
  /// Where the values are, for as long as the executor's lock is held or a run uses them.
  var pointer: UnsafeMutableRawPointer { withStorage(\.pointer) }
}

extension Snapshot {
  /// Takes the values between two runs of plans. Costs no copy until a variable is assigned.
  package convenience init(of variables: [Variable]) {
    let leaves = Executor.using(VariableUse(reads: variables)) { _ in
      variables.map { (ObjectIdentifier($0), Tensor($0.storage, $0.type)) }
    }
    self.init(leaves: Dictionary(leaves, uniquingKeysWith: { first, _ in first }))
  }
}
