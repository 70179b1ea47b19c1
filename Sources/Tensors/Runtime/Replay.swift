/// A graph that was compiled once, to be run again on other inputs without recording it again.
///
/// What changes from run to run are the *inputs*: data leaves of the graph whose values each run brings. Random numbers
/// are drawn anew from `Random.current`, as many as recording drew. Variables are read and written as ever.
/// Cost of a run beside the kernels: some hundred nanoseconds a kernel.
public final class Replay: @unchecked Sendable {
  // Touched while the runtime's lock is held.
  private let loaded: LoadedPlan
  private var sources: [Request.Source]
  /// The sources that an input stands for; none where the graph does not use it.
  private let inputSources: [[Int]]
  private let inputTypes: [TensorType]
  private let outputTypes: [TensorType]
  private let assigned: [Variable]
  /// Keys of random numbers, and how many draws after the first of recording theirs was.
  private let keys: [(storage: Storage, offset: UInt64)]
  private let draws: UInt64

  /// Compiles what computes `outputs` and gives variables new values. `inputs` are data that were recorded with, such as
  /// `Tensor.standIn(like:)` gives; `firstDraw` is `Random.current.counter` before recording and `draws` how many followed.
  ///
  /// Throws what was wrong with the graph, and for an input that is no data.
  public init(
    computing outputs: [Tensor], assigning assignments: [(Variable, Tensor)], inputs: [Tensor],
    firstDraw: UInt64 = 0, draws: UInt64 = 0
  ) throws(TensorError) {
    let (request, loaded) = try Executor.shared.withLock { (executor: inout sending Executor) throws(TensorError) in
      try executor.load(outputs, assignments)
    }
    self.loaded = loaded
    sources = request.sources
    outputTypes = outputs.map(\.type)
    inputTypes = inputs.map(\.type)
    assigned = assignments.map(\.0)
    self.draws = draws
    var inputSources: [[Int]] = []
    for input in inputs {
      guard case .storage(let own) = input.node.leaf else {
        throw TensorError("a replay's inputs must be data, not results of \(input.node.op.name)")
      }
      inputSources.append(
        request.sources.indices.filter {
          if case .storage(let storage) = request.sources[$0] { storage === own } else { false }
        })
    }
    self.inputSources = inputSources
    var keys: [(Storage, UInt64)] = []
    for index in sources.indices {
      guard case .key(let storage) = sources[index] else { continue }
      let words = storage.ints(count: 4).map { UInt64(UInt32(bitPattern: $0)) }
      let own = Storage(byteCount: 16)
      sources[index] = .key(own)
      keys.append((own, (words[2] | words[3] << 32) &- firstDraw))
    }
    self.keys = keys
  }

  /// Runs the plan; gives the outputs as data. The inputs must be of the types it was made with.
  public func run(_ inputs: [Tensor]) throws(TensorError) -> [Tensor] {
    guard inputs.map(\.type) == inputTypes else {
      throw TensorError(
        "a replay was made for inputs \(inputTypes.map(\.description)), not \(inputs.map(\.type.description))")
    }
    try evaluate(inputs)
    let random = Random.current
    let first = random.take(draws)
    return try Executor.shared.withLock { (executor: inout sending Executor) throws(TensorError) in
      for (input, places) in zip(inputs, inputSources) {
        guard let storage = input.knownStorage else { throw TensorError("internal error: an input has no values") }
        for place in places { sources[place] = .storage(storage) }
      }
      for (storage, offset) in keys { storage.write(random.key(first &+ offset)) }
      let storages = try executor.run(loaded, sources)
      for variable in assigned { variable.advance() }
      return zip(outputTypes, storages).map { type, storage in
        Tensor(Node(.data(type), inputs: [], types: [type], leaf: .storage(storage)))
      }
    }
  }
}

extension Tensor {
  /// Zeros as data, of this tensor's shape and type: something to record with in place of values to come.
  public static func standIn(like tensor: Tensor) -> Tensor {
    let type = tensor.type
    let storage = Storage([Int32](repeating: 0, count: type.shape.elementCount))
    return Tensor(Node(.data(type), inputs: [], types: [type], leaf: .storage(storage)))
  }
}
