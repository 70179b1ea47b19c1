import CKernels

/// Lowers scheduled instructions to steps over buffers: the third of the switches over all operations.
struct Lowering {
  let ir: IR
  var steps: [Step] = []
  var places: [Plan.Place?] = []  // nil: the arena, placed at the end
  var sizes: [Int] = []
  var constants: [UInt32] = []
  var uses = BufferUses()
  private var constantsBuffer: Int
  private var sourceBuffers: [Int: Int] = [:]
  var views: ValueViews
  /// Row-major copies of values in another layout.
  var copies: [View: View] = [:]
  /// Copies of matrices whose rows are a multiple of 4 KB apart.
  var spacedCopies: [View: View] = [:]
  let roots: Set<Int>
  /// The scheduled instructions that read a value; one that reads it twice is listed twice.
  let users: [[Int]]
  var isLowered: [Bool]

  static func compile(_ ir: IR) throws(TensorError) -> Plan {
    let schedule = Schedule(ir)
    var lowering = Lowering(ir, schedule)
    for unit in schedule.units {
      switch unit {
      case .single(let index): try lowering.lower(ir.instructions[index])
      case .group(let members): try lowering.lowerGroup(members)
      }
      for index in unit.members { lowering.isLowered[index] = true }
    }
    return try lowering.finish()
  }

  private init(_ ir: IR, _ schedule: Schedule) {
    self.ir = ir
    views = ValueViews(count: ir.types.count)
    isLowered = Array(repeating: false, count: ir.instructions.count)
    roots = Set(ir.outputs + ir.assignments.map(\.value))
    var users = [[Int]](repeating: [], count: ir.types.count)
    for unit in schedule.units {
      for index in unit.members { for input in ir.instructions[index].inputs { users[input].append(index) } }
    }
    self.users = users
    constantsBuffer = 0
    constantsBuffer = newBuffer(0, .constants)
  }

  // MARK: Buffers and views

  mutating func newBuffer(_ size: Int, _ place: Plan.Place? = nil) -> Int {
    sizes.append(size)
    places.append(place)
    return sizes.count - 1
  }

  /// A new dense buffer of the arena, row-major by default.
  mutating func allocate(_ shape: Shape, order: [Int]? = nil) -> View {
    View(buffer: newBuffer(shape.elementCount), shape: shape, order: order ?? Array(shape.indices))
  }

  func view(_ value: Int) throws(TensorError) -> View {
    guard let view = views[value] else {
      throw TensorError("internal error: \(ir.instructions[ir.producer[value]].op.name) is used before it is computed")
    }
    return view
  }

  mutating func sourceBuffer(_ source: Int, size: Int) -> Int {
    if let buffer = sourceBuffers[source] { return buffer }
    let buffer = newBuffer(size, .source(source))
    sourceBuffers[source] = buffer
    return buffer
  }

  /// Memory for the row-major result of a kernel.
  mutating func result(_ value: Int, spaced: Bool = false) -> Address {
    let shape = ir.types[value].shape
    let view = spaced ? allocateSpaced(shape) : allocate(shape)
    views[value] = view
    return Address(buffer: view.buffer)
  }

  /// The same elements row-major, copied if they are not.
  mutating func rowMajor(_ view: View) -> View {
    if view.isRowMajor {
      return View(buffer: view.buffer, offset: view.offset, shape: view.shape, strides: view.shape.rowMajorStrides)
    }
    if let copy = copies[view] { return copy }
    let copy = allocate(view.shape)
    emitCopy(from: view, to: copy)
    copies[view] = copy
    return copy
  }

  mutating func emitCopy(from source: View, to target: View) {
    steps.append(
      .program(
        Program(
          shape: source.shape, inputs: [source], outputs: [target], outputRegisters: [0], instructions: [],
          registerCount: 1)))
  }

  mutating func contiguous(_ value: Int) throws(TensorError) -> Address {
    let view = rowMajor(try view(value))
    return Address(buffer: view.buffer, offset: view.offset)
  }

  /// A constant, broadcast to any shape.
  mutating func constantView(_ bits: [UInt32], shape: Shape, strides: [Int]) -> View {
    let offset = constants.count
    constants += bits
    return View(buffer: constantsBuffer, offset: offset, shape: shape, strides: strides)
  }

  mutating func number(_ value: Double, _ type: TensorType) -> View {
    let bits =
      type.dtype == .float32
      ? Float(value).bitPattern : UInt32(bitPattern: Int32(exactly: value.rounded(.towardZero)) ?? 0)
    return constantView([bits], shape: type.shape, strides: type.shape.map { _ in 0 })
  }

  // MARK: One instruction

  mutating func lower(_ instruction: IR.Instruction) throws(TensorError) {
    let inputs = instruction.inputs
    let output = instruction.firstOutput
    let type = ir.types[output]

    func shape(_ index: Int) -> Shape { ir.types[inputs[index]].shape }

    switch instruction.op {
    case .data, .variable:
      views[output] = View(
        buffer: sourceBuffer(instruction.source, size: type.shape.elementCount), shape: type.shape)
    case .fill(let constant, _):
      views[output] = number(constant.value, type)
    case .iota(_, let axis):
      views[output] = constantView(
        (0..<max(type.shape[axis], 0)).map { UInt32($0) }, shape: type.shape,
        strides: type.shape.indices.map { $0 == axis ? 1 : 0 })
    case .random(let distribution, _):
      let key = try contiguous(inputs[0])
      let made = result(output)
      steps.append(.random(distribution, count: type.shape.elementCount, key: key, y: made))
    case .failed, .unary, .binary, .select, .cast, .stopGradient:
      throw TensorError("internal error: \(instruction.op.name) is not lowered alone")

    case .reshape(let target):
      let source = try view(inputs[0])
      if let reshaped = source.reshaped(to: target) {
        views[output] = reshaped
      } else {
        let copy = rowMajor(source)
        views[output] = View(
          buffer: copy.buffer, offset: copy.offset, shape: target, strides: target.rowMajorStrides)
      }
    case .permute(let order):
      let source = try view(inputs[0])
      views[output] = View(
        buffer: source.buffer, offset: source.offset, shape: type.shape, strides: order.map { source.strides[$0] })
    case .broadcast(let target):
      views[output] = try view(inputs[0]).broadcast(to: target)
    case .slice(let starts, _):
      let source = try view(inputs[0])
      views[output] = View(
        buffer: source.buffer, offset: source.offset + zip(starts, source.strides).reduce(0) { $0 + $1.0 * $1.1 },
        shape: type.shape, strides: source.strides)
    case .pad(let before, _, let constant):
      let target = allocate(type.shape)
      emitCopy(from: number(constant.value, type), to: target)
      place(try view(inputs[0]), in: target, at: before)
      views[output] = target
    case .concatenate(let axis):
      try lowerConcatenation(instruction, axis: axis)

    case .reduce(let kind, let axes):
      views[output] = reduce(kind, try view(inputs[0]), axes)
    case .argmax(let axis):
      let x = try contiguous(inputs[0])
      let dimensions = shape(0).dimensions
      let made = result(output)
      steps.append(
        .argmax(
          outer: dimensions[..<axis].reduce(1, *), count: dimensions[axis],
          inner: dimensions[(axis + 1)...].reduce(1, *), x: x, y: made))

    case .matmul:
      try lowerMatmul(inputs[0], inputs[1], output)
    case .unfold(let window, let outside):
      let x = try contiguous(inputs[0])
      let image = WindowedImage(image: shape(0), windows: type.shape, window)
      let made = result(output)
      steps.append(.unfold(image, outside: Float(outside.value), x: x, y: made))
    case .fold(let window, _, _):
      let y = try contiguous(inputs[0])
      let image = WindowedImage(image: type.shape, windows: shape(0), window)
      let made = result(output)
      steps.append(.fold(image, y: y, x: made))

    case .convolution(let window, let groups):
      let (x, w) = (try imageView(inputs[0]), rowMajor(try view(inputs[1])))
      let y = channelsLast(output)
      let call = LibraryCall.convolution(
        .forward, source: .init(x), weights: .init(w), destination: .init(y), window, groups: groups)
      emit(call, [x, w], [y])
    case .convolutionInputGradient(let window, let groups, _):
      let (u, w) = (try imageView(inputs[0]), rowMajor(try view(inputs[1])))
      let x = channelsLast(output)
      let call = LibraryCall.convolution(
        .backwardData, source: .init(x), weights: .init(w), destination: .init(u), window, groups: groups)
      emit(call, [u, w], [x])
    case .convolutionWeightGradient(let window, let groups, _):
      let (x, u) = (try imageView(inputs[0]), try imageView(inputs[1]))
      let w = allocate(type.shape)
      views[output] = w
      let call = LibraryCall.convolution(
        .backwardWeights, source: .init(x), weights: .init(w), destination: .init(u), window, groups: groups)
      emit(call, [x, u], [w])
    case .maxPool(let window), .averagePool(let window):
      let x = try channelsLastView(inputs[0])
      let y = channelsLast(output)
      let call = KernelCall.pool(
        WindowedImage(image: x.shape, windows: y.shape, window), maximum: instruction.op == .maxPool(window))
      steps.append(.kernel(call, operands: [x.start, y.start], outputs: 1))
    case .maxPoolGradient(let window):
      let (x, u) = (try channelsLastView(inputs[0]), try channelsLastView(inputs[1]))
      let dx = channelsLast(output)
      let call = KernelCall.poolGradient(WindowedImage(image: x.shape, windows: u.shape, window), maximum: true)
      steps.append(.kernel(call, operands: [x.start, u.start, dx.start], outputs: 1))
    case .averagePoolGradient(let window, _):
      let u = try channelsLastView(inputs[0])
      let dx = channelsLast(output)
      let call = KernelCall.poolGradient(WindowedImage(image: dx.shape, windows: u.shape, window), maximum: false)
      steps.append(.kernel(call, operands: [u.start, dx.start], outputs: 1))
    case .batchNorm:  // only the statistics: the rest of it became elementwise arithmetic
      let x = try imageView(inputs[0])
      let (outer, channels, inner) = x.channelSizes
      let (mean, variance) = (result(output + 1), result(output + 2))
      steps.append(
        .kernel(
          .moments(outer: outer, channels: channels, inner: inner), operands: [x.start, mean, variance], outputs: 2))
    case .batchNormGradient(let epsilon):  // only the sums, likewise
      var (x, u) = (try imageView(inputs[0]), try imageView(inputs[4]))
      if x.isRowMajor != u.isRowMajor { (x, u) = (rowMajor(x), rowMajor(u)) }
      let (mean, variance) = (try contiguous(inputs[1]), try contiguous(inputs[2]))
      let (factor, shift) = inputs.count > 5 ? (try contiguous(inputs[5]), try contiguous(inputs[6])) : (nil, nil)
      let (outer, channels, inner) = x.channelSizes
      let (scaleGradient, shiftGradient) = (result(output + 1), result(output + 2))
      steps.append(
        .kernel(
          .batchNormSums(outer: outer, channels: channels, inner: inner, epsilon: epsilon),
          operands: [x.start, mean, variance, u.start, factor, shift, scaleGradient, shiftGradient], outputs: 2))

    case .softmax, .logSoftmax:
      let x = try contiguous(inputs[0])
      let width = type.shape[-1]
      let made = result(output)
      steps.append(
        .softmax(
          logarithm: instruction.op == .logSoftmax, rows: width == 0 ? 0 : type.shape.elementCount / width,
          width: width, x: x, y: made))
    case .crossEntropy:
      let (logits, labels) = (try contiguous(inputs[0]), try contiguous(inputs[1]))
      let made = result(output)
      steps.append(
        .crossEntropy(
          rows: shape(0)[0], classes: shape(0)[1], logits: logits, labels: labels, losses: made))
    case .crossEntropyGradient:
      let (logits, labels) = (try contiguous(inputs[0]), try contiguous(inputs[1]))
      let upstream = try contiguous(inputs[2])
      let made = result(output)
      steps.append(
        .crossEntropyGradient(
          rows: shape(0)[0], classes: shape(0)[1], logits: logits, labels: labels, upstream: upstream,
          gradient: made))

    case .gather:
      let (table, numbers) = (try contiguous(inputs[0]), try contiguous(inputs[1]))
      emit(
        .gather(rows: shape(0)[0], width: shape(0)[1], count: shape(1).elementCount), [table, numbers], instruction)
    case .scatterAdd(let rows):
      let (numbers, x) = (try contiguous(inputs[0]), matrixOfRows(try view(inputs[1]), width: type.shape[1]))
      let call = KernelCall.scatterAdd(
        rows: rows, width: type.shape[1], count: shape(0).elementCount, row: x.strides[0])
      emit(call, [numbers, x.start], instruction)
    case .replaceSlice(let axis):
      let (source, block, position) = (try view(inputs[0]), try contiguous(inputs[1]), try contiguous(inputs[2]))
      var target = source
      if isReplacedInPlace(inputs, by: output, lying: source) {
        forgetCopies(of: source.buffer)
      } else {
        target = allocate(type.shape)
        emitCopy(from: source, to: target)
      }
      views[output] = target
      let sizes = type.shape.dimensions
      let call = KernelCall.replaceSlice(
        outer: sizes[..<axis].reduce(1, *), size: sizes[axis], count: shape(1)[axis],
        inner: sizes[(axis + 1)...].reduce(1, *))
      steps.append(.kernel(call, operands: [block, position, Address(buffer: target.buffer)], outputs: 1))
    case .layerNorm(let epsilon):
      let width = type.shape[-1]
      try emit(
        .layerNorm(rows: type.shape.elementCount / width, width: width, epsilon: epsilon), inputs, instruction)
    case .layerNormGradient:
      let width = type.shape[-1]
      try emit(.layerNormGradient(rows: type.shape.elementCount / width, width: width), inputs, instruction)
    case .recurrence(let cell, let reversed):
      let sizes = Recurrence(
        cell: cell, reversed: reversed, time: shape(0)[0], batch: shape(0)[1], size: shape(1)[0])
      try emit(.recurrence(sizes), inputs, instruction, optional: 4...5, scratch: sizes.forwardScratch)
    case .recurrenceGradient(let cell, let reversed):
      let sizes = Recurrence(
        cell: cell, reversed: reversed, time: shape(2)[0] - 1, batch: shape(2)[1], size: shape(2)[2])
      let upstreams = inputs.count - (cell == .lstm ? 2 : 1)...inputs.count - 1
      try emit(
        .recurrenceGradient(sizes), inputs, instruction, optional: upstreams, spaced: cell == .gru ? 2 : 1,
        scratch: sizes.backwardScratch)

    case .attention(let causal, let scale), .attentionGradient(let causal, let scale):
      try lowerAttention(instruction, causal: causal, scale: scale)
    }
  }

  /// A kernel of our own on row-major operands. `optional` ones that are zero everywhere are left out; the first
  /// `spaced` results have gaps after their rows.
  mutating func emit(
    _ call: KernelCall, _ inputs: [Int], _ instruction: IR.Instruction, optional: ClosedRange<Int>? = nil,
    spaced: Int = 0, scratch: [Int] = []
  ) throws(TensorError) {
    var operands: [Address?] = []
    for (index, input) in inputs.enumerated() {
      let isAbsent = ir.constant(input) == 0 && optional?.contains(index) == true
      operands.append(isAbsent ? nil : try contiguous(input))
    }
    emit(call, operands, instruction, spaced: spaced, scratch: scratch)
  }

  mutating func emit(
    _ call: KernelCall, _ operands: [Address?], _ instruction: IR.Instruction, spaced: Int = 0, scratch: [Int] = []
  ) {
    let results = (0..<instruction.outputCount).map { result(instruction.firstOutput + $0, spaced: $0 < spaced) }
    let memory = scratch.map { Address(buffer: newBuffer($0)) }
    steps.append(.kernel(call, operands: operands + results + memory, outputs: results.count + memory.count))
  }

  /// Whether a variable is assigned its own value with a slice replaced, and nothing else needs its old value any more.
  mutating func isReplacedInPlace(_ inputs: [Int], by output: Int, lying source: View) -> Bool {
    let leaf = ir.instructions[ir.producer[inputs[0]]]
    guard case .variable = leaf.op, ir.assignments.contains(where: { $0.source == leaf.source && $0.value == output })
    else { return false }
    return !isNeeded(source.buffer, after: steps.count, besides: 1)
  }

  /// Copies a view into the part of `target` that begins at `starts`.
  mutating func place(_ source: View, in target: View, at starts: [Int]) {
    let offset = target.offset + zip(starts, target.strides).reduce(0) { $0 + $1.0 * $1.1 }
    emitCopy(
      from: source, to: View(buffer: target.buffer, offset: offset, shape: source.shape, strides: target.strides))
  }

  mutating func emit(_ call: LibraryCall, _ inputs: [View], _ outputs: [View]) {
    let operands = (inputs + outputs).map { Address(buffer: $0.buffer, offset: $0.offset) }
    steps.append(.library(call, operands: operands, outputs: outputs.count))
  }
}
