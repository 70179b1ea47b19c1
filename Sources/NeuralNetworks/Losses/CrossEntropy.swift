import Tensors

/// −log softmax(logits)[label] of each example, in nats: logits [batch, classes, …], labels int32 [batch, …].
///
/// - Parameters:
///   - classWeights: the weight of each class, [classes]. The mean is then that over the weights of the labels.
///   - ignored: a label that counts as no example, such as that of padding; no mean and no gradient sees it.
///   - labelSmoothing: the share s of the target that is spread over all classes alike, 0 to 1: (1 − s) · −log p[label]
///     + s · the mean over the classes of −log p. Source: Szegedy et al., "Rethinking the Inception Architecture for
///     Computer Vision", CVPR 2016, section 7.
///   - reduction: `.none` gives [batch, …].
///
/// A label that is not a class gives NaN. Large logits do not overflow.
public func crossEntropy(
  logits: Tensor, labels: Tensor, classWeights: Tensor? = nil, ignoring ignored: Int32? = nil,
  labelSmoothing: Double = 0, reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("crossEntropy", reduction, file, line)
  return loss.computed([logits, labels, classWeights]) { () throws(TensorError) in
    try loss.check(0...1 ~= labelSmoothing, "labelSmoothing must be from 0 to 1, not \(labelSmoothing)")
    let (rows, rowLabels) = try loss.rows(of: logits, labels)
    let losses = crossEntropyLosses(logits: rows, labels: rowLabels, file: file, line: line)
    let classWeights = try loss.checked(classWeights: classWeights, for: logits)
    return try loss.reduced(
      losses, of: rowLabels, labels.shape, classWeights, ignored,
      spread: labelSmoothing > 0 ? rows.logSoftmax() : nil, labelSmoothing)
  }
}

/// −Σ targets · log softmax(logits) over the classes, in nats, for targets that are probabilities: both
/// [batch, classes, …].
///
/// `classWeights` [classes] multiply the classes' terms, and `labelSmoothing`, 0 to 1, is the share of the targets that
/// is spread over all classes alike. The mean is over the examples; `.none` gives [batch, …].
public func crossEntropy(
  logits: Tensor, targets: Tensor, classWeights: Tensor? = nil, labelSmoothing: Double = 0,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("crossEntropy", reduction, file, line)
  return loss([logits, targets, classWeights]) { () throws(TensorError) in
    try loss.check(0...1 ~= labelSmoothing, "labelSmoothing must be from 0 to 1, not \(labelSmoothing)")
    try loss.check(logits.shape.rank >= 2, "logits must be [batch, classes, …], not \(logits.shape)")
    try loss.checkSameShape(logits, targets, "logits")
    let classWeights = try loss.checked(classWeights: classWeights, for: logits)
    let spread = Tensor.constant(labelSmoothing / Double(max(logits.shape[1], 1)))
    let smoothed = labelSmoothing > 0 ? targets * .constant(1 - labelSmoothing) + spread : targets
    let terms = smoothed * logits.logSoftmax(axis: 1)
    return -(classWeights.map { terms * $0.alongChannels(of: logits) } ?? terms).sum(axes: [1])
  }
}

/// −logProbabilities[label] of each example: [batch, classes, …], labels int32 [batch, …]. After `logSoftmax(axis: 1)` it
/// is the cross-entropy.
///
/// `classWeights` [classes], `ignored` and `reduction` as for `crossEntropy`. A label that is not a class gives NaN.
public func negativeLogLikelihood(
  logProbabilities: Tensor, labels: Tensor, classWeights: Tensor? = nil, ignoring ignored: Int32? = nil,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("negativeLogLikelihood", reduction, file, line)
  return loss.computed([logProbabilities, labels, classWeights]) { () throws(TensorError) in
    let (rows, rowLabels) = try loss.rows(of: logProbabilities, labels)
    let isLabel = rowLabels.oneHot(classes: rows.shape[1], dtype: .bool)
    let losses = -Tensor.where(isLabel, rows, 0).sum(axes: [1])
    return try loss.reduced(
      Tensor.where(isLabel.any(axes: [1]), losses, .constant(Double.nan)), of: rowLabels, labels.shape,
      try loss.checked(classWeights: classWeights, for: logProbabilities), ignored)
  }
}

extension Loss {
  /// Logits [batch, classes, …] as [rows, classes], and their labels as [rows].
  func rows(of logits: Tensor, _ labels: Tensor) throws(TensorError) -> (logits: Tensor, labels: Tensor) {
    let shape = logits.shape
    try check(shape.rank >= 2, "logits must be float32 or float64 [batch, classes, …], not \(shape)")
    let rowShape = Shape([shape[0]] + shape.dropFirst(2))
    try check(
      labels.dtype == .int32 && labels.shape == rowShape,
      "logits \(shape) need labels int32 \(rowShape), not \(labels.dtype) \(labels.shape)")
    guard shape.rank > 2 else { return (logits, labels) }
    let order = [0] + Array(2..<shape.rank) + [1]
    return (logits.permuted(order).reshaped(to: [rowShape.elementCount, shape[1]]), labels.flattened())
  }

  /// The losses of labels [rows], weighted, smoothed by a share of the losses of all classes, and reduced.
  func reduced(
    _ losses: Tensor, of labels: Tensor, _ shape: Shape, _ classWeights: Tensor?, _ ignored: Int32?,
    spread logProbabilities: Tensor? = nil, _ share: Double = 0
  ) throws(TensorError) -> Tensor {
    let isIgnored = ignored.map { labels.equal(to: .constant(Double($0))) }
    func masked(_ x: Tensor) -> Tensor { isIgnored.map { .where($0, 0, x) } ?? x }
    let classes = classWeights?.shape[0] ?? 0
    var weights = classWeights.map { masked($0.reshaped(to: [classes, 1]).rows(labels).squeezed(axes: [-1])) }
    if weights == nil, ignored != nil { weights = masked(.ones(labels.shape, dtype: losses.dtype)) }
    var losses = masked(losses)
    if let classWeights, let weights, classWeights.failure == nil { losses = losses * weights }
    if let logProbabilities {
      let ofAll = classWeights.map { logProbabilities * $0 } ?? logProbabilities
      losses = losses * .constant(1 - share) - masked(ofAll.mean(axes: [-1])) * .constant(share)
    }
    return try reduced(losses.reshaped(to: shape), over: weights)
  }
}

extension Tensor {
  /// A value for each channel, [channels], shaped to broadcast with `x` [batch, channels, …].
  func alongChannels(of x: Tensor) -> Tensor {
    reshaped(to: Shape([1, shape[0]] + Array(repeating: 1, count: Swift.max(x.shape.rank - 2, 0))))
  }

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
