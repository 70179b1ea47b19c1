/// Lowers scheduled instructions to steps over buffers.
struct Lowering {
  let ir: IR
  var target: Target { ir.target }
  var steps: [Step] = []
  var places: [Plan.Place?] = []  // nil: the arena, placed at the end
  var sizes: [Int] = []
  var constants: [UInt8] = []
  var uses = BufferUses()
  private var constantsBuffer = 0
  private var sourceBuffers: [Int: Int] = [:]
  var views: ValueViews
  /// Row-major copies of values in another layout.
  var copies: [View: View] = [:]
  /// Copies of matrices whose rows are a multiple of 4 KB apart.
  var spacedCopies: [View: View] = [:]
  let roots: Set<Int>
  /// The instructions that read a value; one that reads it twice is listed twice.
  let users: [[Int]]
  var isLowered: [Bool]

  static func compile(_ ir: IR) throws(TensorError) -> Plan {
    var lowering = Lowering(ir)
    for unit in Schedule(ir).units {
      let first = ir.instructions[unit[0]]
      if ir.fusedInstruction(first) != nil {
        try lowering.lowerGroup(unit)
      } else {
        try first.op.lower(first, in: &lowering)
      }
      for index in unit { lowering.isLowered[index] = true }
    }
    return try lowering.finish()
  }

  private init(_ ir: IR) {
    self.ir = ir
    views = ValueViews(count: ir.types.count)
    isLowered = Array(repeating: false, count: ir.instructions.count)
    (roots, users) = (ir.roots, ir.users())
    constantsBuffer = newBuffer(0, .constants)
  }

  // MARK: Buffers and views

  /// A buffer of so many bytes.
  mutating func newBuffer(_ size: Int, _ place: Plan.Place? = nil) -> Int {
    sizes.append(size)
    places.append(place)
    return sizes.count - 1
  }

  /// A new dense buffer of the arena, row-major by default.
  mutating func allocate(_ shape: Shape, _ dtype: DType = .float32, order: [Int]? = nil) -> View {
    View(buffer: newBuffer(TensorType(shape, dtype).byteCount), shape: shape, order: order, dtype)
  }

  func view(_ value: Int) throws(TensorError) -> View {
    guard let view = views[value] else {
      throw TensorError("internal error: \(ir.instructions[ir.producer[value]].op.name) is used before it is computed")
    }
    return view
  }

  /// The values of a source: data, or a variable.
  mutating func sourceView(_ source: Int, _ type: TensorType) -> View {
    let buffer = sourceBuffers[source] ?? newBuffer(type.byteCount, .source(source))
    sourceBuffers[source] = buffer
    return View(buffer: buffer, shape: type.shape, type.dtype)
  }

  /// Memory for a result, dense, with the axes in this order or row-major; `spaced`: with gaps after its rows.
  mutating func result(_ value: Int, order: [Int]? = nil, spaced: Bool = false) -> View {
    let type = ir.types[value]
    let view = spaced ? allocateSpaced(type.shape) : allocate(type.shape, type.dtype, order: order)
    views[value] = view
    return view
  }

  /// The same elements row-major, copied if they are not.
  mutating func rowMajor(_ view: View) -> View {
    if view.isRowMajor {
      return view.with(shape: view.shape, strides: view.shape.rowMajorStrides)
    }
    if let copy = copies[view] { return copy }
    let copy = copy(view)
    copies[view] = copy
    return copy
  }

  /// The same elements in memory of their own, row-major or with the axes in this order.
  mutating func copy(_ view: View, order: [Int]? = nil) -> View {
    let copy = allocate(view.shape, view.dtype, order: order)
    emitCopy(from: view, to: copy)
    return copy
  }

  mutating func emitCopy(from source: View, to target: View) {
    if source.dtype.byteCount == 4 {
      steps.append(.fused(source.shape, [source], [target], registers: [0], [], registerCount: 1))
    } else {
      emitPlain(.copy, [source], to: target)
    }
  }

  /// A value, row-major.
  mutating func contiguous(_ value: Int) throws(TensorError) -> View { rowMajor(try view(value)) }

  /// Row-major operands. `optional` ones that are zero everywhere are left out.
  mutating func contiguous(_ values: [Int], optional: ClosedRange<Int>? = nil) throws(TensorError) -> [View?] {
    var operands: [View?] = []
    for (index, value) in values.enumerated() {
      let isAbsent = ir.constant(value) == 0 && optional?.contains(index) == true
      operands.append(isAbsent ? nil : try contiguous(value))
    }
    return operands
  }

  /// Constant elements, given by their bits and repeated to any shape.
  mutating func constantView(_ bits: some Sequence<UInt64>, _ type: TensorType, strides: [Int]) -> View {
    let size = type.dtype.byteCount
    while constants.count % size != 0 { constants.append(0) }
    let offset = constants.count / size
    for element in bits {
      constants.append(contentsOf: (0..<size).map { UInt8(truncatingIfNeeded: element >> UInt64(8 * $0)) })
    }
    return View(buffer: constantsBuffer, offset: offset, shape: type.shape, strides: strides, dtype: type.dtype)
  }

  mutating func number(_ value: Double, _ type: TensorType) -> View {
    constantView(CollectionOfOne(type.dtype.bits(of: value)), type, strides: type.shape.map { _ in 0 })
  }

  // MARK: Steps

  /// The values of a leaf, where they are when the plan runs.
  mutating func bindSource(_ instruction: IR.Instruction) {
    views[instruction.firstOutput] = sourceView(instruction.source, ir.types[instruction.firstOutput])
  }

  /// A kernel that reads these operands and writes these results. `workspace`: floats.
  mutating func emit(_ kernel: any Kernel, _ inputs: [View?], _ results: [View], workspace: [Int] = []) {
    let memory = workspace.map { Address(buffer: newBuffer(4 * $0)) }
    steps.append(Step(kernel: kernel, inputs: inputs.map { $0?.start }, outputs: results.map(\.start) + memory))
  }

  /// A kernel whose results are row-major; the first `spaced` ones have gaps after their rows.
  mutating func emit(
    _ kernel: any Kernel, _ inputs: [View?], _ instruction: IR.Instruction, spaced: Int = 0, workspace: [Int] = []
  ) {
    let results = instruction.outputs.map { result($0, spaced: $0 < instruction.firstOutput + spaced) }
    emit(kernel, inputs, results, workspace: workspace)
  }
}
