import Synchronization

/// Values that outlive a step: a parameter, an optimizer's state, a running mean.
///
/// `tensor` is a leaf with the values at the time of the call, and keeps them: an assignment writes in place only where
/// nobody holds the old values, and into new memory otherwise, as Swift's own arrays do.
public final class Variable: @unchecked Sendable {
  /// The shape of its values, which stays.
  public let shape: Shape
  /// The type of its values, which stays.
  public let dtype: DType
  /// A quantized copy of the values, as a `QuantizedMatrix`. Touched while the runtime's lock is held.
  var quantized: QuantizedMatrix?
  private let state: Mutex<State>

  private struct State {
    var name: String
    var storage: Storage
    weak var leaf: Node?
  }

  /// How often values were shared, or memory replaced, of any variable: while it stays, what was in place remains so.
  private static let changes = Atomic<Int>(0)
  static var changeCount: Int { changes.load(ordering: .acquiring) }

  init(_ storage: Storage, shape: Shape, dtype: DType, name: String) {
    self.shape = shape
    self.dtype = dtype
    state = Mutex(State(name: name, storage: storage))
  }

  /// The name that messages use.
  public var name: String {
    get { state.withLock { $0.name } }
    set { state.withLock { $0.name = newValue } }
  }

  var type: TensorType { TensorType(shape, dtype) }

  /// The memory with the values. Whoever holds it keeps them.
  var storage: Storage {
    Variable.changes.wrappingAdd(1, ordering: .releasing)
    return state.withLock { $0.storage }
  }

  /// The memory, for a reader who does not keep it.
  func withStorage<Result, Failure: Error>(_ body: (Storage) throws(Failure) -> Result) throws(Failure) -> Result {
    try body(state.withLock { $0.storage })
  }
  func holds(_ storage: Storage) -> Bool { state.withLock { $0.storage === storage } }

  /// Makes memory that nobody else holds, which may be written: a copy of the values where somebody does. The runtime's
  /// lock is held.
  func prepareToWrite() throws(TensorError) {
    quantized = nil
    try state.withLock { (state) throws(TensorError) in
      guard !isKnownUniquelyReferenced(&state.storage) else { return }
      state.storage = try Storage(copying: state.storage, for: "new values of \(state.name) beside the old ones,")
      state.leaf = nil
      Variable.changes.wrappingAdd(1, ordering: .releasing)
    }
  }

  /// The values, as a leaf of a graph: the same tensor until the variable is assigned. Within a `Snapshot` its values.
  public var tensor: Tensor {
    if let tensor = Snapshot.current?.tensor(of: self) { return tensor }
    return state.withLock { state in
      if let node = state.leaf { return Tensor(node) }
      let node = Node(VariableValues(type: type), inputs: [], types: [type], leaf: .variable(self, state.storage))
      Variable.changes.wrappingAdd(1, ordering: .releasing)
      state.leaf = node
      return Tensor(node)
    }
  }
}

/// The values of some variables at one time, which later assignments do not change.
package final class Snapshot: Sendable {
  /// What graphs that this task records read instead of the variables.
  @TaskLocal package static var current: Snapshot?

  private let leaves: [ObjectIdentifier: Tensor]

  init(leaves: [ObjectIdentifier: Tensor]) { self.leaves = leaves }

  func tensor(of variable: Variable) -> Tensor? { leaves[ObjectIdentifier(variable)] }
}
