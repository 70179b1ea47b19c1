import CKernels

/// A plan ready to run: its C structures built once, its pointers patched each time.
final class LoadedPlan {
  let plan: Plan
  private let constants: Storage
  private let programs: [CProgram?]
  private let libraryCalls: [(any LoadedCall)?]
  /// The address of each buffer.
  private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private var arena: UnsafeMutableRawPointer?
  let scratchBytes: Int
  /// What the steps are and cost, for who looks at them.
  private lazy var descriptions = plan.steps.map(StepDescription.init)

  init(_ plan: Plan) throws(TensorError) {
    self.plan = plan
    constants = Storage(plan.constants)
    var programs: [CProgram?] = []
    var calls: [(any LoadedCall)?] = []
    for step in plan.steps {
      if case .program(let program) = step { programs.append(CProgram(program)) } else { programs.append(nil) }
      if case .library(let call, _, _) = step { calls.append(try call.loaded()) } else { calls.append(nil) }
    }
    self.programs = programs
    libraryCalls = calls
    scratchBytes = calls.reduce(0) { max($0, $1?.scratchBytes ?? 0) }
    pointers = .allocate(capacity: plan.places.count)
    pointers.initialize(repeating: nil, count: plan.places.count)
  }

  deinit { pointers.deallocate() }

  /// Runs the steps. The runtime's lock is held; `arena` and `scratch` are large enough.
  func run(
    sources: [Request.Source], outputs: [Storage], arena: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  )
    throws(TensorError)
  {
    for (buffer, place) in plan.places.enumerated() {
      switch place {
      case .arena(let offset): pointers[buffer] = arena + offset
      case .constants: pointers[buffer] = constants.pointer
      case .output(let index): pointers[buffer] = outputs[index].pointer
      case .source(let index):
        switch sources[index] {
        case .storage(let storage), .key(let storage): pointers[buffer] = storage.pointer
        case .variable(let variable, _): pointers[buffer] = variable.storage.pointer
        }
      }
    }
    guard let profile = Profile.current else {
      for index in plan.steps.indices { try run(plan.steps[index], index, scratch) }
      return
    }
    profile.began(self)
    let clock = ContinuousClock()
    for index in plan.steps.indices {
      let start = clock.now
      try run(plan.steps[index], index, scratch)
      profile.ran(descriptions[index], for: start.duration(to: clock.now))
    }
  }

  func floats(_ address: Address) -> UnsafeMutablePointer<Float>? {
    pointers[address.buffer]?.assumingMemoryBound(to: Float.self).advanced(by: address.offset)
  }

  func ints(_ address: Address) -> UnsafeMutablePointer<Int32>? {
    pointers[address.buffer]?.assumingMemoryBound(to: Int32.self).advanced(by: address.offset)
  }

  private func run(_ step: Step, _ index: Int, _ scratch: UnsafeMutableRawPointer) throws(TensorError) {
    func n(_ value: Int) -> Int64 { Int64(value) }
    switch step {
    case .program:
      programs[index]?.run(pointers)
    case .reduce(let kind, let outer, let count, let inner, let x, let y):
      backprop_reduce(kind.code, n(outer), n(count), n(inner), floats(x), floats(y))
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
    case .windows(let image, let outside, let x, let y):
      withUnsafePointer(to: image.cValue) { backprop_windows($0, outside, floats(x), floats(y)) }
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
      try libraryCalls[index]?.run(operands.map { floats($0).map(UnsafeMutableRawPointer.init) }, scratch)
    case .kernel(let call, let operands, _):
      try call.run(operands.map { $0.flatMap(floats) })
    }
  }
}

extension Reduction {
  fileprivate var code: backprop_reduction {
    switch self {
    case .sum: BACKPROP_SUM
    case .maximum: BACKPROP_MAXIMUM
    case .minimum: BACKPROP_MINIMUM
    }
  }
}

extension WindowedImage {
  fileprivate var cValue: backprop_window {
    func pair(_ value: Pair) -> (Int64, Int64) { (Int64(value.height), Int64(value.width)) }
    return backprop_window(
      batch: Int64(batch), channels: Int64(channels), height: Int64(height), width: Int64(width),
      out_height: Int64(outHeight), out_width: Int64(outWidth), kernel: pair(window.kernel),
      stride: pair(window.stride), padding: pair(window.paddingBegin), dilation: pair(window.dilation))
  }
}

/// The C form of an elementwise pass.
private final class CProgram {
  private let program: UnsafeMutablePointer<backprop_program>

  init(_ source: Program) {
    func strides(_ values: [Int]) -> (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64) {
      func at(_ index: Int) -> Int64 { index < values.count ? Int64(values[index]) : 0 }
      return (at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
    }
    func operands(_ views: [View]) -> UnsafePointer<backprop_operand> {
      copied(
        views.map {
          backprop_operand(buffer: Int32($0.buffer), offset: Int64($0.offset), strides: strides($0.strides))
        })
    }
    func copied<Element>(_ values: [Element]) -> UnsafePointer<Element> {
      let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(values.count, 1))
      for (index, value) in values.enumerated() { memory.advanced(by: index).initialize(to: value) }
      return UnsafePointer(memory)
    }
    program = .allocate(capacity: 1)
    program.initialize(
      to: backprop_program(
        rank: Int32(source.shape.rank), shape: strides(source.shape.dimensions),
        input_count: Int32(source.inputs.count), output_count: Int32(source.outputs.count),
        instruction_count: Int32(source.instructions.count), register_count: Int32(source.registerCount),
        inputs: operands(source.inputs), outputs: operands(source.outputs),
        output_registers: copied(source.outputRegisters), instructions: copied(source.instructions)))
  }

  deinit {
    program.pointee.inputs.deallocate()
    program.pointee.outputs.deallocate()
    program.pointee.output_registers.deallocate()
    program.pointee.instructions.deallocate()
    program.deallocate()
  }

  func run(_ pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    backprop_run_program(program, UnsafePointer(pointers))
  }
}
