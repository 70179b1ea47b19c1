import CKernels

/// −log of the probability of target labels under connectionist temporal classification: summed over all ways to write the
/// labels, in order, over the times, each for one time or more, with blanks between them.
///
/// operands: log probabilities [time, batch, classes], targets int32 [batch, length], input lengths int32 [batch], target
/// lengths int32 [batch] → losses [batch]
struct CTC: KernelOperation {
  let blank: Int
  var name: String { "ctc" }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (x, targets) = (operands[0], operands[1])
    guard x.dtype.isDifferentiable, x.shape.rank == 3 else {
      throw TensorError("ctc: log probabilities must be float32 or float64 [time, batch, classes], not \(x)")
    }
    let batch = x.shape[1]
    guard targets.dtype == .int32, targets.shape.rank == 2, targets.shape[0] == batch else {
      throw TensorError("ctc: log probabilities \(x.shape) need targets int32 [\(batch), length], not \(targets)")
    }
    guard operands[2...].allSatisfy({ $0 == TensorType([batch], .int32) }) else {
      throw TensorError("ctc: lengths must be int32 [\(batch)], not \(operands[2]) and \(operands[3])")
    }
    guard 0..<x.shape[2] ~= blank else { throw TensorError("ctc: the blank \(blank) is no class of \(x.shape[2])") }
    return [TensorType([batch], x.dtype)]
  }

  /// One step of the forward algorithm after the other, over states of which 2 i is a blank and 2 i + 1 target i.
  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (x, inputLengths, targetLengths) = (operands[0], operands[2], operands[3])
    let (times, batch, classes, length) = (x.shape[0], x.shape[1], x.shape[2], operands[1].shape[1])
    let states = 2 * length + 1
    // Stands for the logarithm of 0, so that differences of such are numbers.
    let impossible = x.dtype == .float64 ? -1e200 : -1e30
    func number(_ value: Double) -> Tensor { .fill(value, [], x.dtype) }
    func whole(_ value: Int) -> Tensor { .fill(Double(value), [], .int32) }
    let ends = targetLengths.unsqueezed(axis: 1)
    let isPast = ends.lessOrEqual(to: .iota([length], axis: 0))
    let isClass = .!operands[1].less(than: whole(0)) .& operands[1].less(than: whole(classes))
    func isIn(_ lengths: Tensor, _ most: Int) -> Tensor {
      .!lengths.less(than: whole(0)) .& lengths.lessOrEqual(to: whole(most))
    }
    let isValid =
      (isPast .| isClass).all(axes: [1]) .& isIn(inputLengths, times) .& isIn(targetLengths, length)

    let targets = Tensor.where(isClass, operands[1], whole(blank))
    let blanks = Tensor.fill(Double(blank), [batch, length], .int32)
    let labels = Tensor.concatenated(
      [
        Tensor.stacked([blanks, targets], axis: 2).reshaped(to: [batch, 2 * length]),
        .fill(Double(blank), [batch, 1], .int32),
      ], axis: 1)
    let position = Tensor.iota([states], axis: 0)
    func moved(_ x: Tensor, by count: Int, _ value: Double) -> Tensor {
      let kept = x[0..., ..<Swift.max(states - count, 0)]
      return kept.padded(before: [0, states - kept.shape[1]], after: [0, 0], with: value)
    }
    // Also a target that is the blank, as of PyTorch.
    let isTarget = position.bitAnd(whole(1)).equal(to: whole(1))
    let canSkip = isTarget .& .!labels.equal(to: moved(labels, by: 2, Double(blank)))
    let ofStates = x.clamped(min: impossible).gather(labels.broadcast(to: [times, batch, states]), along: 2)
    let isFirst = position.lessOrEqual(to: whole(1))
    var alpha = Tensor.where(isFirst, number(0), number(impossible)).broadcast(to: [batch, states])
    for t in 0..<times {
      let skipped = Tensor.where(canSkip, moved(alpha, by: 2, impossible), number(impossible))
      let before = Tensor.stacked([alpha, moved(alpha, by: 1, impossible), skipped])
      let sum = t == 0 ? alpha : before.logSumExp(axes: [0])
      alpha = .where(whole(t).less(than: inputLengths.unsqueezed(axis: 1)), sum + ofStates[t], alpha)
    }
    let last = ends + ends
    let isLast = position.equal(to: last) .| position.equal(to: last - whole(1))
    let losses = -Tensor.where(isLast, alpha, number(impossible)).logSumExp(axes: [1])
    let isEmpty = inputLengths.equal(to: whole(0)) .& targetLengths.equal(to: whole(0))
    let isImpossible = losses.greater(than: number(-impossible / 2)) .| inputLengths.equal(to: whole(0))
    let possible = Tensor.where(isImpossible, number(.infinity), losses)
    return [.where(isValid, .where(isEmpty, number(0), possible), number(.nan))]
  }

  /// `CTCGradient` of the operands and u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [.record(CTCGradient(forward: self), step.operands + [step.upstream]), nil, nil, nil]
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitCTC(instruction, blank: blank, isGradient: false)
  }
}

/// The gradient of CTC's losses: minus the probability of each label at each time, given the targets, times u; 0 where the loss is not
/// finite.
///
/// operands: those of `CTC`, upstream [batch] → [time, batch, classes]
struct CTCGradient: KernelOperation {
  let forward: CTC
  var name: String { "ctcGradient" }
  func types(of operands: [TensorType]) -> [TensorType] { [operands[0]] }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    [forward.gradientDefinition(of: Array(operands[..<4]), [operands[4]])[0]]
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitCTC(instruction, blank: forward.blank, isGradient: true)
  }
}

extension Lowering {
  fileprivate mutating func emitCTC(
    _ instruction: IR.Instruction, blank: Int, isGradient: Bool
  ) throws(TensorError) {
    let x = ir.types[instruction.inputs[0]].shape
    let kernel = CTCKernel(
      time: x[0], batch: x[1], classes: x[2], length: ir.types[instruction.inputs[1]].shape[1], blank: blank,
      isGradient: isGradient)
    emit(kernel, try contiguous(instruction.inputs), instruction)
  }
}

private struct CTCKernel: PlainKernel {
  let time: Int, batch: Int, classes: Int, length: Int, blank: Int
  let isGradient: Bool

  var title: String { "CTC\(isGradient ? " gradient" : "") \([time, batch, classes]), targets of \(length)" }
  var cost: Cost {
    Cost(
      flops: (isGradient ? 30 : 10) * time * batch * (2 * length + 1),
      elements: (isGradient ? 2 : 1) * time * batch * classes)
  }

  func run(_ operands: KernelOperands) throws(TensorError) {
    var shape = backprop_ctc_shape(
      time: Int64(time), batch: Int64(batch), classes: Int64(classes), length: Int64(length), blank: Int32(blank))
    let (targets, inputs, lengths) = (operands.ints(1), operands.ints(2), operands.ints(3))
    let status =
      isGradient
      ? backprop_ctc_gradient(&shape, operands[0], targets, inputs, lengths, operands[4], operands[5])
      : backprop_ctc(&shape, operands[0], targets, inputs, lengths, operands[4])
    guard status == 0 else { throw TensorError("ctc: no memory is left for \(time) times and targets of \(length)") }
  }
}

/// −log of the probability of target labels under connectionist temporal classification: [batch].
///
/// Each example has a probability for each class at each time, and fewer labels in order. The probability of its labels is
/// summed over all ways to write them over the times, each label for one time or more, with blanks between them; equal
/// neighbors need a blank. Where there is no way the loss is infinite and has gradient 0; invalid lengths or labels give NaN.
///
/// - Parameters:
///   - logProbabilities: float32 or float64 [time, batch, classes], as `logSoftmax` gives.
///   - targets: int32 [batch, length].
///   - inputLengths: how many times of an example count: int32 [batch].
///   - targetLengths: how many targets an example has: int32 [batch].
///   - blank: the class that stands for no label.
///
/// Source: Graves et al., "Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
/// Networks", ICML 2006.
public func ctcLosses(
  logProbabilities: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, blank: Int = 0,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  .record(CTC(blank: blank), [logProbabilities, targets, inputLengths, targetLengths], CallSite(file, line))
}
