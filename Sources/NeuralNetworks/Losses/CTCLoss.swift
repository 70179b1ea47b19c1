import Tensors

/// The loss of connectionist temporal classification: −log of the probability of target labels, whose places in time are
/// not known. See `ctcLosses` for the operands and their shapes.
///
/// - Parameters:
///   - zeroInfinity: whether losses of targets that do not fit into the times are 0 rather than infinite; they have gradient 0.
///   - reduction: the mean is that of the losses divided by the numbers of targets, as PyTorch's; `.none` gives [batch].
///
/// Source: Graves et al., "Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
/// Networks", ICML 2006.
public func ctcLoss(
  logProbabilities: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, blank: Int = 0,
  zeroInfinity: Bool = false, reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("ctcLoss", reduction, file, line)
  return loss.computed([logProbabilities, targets, inputLengths, targetLengths]) { () throws(TensorError) in
    var losses = ctcLosses(
      logProbabilities: logProbabilities, targets: targets, inputLengths: inputLengths, targetLengths: targetLengths,
      blank: blank, file: file, line: line)
    if zeroInfinity, losses.failure == nil { losses = .where(losses.isInfinite(), 0, losses) }
    if reduction == .mean { losses = losses / maximum(targetLengths.cast(to: logProbabilities.dtype), 1) }
    return try loss.reduced(losses)
  }
}
