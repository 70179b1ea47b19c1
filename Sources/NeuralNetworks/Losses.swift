import Tensors

/// The mean over the batch of −log softmax(logits)[label], in nats: logits [batch, classes], labels int32 [batch] → [].
///
/// `labelSmoothing` is the share of the target that is spread over all classes alike, 0 to 1: (1 − s) · −log p[label] +
/// s · the mean over the classes of −log p. Source: Szegedy et al., "Rethinking the Inception Architecture for Computer
/// Vision", CVPR 2016, section 7.
public func crossEntropy(
  logits: Tensor, labels: Tensor, labelSmoothing: Double = 0, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = crossEntropyLosses(logits: logits, labels: labels, file: file, line: line).mean()
  return loss.smoothed(by: labelSmoothing, logits, CallSite(file, line))
}

extension Tensor {
  /// A cross-entropy whose targets are smoothed.
  package func smoothed(by share: Double, _ logits: Tensor, _ callSite: CallSite) -> Tensor {
    guard 0...1 ~= share else {
      return .failed(
        TensorError("crossEntropy: labelSmoothing must be from 0 to 1, not \(share)", callSite: callSite))
    }
    guard share > 0, failure == nil else { return self }
    return self * .constant(1 - share) - logits.logSoftmax(axis: -1).mean() * .constant(share)
  }
}

/// The mean of (prediction − target)² over all elements: two tensors of one shape → [].
///
/// The shapes must be equal; broadcasting here would hide a forgotten axis.
public func meanSquaredError(
  _ predictions: Tensor, _ targets: Tensor, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  if predictions.failure == nil, targets.failure == nil, predictions.shape != targets.shape {
    return .failed(
      TensorError(
        "meanSquaredError: predictions \(predictions.shape) and targets \(targets.shape) differ; they must be of one shape",
        callSite: CallSite(file, line)))
  }
  return (predictions - targets).square().mean()
}
