import Synchronization

/// Values that outlive a step: a parameter, an optimizer's state, a running mean.
///
/// `tensor` is a leaf with the values at the time of the call, and keeps them: an assignment writes in place only where
/// nobody holds the old values, and into new memory otherwise, as Swift's own arrays do. Where an update replaces some
/// rows, in place, and somebody holds the old values, only those of the rows are kept; the others are copied where the old
/// values are read, or before the next assignment.
public final class Variable: @unchecked Sendable {
  /// The shape of its values, which stays.
  public let shape: Shape
  /// The type of its values, which stays.
  public let dtype: DType
  /// A quantized copy of the values, as a `QuantizedMatrix`. Touched while the runtime's lock is held.
  var quantized: QuantizedMatrix?
  private let state: Mutex<State>

  fileprivate struct State {
    var name: String
    var storage: Storage
    weak var leaf: Node?
    /// What the leaf has in place of `storage`, where the last assignment replaced rows: memory that is untouched as long
    /// as the variable has its values. A leaf with `storage` itself would have an update copy all of it.
    weak var reserve: Storage?
    var replacesRows = false
    /// The values before the last assignment, where that replaced rows.
    var replaced: ReplacedRows?
  }

  /// What a leaf holds that was made before an update of rows.
  fileprivate struct ReplacedRows {
    /// Nobody holds the old values any more where it is `nil`.
    weak var values: Storage?
    var isRunning = true
    var rows: (numbers: Storage, values: Storage)?
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

  /// Whether these values of a leaf are still the variable's, or an update of rows is about to change them. Where such an
  /// update has changed them, it completes them. The runtime's lock is held.
  func holds(_ values: Storage) -> Bool {
    state.withLock { state in
      if state.storage === values || state.reserve === values { return true }
      guard let replaced = state.replaced, replaced.values === values else { return false }
      if replaced.isRunning { return true }
      state.completeReplaced()
      return false
    }
  }

  /// The memory where a leaf with these values finds them now. The runtime's lock is held.
  func storage(of values: Storage) -> Storage {
    holds(values) ? state.withLock { $0.storage } : values
  }

  /// Makes memory that nobody else holds, which may be written: a copy of the values where somebody does. The runtime's
  /// lock is held. `replacingRows`: a run that is about to begin replaces some rows, and calls `endReplacingRows`.
  func prepareToWrite(replacingRows: Bool = false) throws(TensorError) {
    quantized = nil
    try state.withLock { (state) throws(TensorError) in
      state.completeReplaced()
      state.replacesRows = replacingRows
      if let reserve = state.reserve {
        if replacingRows {
          // As much as those who hold the old values may need.
          try reserve.checkMemory(for: "new values of \(state.name) beside the old ones,")
          state.replaced = ReplacedRows(values: reserve)
        } else {
          reserve.copy(state.storage)
        }
        (state.reserve, state.leaf) = (nil, nil)
        Variable.changes.wrappingAdd(1, ordering: .releasing)
      }
      guard !isKnownUniquelyReferenced(&state.storage) else { return }
      state.storage = try Storage(copying: state.storage, for: "new values of \(state.name) beside the old ones,")
      state.leaf = nil
      Variable.changes.wrappingAdd(1, ordering: .releasing)
    }
  }

  /// Ends a run that replaced rows, with the rows' numbers and what they were; `nil` where it did not begin.
  func endReplacingRows(_ rows: (numbers: Storage, values: Storage)?) {
    state.withLock { state in
      state.replaced?.rows = rows
      state.replaced?.isRunning = false
    }
  }

  /// The values, as a leaf of a graph: the same tensor until the variable is assigned. Within a `Snapshot` its values.
  public var tensor: Tensor {
    if let tensor = Snapshot.current?.tensor(of: self) { return tensor }
    return state.withLock { state in
      if let node = state.leaf { return Tensor(node) }
      var values = state.storage
      if state.replacesRows, let reserve = try? Storage(byteCount: values.byteCount, zeroed: true, for: state.name) {
        (values, state.reserve) = (reserve, reserve)
      }
      let node = Node(VariableValues(type: type), inputs: [], types: [type], leaf: .variable(self, values))
      Variable.changes.wrappingAdd(1, ordering: .releasing)
      state.leaf = node
      return Tensor(node)
    }
  }
}

extension Variable.State {
  /// Gives those who hold the values before the last update of rows these values: the current ones, except for the rows.
  fileprivate mutating func completeReplaced() {
    defer { replaced = nil }
    guard let values = replaced?.values else { return }
    values.copy(storage)
    if let rows = replaced?.rows { values.replaceRows(rows.numbers, with: rows.values) }
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
