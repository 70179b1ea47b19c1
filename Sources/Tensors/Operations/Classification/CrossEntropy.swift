import CKernels

/// −log softmax(logits)[label] of each row; NaN where the label is not a class.
///
/// operands: logits [rows, classes], labels int32 [rows] → losses [rows]
struct CrossEntropy: KernelOperation {
  var indices: IndexOperand? { IndexOperand(operand: 1, axis: 1, isLabel: true) }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (logits, labels) = (operands[0], operands[1])
    guard logits.shape.rank == 2, logits.dtype.isDifferentiable else {
      throw TensorError("crossEntropy: logits must be float32 or float64 [batch, classes], not \(logits)")
    }
    guard labels.dtype == .int32, labels.shape == [logits.shape[0]] else {
      throw TensorError("crossEntropy: logits \(logits.shape) need labels int32 [\(logits.shape[0])], not \(labels)")
    }
    return [TensorType([logits.shape[0]], logits.dtype)]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (logits, labels) = (operands[0], operands[1])
    let hot = labels.oneHot(classes: logits.shape[1], dtype: .bool)
    let losses = -Tensor.where(hot, logits.logSoftmax(), Tensor.fill(0)).sum(axes: [1])
    // No class is hot where the label is invalid.
    return [Tensor.where(isClass(hot, keepingAxes: false), losses, Tensor.fill(.nan))]
  }

  /// `CrossEntropyGradient` of logits, labels and u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [.record(CrossEntropyGradient(), [step.operands[0], step.operands[1], step.upstream]), nil]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.folded(self) }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let kernel = CrossEntropyKernel(lowering.ir.types[instruction.inputs[0]].shape, isGradient: false)
    lowering.emit(kernel, try lowering.contiguous(instruction.inputs), instruction)
  }
}

/// The gradient of cross entropy: (softmax(logits) − label) · upstream.
///
/// operands: logits, labels, upstream [rows] → [rows, classes]
struct CrossEntropyGradient: KernelOperation {
  func types(of operands: [TensorType]) -> [TensorType] { [operands[0]] }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (logits, labels, upstream) = (operands[0], operands[1], operands[2])
    let hot = labels.oneHot(classes: logits.shape[1], dtype: .bool)
    let column = upstream.reshaped(to: [labels.shape[0], 1])
    let isMasked = column.equal(to: Tensor.fill(0))
    // Logits of a masked row may be anything.
    let isFinite = (logits - logits).sum(axes: [1], keepingAxes: true).equal(to: Tensor.fill(0))
    let shielded = Tensor.where(isMasked .& .!isFinite, Tensor.fill(0), logits)
    let otherwise = Tensor.where(isMasked, .fill(0, [], logits.dtype), .fill(.nan, [], logits.dtype))
    let gradient = (shielded.softmax() - hot.cast(to: logits.dtype)) * column
    return [Tensor.where(isClass(hot, keepingAxes: true), gradient, otherwise)]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.folded(self) }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let kernel = CrossEntropyKernel(lowering.ir.types[instruction.inputs[0]].shape, isGradient: true)
    lowering.emit(kernel, try lowering.contiguous(instruction.inputs), instruction)
  }
}

/// Whether some class is the label.
private func isClass(_ hot: Tensor, keepingAxes: Bool) -> Tensor {
  hot.cast(to: .float32).sum(axes: [1], keepingAxes: keepingAxes).isNotZero
}

private struct CrossEntropyKernel: PlainKernel {
  let rows: Int, classes: Int
  let isGradient: Bool

  init(_ logits: Shape, isGradient: Bool) { (rows, classes, self.isGradient) = (logits[0], logits[1], isGradient) }

  var title: String { "cross entropy \(isGradient ? "gradient " : "")\([rows, classes])" }
  var cost: Cost {
    isGradient
      ? Cost(flops: 6 * rows * classes, elements: 2 * rows * (classes + 1))
      : Cost(flops: 4 * rows * classes, elements: rows * (classes + 2))
  }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) {
    let (rows, classes, labels) = (Int64(rows), Int64(classes), operands.ints(1))
    if isGradient {
      backprop_cross_entropy_gradient(rows, classes, operands[0], labels, operands[2], operands[3])
    } else {
      backprop_cross_entropy(rows, classes, operands[0], labels, operands[2])
    }
  }
}

/// −log softmax(logits)[label] of each example: logits [batch, classes], labels int32 [batch] → [batch]. Natural
/// logarithm; a label that is not a class gives NaN. A row whose upstream gradient is 0, as of one that is masked, has
/// gradient 0 whatever its label and logits are.
public func crossEntropyLosses(logits: Tensor, labels: Tensor, file: StaticString = #fileID, line: UInt = #line)
  -> Tensor
{ .record(CrossEntropy(), [logits, labels], CallSite(file, line)) }
