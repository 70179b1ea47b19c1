import Synchronization

/// Values that outlive a step and are written in place: a parameter, an optimizer's state, a running mean.
///
/// `tensor` is a leaf with the values at the time of the call. Once the variable has been assigned, a graph
/// that was recorded with the earlier ones can no longer be evaluated and says so, rather than mixing old and new.
public final class Variable: @unchecked Sendable {
  public let shape: Shape
  public let dtype: DType
  /// The storage of the values. Touched while the runtime's lock is held.
  let storage: Storage
  /// A quantized copy of the values, as a `QuantizedMatrix`. Touched while the runtime's lock is held.
  var quantized: QuantizedMatrix?
  private let state: Mutex<State>
  private struct State {
    var name: String
    var version = 0
    var pending: Tensor?
    weak var leaf: Node?
  }

  init(_ storage: Storage, shape: Shape, dtype: DType, name: String) {
    self.storage = storage
    self.shape = shape
    self.dtype = dtype
    state = Mutex(State(name: name))
  }

  /// The name that messages use.
  public var name: String {
    get { state.withLock { $0.name } }
    set { state.withLock { $0.name = newValue } }
  }

  /// How often the values have been replaced.
  var version: Int { state.withLock { $0.version } }
  /// Records that they have been replaced. The runtime's lock is held.
  func advance() {
    quantized = nil
    state.withLock { state in
      state.version += 1
      state.leaf = nil
    }
  }

  /// The values, as a leaf of a graph: the same tensor until the variable is assigned.
  public var tensor: Tensor {
    state.withLock { state in
      if let node = state.leaf { return Tensor(node) }
      let type = TensorType(shape, dtype)
      let node = Node(
        VariableValues(type: type), inputs: [], types: [type],
        leaf: .variable(self, version: state.version))
      state.leaf = node
      return Tensor(node)
    }
  }

  /// Values to assign with the next update, such as new running means; the last one recorded counts.
  public func assignOnUpdate(_ tensor: Tensor) { state.withLock { $0.pending = tensor } }
  /// The values recorded by `assignOnUpdate`, which are forgotten here.
  public func takePendingAssignment() -> Tensor? {
    state.withLock { state in
      defer { state.pending = nil }
      return state.pending
    }
  }
}
