import Tensors

/// The mean over the batch of −log softmax(logits)[label], in nats: logits [batch, classes], labels int32 [batch] → [].
public func crossEntropy(
  logits: Tensor, labels: Tensor, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  crossEntropyLosses(logits: logits, labels: labels, file: file, line: line).mean()
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
