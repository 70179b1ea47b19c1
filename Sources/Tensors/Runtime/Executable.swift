import Synchronization

/// A plan ready to run: its C structures built once. It never changes, so several threads may run it at the same time,
/// each in a workspace of its own.
final class Executable: @unchecked Sendable {
  let plan: Plan
  private let constants: Storage
  /// What the loaded kernels point to.
  let loader: KernelLoader
  /// The fused kernels' machine code, freed with them.
  private let code: ElementwiseCode
  private let steps: LoadedSteps
  /// The steps of a quantized run.
  private let quantizedSteps: LoadedSteps
  /// The number of threads that its kernels may take.
  let threads: Int
  /// How many addresses a run has, of buffers or of a step's operands.
  let addressCount: Int
  /// The products that a quantized run makes from quantized matrices; none where that gains little.
  let quantizable: [QuantizableProduct]
  /// For each step, where the run of small steps that begins with it ends; `nil` where none does.
  private let smallRuns: [Int?]
  /// Descriptions and costs of the steps, for profiles.
  private let descriptions = Mutex<[StepDescription]>([])

  init(_ plan: Plan, for target: Target) throws(TensorError) {
    self.plan = plan
    constants = try Storage(plan.constants, for: "the constants of a plan")
    // Parameters that products and other kernels read: there each thread reads what it needs, not its part of the fused
    // kernel.
    var shared = Set<Int>()
    for step in plan.steps where !step.kernel.isElementwise {
      shared.formUnion(step.buffers.reads.filter { if case .source = plan.places[$0] { true } else { false } })
    }
    var loader = KernelLoader(target: target, sharedBuffers: shared)
    var kernels: [any LoadedKernel] = []
    for step in plan.steps { kernels.append(try step.kernel.load(step, into: &loader)) }
    code = ElementwiseCode(for: loader.fusedKernels)
    self.loader = loader
    quantizable = QuantizableProduct.all(in: plan)

    var operands = plan.steps.map { $0.inputs + $0.outputs.map { Optional($0) } }
    steps = LoadedSteps(kernels, operands)
    for (index, product) in quantizable.enumerated() {
      kernels[product.step] = product.loaded
      operands[product.step][1] = Address(buffer: plan.places.count + index)
    }
    quantizedSteps = LoadedSteps(quantizable.isEmpty ? [] : kernels, operands)
    threads = target.threads
    addressCount = max(plan.places.count + quantizable.count, operands.map(\.count).max() ?? 0)

    var smallRuns = [Int?](repeating: nil, count: plan.steps.count)
    var begin = 0
    for end in 0...plan.steps.count where end == plan.steps.count || plan.steps[end].kernel.threading != .one {
      // Fewer bytes take less time than a fork.
      if plan.steps[begin..<end].reduce(0, { $0 + $1.kernel.cost.bytes }) > 2048 { smallRuns[begin] = end }
      begin = end + 1
    }
    self.smallRuns = smallRuns
  }

  /// Runs the steps; overlapped with those that take one thread, the other threads convert pending images.
  func run(
    sources: [UnsafeMutableRawPointer], outputs: [UnsafeMutableRawPointer], in workspace: Workspace,
    quantized matrices: [UnsafeRawPointer], making pending: PendingImages?
  ) throws(TensorError) {
    let pointers = workspace.buffers
    for (buffer, place) in plan.places.enumerated() {
      switch place {
      case .arena(let offset): pointers[buffer] = workspace.arena.pointer + offset
      case .constants: pointers[buffer] = constants.pointer
      case .output(let index): pointers[buffer] = outputs[index]
      case .source(let index): pointers[buffer] = sources[index]
      }
    }
    let isQuantized = !matrices.isEmpty && matrices.count == quantizable.count
    for index in matrices.indices where isQuantized {
      pointers[plan.places.count + index] = UnsafeMutableRawPointer(mutating: matrices[index])
    }
    Profile.current?.began(self)
    var index = 0
    while index < plan.steps.count {
      if let pending, pending.isUnfinished, let end = smallRuns[index] {
        try pending.make { () throws(TensorError) in try runSteps(index..<end, workspace, isQuantized) }
        index = end
      } else {
        try runSteps(index..<index + 1, workspace, isQuantized)
        index += 1
      }
    }
  }

  private func runSteps(
    _ range: Range<Int>, _ workspace: Workspace, _ isQuantized: Bool
  ) throws(TensorError) {
    let steps = isQuantized ? quantizedSteps : steps
    guard let profile = Profile.current else {
      for index in range { try steps.run(index, workspace) }
      return
    }
    let descriptions = descriptions.withLock { descriptions in
      if descriptions.isEmpty { descriptions = plan.steps.map(StepDescription.init) }
      return descriptions
    }
    let clock = ContinuousClock()
    for index in range {
      let start = clock.now
      try steps.run(index, workspace)
      let isProduct = isQuantized && quantizable.contains { $0.step == index }
      let description = isProduct ? descriptions[index].quantized : descriptions[index]
      profile.ran(description, for: start.duration(to: clock.now))
    }
  }
}

/// The steps of a plan side by side: each one's kernel, and where its operands are.
final class LoadedSteps {
  private struct LoadedStep {
    let kernel: any LoadedKernel.Type
    let address: UnsafeRawPointer
    /// Where its operands begin in `operands`, and how many there are.
    let first: Int, count: Int
  }

  private let steps: UnsafeMutablePointer<LoadedStep>
  private let kernels: UnsafeMutableRawPointer
  private let operands: UnsafeMutablePointer<Address?>

  init(_ kernels: [any LoadedKernel], _ operands: [[Address?]]) {
    let taken = zip(kernels, operands).map { type(of: $0).takesOperands ? $1 : [] }
    let all = taken.flatMap(\.self)
    self.operands = .allocate(capacity: max(all.count, 1))
    self.operands.initialize(from: all, count: all.count)

    let sizes = kernels.map { (type(of: $0).size + 15) & ~15 }
    self.kernels = .allocate(byteCount: max(sizes.reduce(0, +), 16), alignment: 64)
    steps = .allocate(capacity: max(kernels.count, 1))
    var (offset, first) = (0, 0)
    for (index, kernel) in kernels.enumerated() {
      kernel.store(at: self.kernels + offset)
      steps.advanced(by: index).initialize(
        to: LoadedStep(
          kernel: type(of: kernel), address: self.kernels + offset, first: first,
          count: taken[index].count))
      offset += sizes[index]
      first += taken[index].count
    }
  }

  deinit {
    steps.deallocate()
    kernels.deallocate()
    operands.deallocate()
  }

  @inline(__always)
  func run(_ index: Int, _ workspace: Workspace) throws(TensorError) {
    let step = steps[index]
    let (buffers, pointers) = (workspace.buffers, workspace.operands)
    for place in 0..<step.count {
      pointers[place] = operands[step.first + place].flatMap { address in
        buffers[address.buffer].map { $0 + address.offset }
      }
    }
    try step.kernel.run(
      at: step.address,
      KernelOperands(start: pointers, count: step.count, buffers: buffers, scratch: workspace.scratch.pointer))
  }
}
