/// A graph that was compiled once, to be run again on other inputs without recording it again.
///
/// What changes from run to run are the *inputs*: data leaves of the graph whose values each run brings. Random numbers
/// are drawn anew from `Random.current`, as many as recording drew. Variables are read and written as ever.
/// Cost of a run beside the kernels: some hundred nanoseconds a kernel.
public final class CompiledGraph: @unchecked Sendable {
  // Touched while the runtime's lock is held.
  private let loaded: Executable
  /// What the plan reads, kept alive here, and where it lies: after large products the objects are in no cache.
  private var sources: [Request.Source]
  private var sourcePointers: [UnsafeMutableRawPointer]
  /// The sources that an input stands for; none where the graph does not use it.
  private let inputSources: [[Int]]
  private let inputTypes: [TensorType]
  /// Sources of one number each, which a run writes into.
  private let numbers: [Storage]
  /// What the last run gave. Where nobody holds it any more, the next run writes it anew.
  private var results: [Tensor]
  private var resultPointers: [UnsafeMutableRawPointer] = []
  private let assigned: [Variable]
  /// Keys of random numbers, and how many draws after the first of recording theirs was.
  private let keys: [(storage: Storage, offset: UInt64)]
  private let draws: UInt64
  /// Whose values a quantized run has quantized; none where that gains little.
  private let quantizable: [(variable: Variable, product: QuantizableProduct)]
  private var quantizedMatrices: [UnsafeRawPointer] = []

  /// Compiles what computes `outputs` and gives variables new values. `inputs` are data that were recorded with, such as
  /// `Tensor.standIn(like:)` gives, `numbers` scalars for numbers that each run brings; `firstDraw` is `Random.current.counter` before recording and `draws` how many followed.
  ///
  /// Throws what was wrong with the graph, and for an input that is no data.
  public init(
    computing outputs: [Tensor], assigning assignments: [(Variable, Tensor)], inputs: [Tensor],
    numbers: [Tensor] = [], firstDraw: UInt64 = 0, draws: UInt64 = 0
  ) throws(TensorError) {
    let (request, loaded) = try Executor.shared.withLock { (executor: inout sending Executor) throws(TensorError) in
      try executor.load(outputs, assignments)
    }
    self.loaded = loaded
    (sources, sourcePointers) = (request.sources, [])
    let quantizable: [(Variable, QuantizableProduct)] = loaded.quantizable.compactMap { product in
      if case .variable(let variable, _) = request.sources[product.source] { (variable, product) } else { nil }
    }
    self.quantizable = quantizable.count == loaded.quantizable.count ? quantizable : []
    results = try outputs.map { output throws(TensorError) in try .uninitialized(output.type) }
    inputTypes = inputs.map(\.type)
    assigned = assignments.map(\.0)
    self.draws = draws
    func data(_ input: Tensor) throws(TensorError) -> Storage {
      guard case .storage(let own) = input.node.leaf else {
        throw TensorError("a replay's inputs must be data, not results of \(input.node.op.name)")
      }
      return own
    }
    self.numbers = try numbers.map(data)
    var inputSources: [[Int]] = []
    for input in inputs {
      let own = try data(input)
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
      let own = try Storage(byteCount: 16, for: "a random key")
      sources[index] = .key(own)
      keys.append((own, (words[2] | words[3] << 32) &- firstDraw))
    }
    self.keys = keys
    // A batch is not held longer than its step takes, nor what stands for it at all.
    for place in inputSources.joined() { sources[place] = .storage(Storage()) }
    sourcePointers = sources.map(\.pointer)
  }

  /// Whether a run spends its time reading large matrices of variables for single rows.
  public var gainsByQuantizing: Bool { !quantizable.isEmpty }

  /// Runs the plan; gives the outputs as data. The inputs must be of the types it was made with, and as many numbers.
  ///
  /// A `quantized` run drafts in half of the time, where the plan `gainsByQuantizing`: it multiplies single rows by large
  /// matrices of variables in eight bits, which it keeps for the next time.
  public func run(
    _ inputs: [Tensor], numbers: [Float] = [], quantized: Bool = false
  ) throws(TensorError) -> [Tensor] {
    guard inputs.count == inputTypes.count, zip(inputs, inputTypes).allSatisfy({ $0.type == $1 }) else {
      throw TensorError(
        "a replay was made for inputs \(inputTypes.map(\.description)), not \(inputs.map(\.type.description))")
    }
    guard numbers.count == self.numbers.count else {
      throw TensorError("a replay was made for \(self.numbers.count) numbers, not \(numbers.count)")
    }
    try evaluate(inputs)
    let random = Random.current
    let first = random.take(draws)
    return try Executor.shared.withLock { (executor: inout sending Executor) throws(TensorError) in
      for (input, places) in zip(inputs, inputSources) {
        guard let storage = input.knownStorage else { throw TensorError("internal error: an input has no values") }
        for place in places { sourcePointers[place] = storage.pointer }
      }
      for (storage, number) in zip(self.numbers, numbers) {
        storage.pointer.storeBytes(of: number, as: Float.self)
      }
      for (storage, offset) in keys {
        storage.pointer.storeBytes(of: random.words(first &+ offset), as: SIMD4<UInt32>.self)
      }
      try renewResults()
      if quantized { try quantizeMatrices() }
      try executor.run(loaded, sourcePointers, resultPointers, quantized: quantized ? quantizedMatrices : [])
      for variable in assigned { variable.advance() }
      return results
    }
  }

  /// New memory for the results that somebody still holds.
  private func renewResults() throws(TensorError) {
    resultPointers.removeAll(keepingCapacity: true)
    for index in results.indices {
      if !results[index].isDataHeldOnlyHere() {
        results[index] = try .uninitialized(results[index].type)
      }
      if let storage = results[index].knownStorage { resultPointers.append(storage.pointer) }
    }
  }

  /// Fills `quantizedMatrices`.
  private func quantizeMatrices() throws(TensorError) {
    quantizedMatrices.removeAll(keepingCapacity: true)
    for (variable, product) in quantizable {
      quantizedMatrices.append(try variable.quantizedMatrix(n: product.n, k: product.k).pointer)
    }
  }
}

extension Tensor {
  /// Zeros as data, of this tensor's shape and type: something to record with in place of values to come.
  public static func standIn(like tensor: Tensor) -> Tensor {
    if tensor.failure != nil { return tensor }
    let type = tensor.type
    do throws(TensorError) {
      let storage = try Storage(zeros: type.shape.elementCount * 4, for: "a stand-in \(type)")
      return Tensor(Node(.data(type), inputs: [], types: [type], leaf: .storage(storage)))
    } catch {
      return .failed(error)
    }
  }

  /// Gives int32 data as many other values, in the same memory where nobody else can come to it.
  package mutating func replaceValues(with values: ArraySlice<Int32>) throws(TensorError) {
    guard dtype == .int32, values.count == shape.elementCount else {
      throw TensorError("\(type) cannot be given \(values.count) int32 values")
    }
    if !isDataHeldOnlyHere() { self = try .uninitialized(type) }
    knownStorage?.write(values)
  }

  /// Data that is about to be written.
  fileprivate static func uninitialized(_ type: TensorType) throws(TensorError) -> Tensor {
    let storage = try Storage(byteCount: type.shape.elementCount * 4, for: "a result \(type)")
    return Tensor(Node(.data(type), inputs: [], types: [type], leaf: .storage(storage)))
  }
}
