import MPIShim

/// The sum over all processes of what each has at this place of its program.
struct AllReduce: PrimitiveOperation {
  /// When: all processes must be able to come to it, so what is summed after a step's gradients is `.afterEarly`.
  var timing = Timing.late

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].dtype.isDifferentiable else { throw needsArithmetic(operands) }
    return operands
  }

  /// What each process has is a part of every process' sum.
  func gradients(_ step: BackwardStep) -> [Tensor?] { [.record(self, [step.upstream])] }
  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(self) }

  /// That of one process.
  func reference(_ operands: ReferenceOperands) -> HostArray { operands.arrays[0] }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let target = lowering.memoryForSum(of: try lowering.view(instruction.inputs[0]))
    lowering.views[instruction.firstOutput] = target
    lowering.emit(AllReduceKernel(type: target.dtype, count: target.shape.elementCount), [target], [target])
  }
}

private struct AllReduceKernel: PlainKernel {
  let type: DType
  let count: Int

  var title: String { "all-reduce \([count])\(type.suffix)" }
  var cost: Cost { Cost(flops: count, bytes: 2 * count * type.byteCount) }

  func run(_ operands: KernelOperands) throws(TensorError) {
    guard Distributed.isSeveral, count > 0 else { return }
    try Distributed.check(backprop_mpi_sum(operands.start[1], Int64(count), type.message), "the sum of a tensor")
  }
}

/// Begins the sum over all processes of a part of a step's gradients, which goes on in the background until
/// `FinishAllReduce`. Nothing else may read the result.
///
/// operand: gradients side by side [n], float32, float64 or, for less to send, bfloat16
struct StartAllReduce: PrimitiveOperation {
  /// Which of the step's sums it is, and how many there are. Processes whose plans have another order sum the same.
  let number: Int, total: Int

  /// As soon as its operand is complete.
  var timing: Timing { .early }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].dtype.isDifferentiable || operands[0].dtype == .bfloat16 else { throw needsArithmetic(operands) }
    return operands
  }

  /// None: what is sent is gradients already.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    throw TensorError("averaged(over:): averaged gradients have no derivatives; differentiate before")
  }

  func reference(_ operands: ReferenceOperands) -> HostArray { operands.arrays[0] }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let target = lowering.memoryForSum(of: try lowering.view(instruction.inputs[0]))
    lowering.views[instruction.firstOutput] = target
    let kernel = StartAllReduceKernel(
      type: target.dtype, count: target.shape.elementCount, number: number, total: total)
    lowering.emit(kernel, [target], [target])
  }
}

private struct StartAllReduceKernel: PlainKernel {
  let type: DType
  let count: Int, number: Int, total: Int

  var title: String { "start all-reduce \([count])\(type.suffix)" }
  var cost: Cost { Cost(flops: count, bytes: 2 * count * type.byteCount) }

  func run(_ operands: KernelOperands) throws(TensorError) {
    guard Distributed.isSeveral else { return }
    try Distributed.check(
      backprop_mpi_start_sum(operands.start[1], Int64(count), type.message, Int32(number), Int32(total)),
      "the sum of gradients")
  }
}

/// The result of `StartAllReduce`, after all of the step's sums have begun.
struct FinishAllReduce: PrimitiveOperation {
  let number: Int

  /// After all that the processes can compute without it.
  var timing: Timing { .afterEarly }

  func types(of operands: [TensorType]) -> [TensorType] { operands }
  func gradients(_ step: BackwardStep) -> [Tensor?] { [step.upstream] }
  func reference(_ operands: ReferenceOperands) -> HostArray { operands.arrays[0] }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let target = try lowering.view(instruction.inputs[0])
    lowering.views[instruction.firstOutput] = target
    let kernel = FinishAllReduceKernel(type: target.dtype, count: target.shape.elementCount, number: number)
    lowering.emit(kernel, [target], [target])
  }
}

private struct FinishAllReduceKernel: PlainKernel {
  let type: DType
  let count: Int, number: Int

  var title: String { "finish all-reduce \([count])\(type.suffix)" }
  var cost: Cost { Cost(bytes: 0) }

  func run(_ operands: KernelOperands) throws(TensorError) {
    guard Distributed.isSeveral else { return }
    try Distributed.check(backprop_mpi_finish_sum(Int32(number)), "the sum of gradients")
  }
}

/// The first operand, in a plan that computes the others as well: what other processes wait for.
struct Completed: PrimitiveOperation {
  func types(of operands: [TensorType]) -> [TensorType] { [operands[0]] }
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [step.upstream] + Array(repeating: nil, count: step.operands.count - 1)
  }
  func reference(_ operands: ReferenceOperands) -> HostArray { operands.arrays[0] }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    lowering.views[instruction.firstOutput] = try lowering.view(instruction.inputs[0])
  }
}

extension DType {
  fileprivate var message: backprop_mpi_type {
    switch self {
    case .float64: BACKPROP_MPI_FLOAT64
    case .bfloat16: BACKPROP_MPI_BFLOAT16
    default: BACKPROP_MPI_FLOAT32
    }
  }
}

extension Lowering {
  /// Where the sum of a value may be made: its own memory, where nothing else reads it, or a copy.
  fileprivate mutating func memoryForSum(of source: View) -> View {
    let isOwn =
      places[source.buffer] == nil && source.isRowMajor && source.offset == 0
      && sizes[source.buffer] == source.byteCount && !isNeeded(source.buffer, after: steps.count, besides: 1)
    if isOwn { forgetCopies(of: source.buffer) }
    return isOwn ? source : copy(source)
  }
}

extension Distributed {
  /// The sum over all processes of what each has: of the tensor's type and shape, float32 or float64.
  ///
  /// Computed when a value is requested, as all tensors: all processes must then request it. Its gradient is the sum of
  /// the gradients.
  public func sum(_ tensor: Tensor) -> Tensor { size == 1 ? tensor : .record(AllReduce(), [tensor]) }

  /// The same in a step that averages gradients, after these are complete.
  package func sumOfStep(_ tensor: Tensor) -> Tensor {
    size == 1 ? tensor : .record(AllReduce(timing: .afterEarly), [tensor])
  }
}

extension Tensor {
  /// Begins the sum of this vector over all processes, in the background, as one of `total` of a step. Only
  /// `finishingSum(number:)` may read the result.
  package func startingSum(number: Int, of total: Int) -> Tensor {
    .record(StartAllReduce(number: number, total: total), [self])
  }

  /// The sum that `startingSum(number:of:)` began.
  package func finishingSum(number: Int) -> Tensor { .record(FinishAllReduce(number: number), [self]) }

  /// This tensor; where it is computed, so are the others.
  package func completed(with others: [Tensor]) -> Tensor { .record(Completed(), [self] + others) }
}
