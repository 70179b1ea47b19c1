import CKernels
import OneDNNShim
import Synchronization

/// Computes tensors and assigns variables, in one plan.
///
/// The tensors' values are cached, so that reading them later costs nothing; each variable is given a tensor of its own
/// shape, in place where nobody holds its old values (as a graph does that read it). Throws the error that a failed tensor carries; then nothing has changed.
/// The first call with a graph of a new structure compiles it; later ones use the cached plan.
public func evaluate(
  _ tensors: [Tensor], assigning assignments: consuming [(Variable, Tensor)] = []
) throws(TensorError) {
  var assignments = assignments
  try Executor.shared.withLock { (executor: inout sending Executor) throws(TensorError) in
    try executor.evaluate(tensors, &assignments)
  }
}

/// Computes tensors and returns them as data, detached from their graph.
///
/// Values that are passed from step to step, such as the state of a recurrent network, would otherwise keep every
/// earlier step alive. Throws the error that a failed tensor carries.
public func evaluated(_ tensors: [Tensor]) throws(TensorError) -> [Tensor] {
  try evaluate(tensors)
  return Executor.shared.withLock { _ in
    tensors.map { tensor in
      guard tensor.node.results.indices.contains(tensor.output), let storage = tensor.node.results[tensor.output] else {
        return tensor  // data already
      }
      let type = tensor.type
      return Tensor(Node(Values(type: type), inputs: [], types: [type], leaf: .storage(storage)))
    }
  }
}

/// The state of the runtime, behind one lock: plans run one at a time, each on all threads.
struct Executor: ~Copyable {
  static let shared = Mutex(Executor())

  private var plans: [Request.Key: Executable] = [:]
  /// Keys in the order of insertion, for evicting the oldest.
  private var ages: [Request.Key] = []
  private var arena = Storage()
  private var scratch = Storage()
  private var isPrepared = false
  /// Images that idle threads convert while a plan runs.
  weak var pending: PendingImages?
  private static let mostPlans = 256

  /// Takes the assignments, so that graphs that nobody else holds end before their variables are written.
  mutating func evaluate(_ tensors: [Tensor], _ assignments: inout [(Variable, Tensor)]) throws(TensorError) {
    for tensor in tensors { if let failure = tensor.failure { throw failure } }
    let pending = tensors.filter { $0.knownStorage == nil }
    guard !pending.isEmpty || !assignments.isEmpty else { return }
    let (request, loaded) = try load(pending, assignments)
    defer { withExtendedLifetime(request) {} }  // it owns what the pointers point to
    var outputs: [Storage] = []
    for (tensor, count) in zip(pending, loaded.plan.outputSizes) {
      outputs.append(try Storage(byteCount: count * 4, for: "the result of \(tensor.node.op.name), \(tensor.type),"))
    }
    let variables = assignments.map(\.0)
    assignments = []
    for variable in variables { try variable.prepareToWrite() }
    try run(loaded, request.sources.map(\.pointer), outputs.map(\.pointer))
    for (tensor, storage) in zip(pending, outputs) {
      if tensor.node.results.isEmpty {
        tensor.node.results = Array(repeating: nil, count: tensor.node.types.count)
      }
      tensor.node.results[tensor.output] = storage
    }
  }

  /// The plan for a graph, and the current sources of its leaves.
  mutating func load(
    _ outputs: [Tensor], _ assignments: [(Variable, Tensor)], isCompiled: Bool = false
  ) throws(TensorError) -> (Request, Executable) {
    try Executor.checkAssignments(assignments)
    let request = try Request(outputs: outputs, assignments: assignments, isCompiled: isCompiled)
    let loaded = try plan(for: request) { Executor.largestResult(of: outputs + assignments.map(\.1)) }
    return (request, loaded)
  }

  /// Runs a plan, which writes its outputs to these addresses. A quantized run passes the matrices of
  /// `loaded.quantizable`.
  mutating func run(
    _ loaded: Executable, _ sources: [UnsafeMutableRawPointer], _ outputs: [UnsafeMutableRawPointer],
    quantized: [UnsafeRawPointer] = []
  ) throws(TensorError) {
    // The caller's own arithmetic keeps its denormal numbers, rounding and flags.
    let arithmetic = backprop_enter_kernel_arithmetic()
    defer { backprop_leave_kernel_arithmetic(arithmetic) }
    if !isPrepared {
      backprop_prepare_threads()
      backprop_dnn_set_threads(backprop_threads())
      isPrepared = true
    }
    try growMemory(for: loaded)
    try loaded.run(
      sources: sources, outputs: outputs, arena: arena.pointer, scratch: scratch.pointer, quantized: quantized,
      making: pending)
  }

  /// While much memory is prefaulted, oneDNN generates its code for products.
  private mutating func growMemory(for loaded: Executable) throws(TensorError) {
    let isMuch = loaded.plan.arenaBytes - arena.byteCount >= 32 << 20
    let products = isMuch && loaded.hasLibraryProducts ? ProductCode() : nil
    try Executor.grow(&arena, to: loaded.plan.arenaBytes, for: "the memory for what is computed on the way")
    try Executor.grow(&scratch, to: loaded.scratchBytes, for: "the workspace of a convolution")
    withExtendedLifetime(products) {}
  }

  /// Larger memory without the contents. The old is freed first, or both would be allocated for a moment.
  private static func grow(_ memory: inout Storage, to byteCount: Int, for purpose: String) throws(TensorError) {
    guard memory.byteCount < byteCount else { return }
    memory = Storage()
    memory = try .populated(byteCount: byteCount, for: purpose)
  }

  /// `largest` describes the largest result, for the error where there is not enough memory for all.
  private mutating func plan(for request: Request, largest: () -> String) throws(TensorError) -> Executable {
    if let found = plans[request.key] { return found }
    let plan = try Lowering.compile(try IR(request.key).recomputing())
    // Before anything is prepared for impossible sizes.
    try Memory.check(
      plan.arenaBytes - arena.byteCount, for: "what is computed on the way, the largest of it \(largest()),")
    let loaded = try Executable(plan, for: request.key.target)
    if ages.count == Executor.mostPlans {
      plans[ages.removeFirst()] = nil
    }
    plans[request.key] = loaded
    ages.append(request.key)
    return loaded
  }
}
extension Tensor {
  /// The elements in row-major order. Computes them if needed. Throws the error of a failed tensor.
  public func values(file: StaticString = #fileID, line: UInt = #line) throws(TensorError) -> [Float] {
    try read(.float32, copying: true, CallSite(file, line)).floats(count: shape.elementCount)
  }

  /// The elements of an int32 tensor.
  public func intValues(file: StaticString = #fileID, line: UInt = #line) throws(TensorError) -> [Int32] {
    try read(.int32, copying: true, CallSite(file, line)).ints(count: shape.elementCount)
  }

  /// The value of a tensor of one element.
  public func scalar(file: StaticString = #fileID, line: UInt = #line) throws(TensorError) -> Float {
    let storage = try read(.float32, CallSite(file, line))
    guard shape.elementCount == 1 else {
      throw TensorError(
        "scalar: \(shape) holds \(shape.elementCount) numbers; use values()", callSite: CallSite(file, line))
    }
    return storage.pointer.load(as: Float.self)
  }

  /// The values, where they are known. The runtime's lock is held.
  var knownStorage: Storage? {
    if case .storage(let storage) = node.leaf { return storage }
    return node.results.indices.contains(output) ? node.results[output] : nil
  }

  /// Writes the elements into an array, reusing its memory where possible.
  package func values(into values: inout [Float]) throws(TensorError) {
    let storage = try read(.float32, CallSite(#fileID, #line))
    let count = shape.elementCount
    if values.count != count { values = [Float](repeating: 0, count: count) }
    storage.read(into: &values)
  }

  fileprivate func read(
    _ dtype: DType, copying: Bool = false, _ site: @autoclosure () -> CallSite
  ) throws(TensorError) -> Storage {
    do throws(TensorError) {
      if let failure { throw failure }
      guard self.dtype == dtype else {
        throw TensorError(
          "values of \(self.dtype) were asked for as \(dtype); use \(self.dtype == .int32 ? "intValues()" : "values()")"
        )
      }
      if copying { try Memory.check(shape.elementCount * 4, for: "an array of \(node.op.name), \(type),") }
      if case .storage(let storage) = node.leaf {
        if storage.isPlaceholder { throw Storage.noValueYet }
        return storage
      }
      return try Executor.shared.withLock { (executor: inout sending Executor) throws(TensorError) in
        var none: [(Variable, Tensor)] = []
        try executor.evaluate([self], &none)
        guard let storage = node.results[output] else { throw TensorError("internal error: no value was computed") }
        return storage
      }
    } catch {
      var located = error
      located.callSite = error.callSite ?? site()
      throw located
    }
  }
}

extension Variable {
  /// A variable with these values in row-major order; their count must be the product of `shape`.
  public convenience init(_ values: [Float], shape: Shape, name: String) throws(TensorError) {
    guard shape.isValid, shape.elementCount == values.count else {
      throw TensorError("\(name): \(values.count) values do not fill the shape \(shape)")
    }
    self.init(try Storage(values, for: "the variable \(name)"), shape: shape, dtype: .float32, name: name)
  }

  /// A variable whose first values are a copy of this tensor's. Computes them if need be.
  package convenience init(_ tensor: Tensor, name: String) throws(TensorError) {
    let values = try tensor.read(tensor.dtype, CallSite(#fileID, #line))
    let copy = try Storage(copying: values, for: "the variable \(name)")
    self.init(copy, shape: tensor.shape, dtype: tensor.dtype, name: name)
  }

  /// A copy of the values.
  public func values() throws(TensorError) -> [Float] {
    guard dtype == .float32 else { throw TensorError("\(name) holds \(dtype), not float32") }
    try Memory.check(shape.elementCount * dtype.byteCount, for: "a copy of the values of \(name)")
    return Executor.shared.withLock { _ in storage.floats(count: shape.elementCount) }
  }

  /// Replaces the values.
  public func set(_ values: [Float]) throws(TensorError) {
    guard dtype == .float32, values.count == shape.elementCount else {
      throw TensorError("\(name): \(values.count) values do not fill the shape \(shape)")
    }
    try Executor.shared.withLock { _ throws(TensorError) in
      try prepareToWrite()
      storage.write(values[...])
    }
  }

  /// Replaces the only value of a variable that holds one integer.
  package func set(_ value: Int32) throws(TensorError) {
    precondition(dtype == .int32 && shape.elementCount == 1)
    try Executor.shared.withLock { _ throws(TensorError) in
      try prepareToWrite()
      pointer.storeBytes(of: value, as: Int32.self)
    }
  }
}
extension Random {
  /// Numbers in [0, 1). Throws where `count` is negative or there is no memory for as many.
  public func uniform(count: Int) throws(TensorError) -> [Float] { try draw(count, backprop_random_uniform) }
  /// Numbers of mean 0 and variance 1. Throws where `count` is negative or there is no memory for as many.
  public func normal(count: Int) throws(TensorError) -> [Float] { try draw(count, backprop_random_normal) }
  private func draw(
    _ count: Int, _ kernel: (Int64, UnsafePointer<UInt32>?, UnsafeMutablePointer<Float>?) -> Void
  ) throws(TensorError) -> [Float] {
    guard count >= 0 else { throw TensorError("random numbers: the count must be at least 0, not \(count)") }
    try Memory.check(count.times(MemoryLayout<Float>.stride), for: "an array of \(count) random numbers")
    let key = nextKey()
    return Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      kernel(Int64(count), key, buffer.baseAddress)
      initialized = count
    }
  }
}
