import Synchronization

/// An operation in a graph, with the tensors it takes. Nodes never change; results may be cached in them.
///
/// Nodes are numbered as they are made, so inputs have smaller numbers than what uses them: sorting by number is a
/// topological order, and no walk needs recursion.
final class Node: @unchecked Sendable {
  /// The source of a leaf's values.
  enum Leaf {
    case none
    case storage(Storage)
    /// The key of random numbers, which each run of a compiled graph draws again.
    case key(Storage)
    /// A variable, and the memory with its values at that time.
    case variable(Variable, Storage)
    case failure(TensorError)
  }

  let number: Int
  let op: any Operation
  let types: [TensorType]
  // Only `holdsItsDataAlone` changes it, and back.
  private(set) var leaf: Leaf
  // Only `deinit` empties it.
  fileprivate(set) var inputs: [Tensor]
  // Values already computed, by output. Only touched while the runtime's lock is held.
  var results: [Storage?] = []
  // Scratch of the walk that holds the runtime's lock: its index there, valid while `mark` is that walk's number.
  var mark = 0
  var index = 0
  private static let counter = Atomic<Int>(1)
  /// The number of the node that was made last.
  static var latestNumber: Int { counter.load(ordering: .relaxed) - 1 }

  init(_ op: any Operation, inputs: [Tensor], types: [TensorType], leaf: Leaf = .none) {
    number = Node.counter.wrappingAdd(1, ordering: .relaxed).oldValue
    self.op = op
    self.inputs = inputs
    self.types = types
    self.leaf = leaf
  }

  /// Frees the nodes that only this one keeps alive, in a loop: a chain of a million nodes must not overflow the stack.
  deinit {
    guard !inputs.isEmpty else { return }
    var pending = inputs
    inputs = []
    while var tensor = pending.popLast() {
      if isKnownUniquelyReferenced(&tensor.node) {
        pending.append(contentsOf: tensor.node.inputs)
        tensor.node.inputs = []
      }
    }
  }

  /// Whether this leaf's data is uniquely referenced. Only meaningful where the node is, too.
  fileprivate func holdsItsDataAlone() -> Bool {
    guard case .storage(var storage) = leaf else { return false }
    leaf = .none
    defer { leaf = .storage(storage) }
    return isKnownUniquelyReferenced(&storage)
  }

  var failure: TensorError? {
    if case .failure(let error) = leaf { error } else { nil }
  }
}
extension Tensor {
  /// Whether this is data that nothing else can reach, so that its memory may be overwritten.
  mutating func isDataHeldOnlyHere() -> Bool { isKnownUniquelyReferenced(&node) && node.holdsItsDataAlone() }
}
/// The nodes that `roots` depend on, inputs before users. `follow` says whether to visit a node's inputs.
func nodesReachable(from roots: [Tensor], follow: (Node) -> Bool = { _ in true }) -> [Node] {
  var seen = Set<ObjectIdentifier>()
  var found: [Node] = []
  var pending = roots.map(\.node)
  while let node = pending.popLast() {
    guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
    found.append(node)
    if follow(node) { pending.append(contentsOf: node.inputs.map(\.node)) }
  }
  return found.sorted { $0.number < $1.number }
}
