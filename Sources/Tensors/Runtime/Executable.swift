import CKernels

/// A plan ready to run: its C structures built once, its pointers patched each time.
final class Executable {
  let plan: Plan
  private let constants: Storage
  private let passes: [FusedKernel?]
  /// The fused kernels' machine code, freed with them.
  private let code: ElementwiseCode
  private let libraryCalls: [(any LibraryKernel)?]
  private let ready: DispatchTable
  /// The address of each buffer.
  private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  /// The addresses of one step's operands, for calls that take a list.
  private let operandPointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private var arena: UnsafeMutableRawPointer?
  let scratchBytes: Int
  /// The products that a quantized run makes from quantized matrices; none where that gains little.
  let quantizable: [QuantizableProduct]
  /// The matrix of each step that is such a product, during a quantized run.
  private let quantized: UnsafeMutablePointer<UnsafeRawPointer?>
  /// For each step, where the run of small steps that begins with it ends; `nil` where none does.
  private let smallRuns: [Int?]
  /// The same for runs of steps that are all our own kernels, of which several fork.
  private let ownRuns: [Int?]
  /// Descriptions and costs of the steps, for profiles.
  private lazy var descriptions = plan.steps.map(StepDescription.init)

  init(_ plan: Plan) throws(TensorError) {
    self.plan = plan
    constants = try Storage(plan.constants, for: "the constants of a plan")
    // Parameters that products and other kernels read: there each thread reads what it needs, not its part of the fused
    // kernel.
    var shared = Set<Int>()
    for step in plan.steps {
      if case .program = step { continue }
      shared.formUnion(step.buffers.reads.filter { if case .source = plan.places[$0] { true } else { false } })
    }
    var passes: [FusedKernel?] = []
    var calls: [(any LibraryKernel)?] = []
    // Equal layers share a call: oneDNN takes up to a millisecond to create one.
    var made: [LibraryCall: any LibraryKernel] = [:]
    for step in plan.steps {
      if case .program(let program) = step {
        passes.append(try FusedKernel(program, shared: shared))
      } else {
        passes.append(nil)
      }
      if case .library(let call, _, _) = step {
        if made[call] == nil { made[call] = try call.loaded() }
        calls.append(made[call])
      } else {
        calls.append(nil)
      }
    }
    self.passes = passes
    smallRuns = Self.runs(of: plan.steps, where: \.isSmall) {
      // Fewer bytes take less time than a fork.
      $0.reduce(0) { $0 + $1.cost.bytes } > 2048
    }
    ownRuns = Self.runs(of: plan.steps, where: \.isOwn) { $0.count { !$0.isSmall } > 1 }
    code = ElementwiseCode(for: passes.compactMap(\.self))
    libraryCalls = calls
    scratchBytes = calls.reduce(0) { max($0, $1?.scratchBytes ?? 0) }
    quantizable = QuantizableProduct.all(in: plan)
    quantized = .allocate(capacity: max(plan.steps.count, 1))
    quantized.initialize(repeating: nil, count: plan.steps.count)
    ready = DispatchTable(plan.steps, passes)
    pointers = .allocate(capacity: plan.places.count)
    pointers.initialize(repeating: nil, count: plan.places.count)
    let most = plan.steps.reduce(1) { max($0, $1.operandCount) }
    operandPointers = .allocate(capacity: most)
    operandPointers.initialize(repeating: nil, count: most)
  }

  deinit {
    pointers.deallocate()
    operandPointers.deallocate()
    quantized.deallocate()
  }

  /// Runs the steps; overlapped with those that take one thread, the other threads convert pending images. The
  /// runtime's lock is held; `arena` and `scratch` are large enough.
  func run(
    sources: [UnsafeMutableRawPointer], outputs: [UnsafeMutableRawPointer], arena: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer, quantized matrices: [UnsafeRawPointer], making pending: PendingImages?
  )
    throws(TensorError)
  {
    for (buffer, place) in plan.places.enumerated() {
      switch place {
      case .arena(let offset): pointers[buffer] = arena + offset
      case .constants: pointers[buffer] = constants.pointer
      case .output(let index): pointers[buffer] = outputs[index]
      case .source(let index): pointers[buffer] = sources[index]
      }
    }
    for (product, matrix) in zip(quantizable, matrices) { quantized[product.step] = matrix }
    defer { for (product, _) in zip(quantizable, matrices) { quantized[product.step] = nil } }
    Profile.current?.began(self)
    var index = 0
    while index < plan.steps.count {
      let making = pending.flatMap { $0.isUnfinished ? $0 : nil }
      if let making, let end = smallRuns[index] {
        try making.make { () throws(TensorError) in try runSteps(index..<end, scratch) }
        index = end
      } else if making == nil, let end = ownRuns[index] {
        try runHolding(index..<end, scratch)
        index = end
      } else {
        try runSteps(index..<index + 1, scratch)
        index += 1
      }
    }
  }

  /// Runs steps of our own while the pool's other threads wait, awake, for what these fork (a persistent parallel
  /// region).
  private func runHolding(_ range: Range<Int>, _ scratch: UnsafeMutableRawPointer) throws(TensorError) {
    var steps = PersistentRegion(loaded: self, range: range, scratch: scratch)
    withUnsafeMutablePointer(to: &steps) { steps in
      backprop_persistent_region({ $0?.assumingMemoryBound(to: PersistentRegion.self).pointee.run() }, steps)
    }
    if let failure = steps.failure { throw failure }
  }

  /// What C carries from `runHolding` to `runSteps`: a closure would be allocated at each run.
  private struct PersistentRegion {
    let loaded: Executable
    let range: Range<Int>
    let scratch: UnsafeMutableRawPointer
    var failure: TensorError?

    mutating func run() {
      do throws(TensorError) { try loaded.runSteps(range, scratch) } catch { failure = error }
    }
  }

  private func runSteps(_ range: Range<Int>, _ scratch: UnsafeMutableRawPointer) throws(TensorError) {
    guard let profile = Profile.current else {
      for index in range { try run(index, scratch) }
      return
    }
    let clock = ContinuousClock()
    for index in range {
      let start = clock.now
      try run(index, scratch)
      let description = quantized[index] == nil ? descriptions[index] : descriptions[index].quantized
      profile.ran(description, for: start.duration(to: clock.now))
    }
  }

  func floats(_ address: Address) -> UnsafeMutablePointer<Float>? {
    pointers[address.buffer]?.assumingMemoryBound(to: Float.self).advanced(by: address.offset)
  }

  func ints(_ address: Address) -> UnsafeMutablePointer<Int32>? {
    pointers[address.buffer]?.assumingMemoryBound(to: Int32.self).advanced(by: address.offset)
  }

  private func run(_ index: Int, _ scratch: UnsafeMutableRawPointer) throws(TensorError) {
    switch ready.steps[index] {
    case .pass(let pass):
      backprop_run_fused_kernel(pass, pointers)
    case .product(let shape, let a, let b, let c):
      if let matrix = quantized[index] {
        guard backprop_quantized_vector_matrix(Int64(shape.n), Int64(shape.k), floats(a), matrix, floats(c)) == 0 else {
          throw TensorError(
            "not enough memory: the workspace of a product of [1, \(shape.k)] · [\(shape.k), \(shape.n)]")
        }
      } else {
        try matrixProduct(shape, floats(a), floats(b), floats(c))
      }
    case .kernel(let call, let first, let count):
      for place in 0..<count {
        operandPointers[place] = ready.operands[first + place].flatMap(floats).map { .init($0) }
      }
      try call.run(KernelOperands(operandPointers, count: count))
    case .other:
      try run(plan.steps[index], index, scratch)
    }
  }

  private func run(_ step: Step, _ index: Int, _ scratch: UnsafeMutableRawPointer) throws(TensorError) {
    func n(_ value: Int) -> Int64 { Int64(value) }
    switch step {
    case .program, .kernel: break  // always prepared
    case .reduce(let kind, let outer, let count, let inner, let row, let x, let y):
      backprop_reduce(kind.code, n(outer), n(count), n(inner), n(row), floats(x), floats(y))
    case .argmax(let outer, let count, let inner, let x, let y):
      backprop_argmax(n(outer), n(count), n(inner), floats(x), ints(y))
    case .softmax(let logarithm, let rows, let width, let x, let y):
      if logarithm {
        backprop_log_softmax(n(rows), n(width), floats(x), floats(y))
      } else {
        backprop_softmax(n(rows), n(width), floats(x), floats(y))
      }
    case .crossEntropy(let rows, let classes, let logits, let labels, let losses):
      backprop_cross_entropy(n(rows), n(classes), floats(logits), ints(labels), floats(losses))
    case .crossEntropyGradient(let rows, let classes, let logits, let labels, let upstream, let gradient):
      backprop_cross_entropy_gradient(
        n(rows), n(classes), floats(logits), ints(labels), floats(upstream), floats(gradient))
    case .matmul(let product):
      let (a, b, c) = (floats(product.a), floats(product.b), floats(product.c))
      for batch in product.batches {
        try matrixProduct(product.shape, a?.advanced(by: batch.a), b?.advanced(by: batch.b), c?.advanced(by: batch.c))
      }
    case .unfold(let image, let outside, let x, let y):
      withUnsafePointer(to: image.cValue) { backprop_unfold($0, outside, floats(x), floats(y)) }
    case .fold(let image, let y, let x):
      withUnsafePointer(to: image.cValue) { backprop_fold($0, floats(y), floats(x)) }
    case .random(let distribution, let count, let key, let y):
      let words = pointers[key.buffer]?.assumingMemoryBound(to: UInt32.self).advanced(by: key.offset)
      switch distribution {
      case .uniform: backprop_random_uniform(n(count), words, floats(y))
      case .normal: backprop_random_normal(n(count), words, floats(y))
      }
    case .attention(let call): try attend(call)
    case .library(_, let operands, _):
      for (place, operand) in operands.enumerated() { operandPointers[place] = floats(operand).map { .init($0) } }
      try libraryCalls[index]?.run(operandPointers, scratch)
    }
  }
}

extension Executable {
  /// Where the longest runs of such steps begin, their ends, if they are worth it.
  private static func runs(
    of steps: [Step], where belongs: (Step) -> Bool, ifWorth isWorth: (ArraySlice<Step>) -> Bool
  ) -> [Int?] {
    var result = [Int?](repeating: nil, count: steps.count)
    var begin = 0
    for end in 0...steps.count where end == steps.count || !belongs(steps[end]) {
      if begin < end, isWorth(steps[begin..<end]) { result[begin] = end }
      begin = end + 1
    }
    return result
  }
}

extension Step {
  /// Whether it is one of our own kernels and, judged by its sizes, takes one thread.
  fileprivate var isSmall: Bool {
    switch self {
    case .program, .reduce, .argmax, .softmax, .crossEntropy, .crossEntropyGradient:
      cost.bytes <= 128 << 10 && cost.flops <= 64 << 10
    case .matmul(let product): product.batches.count == 1 && product.shape.isNarrow && !product.shape.isFewRows
    case .unfold, .fold, .random, .attention, .library, .kernel: false
    }
  }

  /// Whether it is our own kernel, which forks by `backprop_parallel` or not at all.
  fileprivate var isOwn: Bool {
    switch self {
    case .matmul(let product): product.shape.isOwn
    case .library: false
    case .program, .reduce, .argmax, .softmax, .crossEntropy, .crossEntropyGradient, .unfold, .fold, .random,
      .attention, .kernel:
      true
    }
  }

  /// How many operand addresses a call takes.
  fileprivate var operandCount: Int {
    switch self {
    case .library(_, let operands, _): operands.count
    case .kernel(_, let operands, _): operands.count
    default: 0
    }
  }
}

extension Reduction {
  fileprivate var code: backprop_reduction {
    switch self {
    case .sum: BACKPROP_SUM
    case .maximum: BACKPROP_MAXIMUM
    case .minimum: BACKPROP_MINIMUM
    case .mean: BACKPROP_MEAN
    case .norm: BACKPROP_NORM
    }
  }
}

extension WindowedImage {
  var cValue: backprop_window {
    func pair(_ value: Pair) -> (Int64, Int64) { (Int64(value.height), Int64(value.width)) }
    return backprop_window(
      batch: Int64(batch), channels: Int64(channels), height: Int64(height), width: Int64(width),
      out_height: Int64(outHeight), out_width: Int64(outWidth), kernel: pair(window.kernel),
      stride: pair(window.stride), padding: pair(window.paddingBegin), dilation: pair(window.dilation))
  }
}
