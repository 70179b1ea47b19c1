/// What is to be computed, in a form that two steps of the same structure share: the key of the plan cache.
///
/// Contents of data, values of variables and random keys are *sources*: they are bound when the plan runs and are not
/// part of the key.
struct Request {
  enum Source {
    case storage(Storage)
    case key(Storage)
    case variable(Variable)

    var variable: Variable? { if case .variable(let variable) = self { variable } else { nil } }
    var data: Storage? { if case .storage(let storage) = self { storage } else { nil } }
  }

  /// A node, its inputs given by position. A value is `entry · 4 + output`.
  struct Entry: Hashable {
    var op: any Operation
    var inputs: [Int]
    /// The index of the source that a leaf takes its values from; −1 for others.
    var source: Int

    static func == (a: Entry, b: Entry) -> Bool {
      a.inputs == b.inputs && a.source == b.source && a.op.isEqual(to: b.op)
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(ObjectIdentifier(type(of: op)))
      op.hash(into: &hasher)
      hasher.combine(inputs)
      hasher.combine(source)
    }
  }

  struct Key: Hashable {
    var target: Target
    var entries: [Entry]
    var outputs: [Int]
    /// Pairs: the variable's source, the value it is assigned.
    var assignments: [[Int]]
    /// The types of the outputs, then those of the assigned variables.
    var storedTypes: [DType]
  }

  static func value(_ entry: Int, _ output: Int) -> Int { entry << 2 | output }

  private(set) var sources: [Source] = []
  private(set) var key: Key

  /// Numbers the walks, so that marks of an earlier one mean nothing. The runtime's lock is held.
  nonisolated(unsafe) private static var walks = 0

  /// Must be called with the runtime's lock held: results cached in nodes become leaves. `isCompiled`: placeholders are
  /// given values in each run; elsewhere they have none.
  init(outputs: [Tensor], assignments: [(Variable, Tensor)], isCompiled: Bool = false) throws(TensorError) {
    key = Key(
      target: .current, entries: [], outputs: [], assignments: [],
      storedTypes: outputs.map(\.dtype) + assignments.map(\.0.dtype))
    Request.walks += 1
    let walk = Request.walks
    var nodes: [Node] = []
    var known: [ObjectIdentifier: [Int: Int]] = [:]  // the entries of results that are computed already
    var variables: [ObjectIdentifier: Int] = [:]
    var pending = assignments.map(\.1).reversed() + outputs.reversed()

    while let tensor = pending.popLast() {
      let node = tensor.node
      if let failure = node.failure { throw failure }
      if node.results.indices.contains(tensor.output), let storage = node.results[tensor.output] {
        if known[ObjectIdentifier(node)]?[tensor.output] == nil {
          known[ObjectIdentifier(node), default: [:]][tensor.output] = addLeaf(
            Values(type: tensor.type), .storage(storage))
        }
      } else if node.mark != walk {
        node.mark = walk
        switch node.leaf {
        case .failure(let error): throw error
        case .storage(let storage):
          if storage.role == .placeholder, !isCompiled { throw Storage.noValueYet }
          node.index = addLeaf(node.op, .storage(storage))
        case .key(let storage): node.index = addLeaf(node.op, .key(storage))
        case .variable(let variable, let storage):
          if variable.holds(storage) {
            node.index = entry(of: variable, &variables)
          } else {  // it was assigned since
            node.index = addLeaf(Values(type: variable.type), .storage(storage))
          }
        case .none:
          nodes.append(node)
          pending.append(contentsOf: node.inputs)
        }
      }
    }

    func value(of tensor: Tensor) -> Int {
      if !known.isEmpty, let entry = known[ObjectIdentifier(tensor.node)]?[tensor.output] {
        return Request.value(entry, 0)
      }
      return Request.value(tensor.node.index, tensor.output)
    }

    nodes.sort { $0.number < $1.number }
    for node in nodes {
      node.index = key.entries.count
      key.entries.append(Entry(op: node.op, inputs: node.inputs.map(value(of:)), source: -1))
    }
    key.outputs = outputs.map(value(of:))
    for (variable, tensor) in assignments {
      guard tensor.type == variable.type else {
        throw TensorError("\(variable.name) is \(variable.type) and cannot take over \(tensor.type)")
      }
      let entry = entry(of: variable, &variables)
      key.assignments.append([key.entries[entry].source, value(of: tensor)])
    }
  }

  private mutating func addLeaf(_ op: any Operation, _ source: Source) -> Int {
    key.entries.append(Entry(op: op, inputs: [], source: sources.count))
    sources.append(source)
    return key.entries.count - 1
  }

  private mutating func entry(of variable: Variable, _ variables: inout [ObjectIdentifier: Int]) -> Int {
    let entry =
      variables[ObjectIdentifier(variable)]
      ?? addLeaf(VariableValues(type: variable.type), .variable(variable))
    variables[ObjectIdentifier(variable)] = entry
    return entry
  }
}
