import Synchronization

/// A graph that was compiled once, to be run many times on other inputs without recording it again.
///
/// What changes from run to run are the *inputs*: data leaves of the graph whose values are given to each run. Random
/// numbers are drawn again from `Random.current`, as many as recording drew. Variables are read and written as usual.
/// Overhead of a run: some hundred nanoseconds a kernel.
public final class CompiledGraph: @unchecked Sendable {
  /// What a run uses. Everything else here is touched by one run at a time.
  private let use: VariableUse
  private let turn = Mutex(())
  private let loaded: Executable
  /// What the plan reads, retained here, and its address: after large products the objects are in no cache.
  private var sources: [Request.Source]
  private var sourcePointers: [UnsafeMutableRawPointer]
  /// The sources of an input; none where the graph does not use it.
  private let inputSources: [[Int]]
  private let inputTypes: [TensorType]
  /// Step scalars: sources of one number each, which a run writes into.
  private let numbers: [Storage]
  /// The last run's outputs. Those that are no longer referenced are overwritten by the next run.
  private var results: [Tensor]
  private var resultPointers: [UnsafeMutableRawPointer] = []
  private let assigned: [Variable]
  /// The variables among the sources.
  private var variables: [(source: Int, variable: Variable)] = []
  /// `Variable.changeCount` when their addresses were read.
  private var changeCount = -1
  /// Keys of random numbers, and the number of their draw, counted from the first during recording.
  private let keys: [(storage: Storage, offset: UInt64)]
  private let draws: UInt64
  /// The variables that a quantized run reads quantized; none where that gains little.
  private let quantizable: [(variable: Variable, product: QuantizableProduct)]
  private var quantizedMatrices: [UnsafeRawPointer] = []

  /// Compiles the graph of `outputs` and of the variables' new values. `inputs` are the data leaves it was recorded
  /// with, such as those of `Tensor.standIn(like:)`, `numbers` step scalars, given to each run; `firstDraw` is
  /// `Random.current.counter` before recording and `draws` how many followed.
  ///
  /// Throws the graph's error, for an input that is not data, and, unless it `freezesNumbers`, for a `Float` operand:
  /// it would stay as it was when the graph was recorded.
  public init(
    computing outputs: [Tensor], assigning assignments: [(Variable, Tensor)], inputs: [Tensor],
    numbers: [Tensor] = [], firstDraw: UInt64 = 0, draws: UInt64 = 0, freezesNumbers: Bool = true
  ) throws(TensorError) {
    let (request, loaded) = try Executor.load(outputs, assignments, isCompiled: true)
    self.loaded = loaded
    use = VariableUse(reads: request.sources.compactMap(\.variable), writes: assignments.map(\.0))
    (sources, sourcePointers) = (request.sources, [])
    let quantizable = loaded.quantizable.compactMap { product in
      request.sources[product.source].variable.map { ($0, product) }
    }
    self.quantizable = quantizable.count == loaded.quantizable.count ? quantizable : []
    results = try outputs.map { output throws(TensorError) in try .uninitialized(output.type) }
    inputTypes = inputs.map(\.type)
    assigned = assignments.map(\.0)
    self.draws = draws
    func data(_ input: Tensor) throws(TensorError) -> Storage {
      guard case .storage(let own) = input.node.leaf else {
        throw TensorError("a compiled graph's inputs must be data, not results of \(input.node.op.name)")
      }
      return own
    }
    self.numbers = try numbers.map(data)
    inputSources = try inputs.map { (input) throws(TensorError) in
      let own = try data(input)
      return request.sources.indices.filter { request.sources[$0].data === own }
    }
    if !freezesNumbers { try Self.checkNumbers(request.sources, given: self.numbers, inputSources) }
    var keys: [(Storage, UInt64)] = []
    for index in sources.indices {
      guard case .key(let storage) = sources[index] else { continue }
      let words = storage.pointer.load(as: SIMD4<UInt32>.self)
      let own = try Storage(byteCount: 16, for: "a random key")
      sources[index] = .key(own)
      keys.append((own, (UInt64(words[2]) | UInt64(words[3]) << 32) &- firstDraw))
    }
    self.keys = keys
    // A batch is released after its step, and placeholders at once.
    for place in inputSources.joined() { sources[place] = .storage(Storage()) }
    sourcePointers = sources.map(\.pointer)
    variables = sources.enumerated().compactMap { index, source in source.variable.map { (index, $0) } }
  }

  private static func checkNumbers(
    _ sources: [Request.Source], given numbers: [Storage], _ inputSources: [[Int]]
  ) throws(TensorError) {
    let inputs = Set(inputSources.joined())
    for (index, source) in sources.enumerated() where !inputs.contains(index) {
      guard let data = source.data, data.role == .number, !numbers.contains(where: { $0 === data }) else { continue }
      throw TensorError(
        "a compiled step is recorded once, so the number \(data.number) that it was recorded with would "
          + "never change: give it to each step as an input, Tensor(number), or, if it is to stay, use a literal or "
          + "Tensor.constant(number)")
    }
  }

  /// Whether a run spends most of its time reading large matrices of variables for single rows.
  public var gainsByQuantizing: Bool { !quantizable.isEmpty }

  /// Runs the plan; returns the outputs as data. The inputs must have the types it was compiled for, and there must be
  /// as many step scalars, which are rounded to the types that they were recorded with.
  ///
  /// A `quantized` run takes half of the time, where the plan `gainsByQuantizing`: it multiplies single rows by
  /// int8-quantized copies of variables' large matrices, which are cached for later runs. Meant for draft tokens.
  public func run(
    _ inputs: [Tensor], numbers: [Double] = [], quantized: Bool = false
  ) throws(TensorError) -> [Tensor] {
    guard inputs.count == inputTypes.count, zip(inputs, inputTypes).allSatisfy({ $0.type == $1 }) else {
      throw TensorError(
        "a compiled graph was made for inputs \(inputTypes.map(\.description)), not \(inputs.map(\.type.description))")
    }
    guard numbers.count == self.numbers.count else {
      throw TensorError("a compiled graph was made for \(self.numbers.count) numbers, not \(numbers.count)")
    }
    try evaluate(inputs)
    return try turn.withLock { _ throws(TensorError) in
      let random = Random.current
      let first = random.take(draws)
      for (input, places) in zip(inputs, inputSources) {
        guard let storage = Executor.shared.withLock({ _ in input.knownStorage }) else {
          throw TensorError("internal error: an input has no values")
        }
        for place in places { sourcePointers[place] = storage.pointer }
      }
      for (storage, number) in zip(self.numbers, numbers) {
        storage.number = number
      }
      for (storage, offset) in keys {
        storage.pointer.storeBytes(of: random.words(first &+ offset), as: SIMD4<UInt32>.self)
      }
      try renewResults()
      try Executor.using(use) { (executor) throws(TensorError) in
        try bindVariables()
        if quantized { try quantizeMatrices() }
        executor.begin(use)
      }
      try use.go { () throws(TensorError) in
        try Executor.run(loaded, sourcePointers, resultPointers, quantized: quantized ? quantizedMatrices : [])
      }
      return results
    }
  }

  /// Makes memory of the assigned variables that nobody else holds, and reads all addresses, if anything changed. The
  /// executor's lock is held.
  private func bindVariables() throws(TensorError) {
    for variable in assigned where variable.quantized != nil { variable.quantized = nil }
    // Read first, so that what another thread shares meanwhile is noticed in the next run.
    let count = Variable.changeCount
    guard changeCount != count else { return }
    for variable in assigned { try variable.prepareToWrite() }
    for (source, variable) in variables { sourcePointers[source] = variable.pointer }
    changeCount = count
  }

  /// New memory for the results that are still referenced.
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
  /// A placeholder of this tensor's shape and type to record with, for values that each run of a compiled graph gives.
  public static func standIn(like tensor: Tensor) -> Tensor {
    tensor.checked { () throws(TensorError) in
      let type = tensor.type
      return Tensor(
        try Storage(byteCount: type.byteCount, zeroed: true, role: .placeholder, for: "a stand-in \(type)"), type)
    }
  }

  /// Replaces the values of int32 data, in the same memory where it is uniquely referenced.
  package mutating func replaceValues(with values: ArraySlice<Int32>) throws(TensorError) {
    guard dtype == .int32, values.count == shape.elementCount else {
      throw TensorError("\(type) cannot be given \(values.count) int32 values")
    }
    if !isDataHeldOnlyHere() { self = try .uninitialized(type) }
    knownStorage?.write(values)
  }

  /// Data that is about to be written.
  fileprivate static func uninitialized(_ type: TensorType) throws(TensorError) -> Tensor {
    Tensor(try Storage(byteCount: type.byteCount, for: "a result \(type)"), type)
  }
}
