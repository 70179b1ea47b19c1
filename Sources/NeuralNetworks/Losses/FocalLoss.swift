import Tensors

/// Binary cross-entropy of each element times (1 − p)^gamma for the probability p of its target, so that easy examples
/// count less: logits and targets, 0 or 1, of one shape.
///
/// `alpha` weights positive targets and 1 − `alpha` negative ones; `nil`: neither. `gamma` 0 is the cross-entropy.
///
/// Source: Lin, Goyal, Girshick, He & Dollár, "Focal Loss for Dense Object Detection", ICCV 2017, equation 5.
public func focalLoss(
  logits: Tensor, targets: Tensor, alpha: Double? = 0.25, gamma: Double = 2, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("focalLoss", reduction, file, line)
  return loss([logits, targets]) { () throws(TensorError) in
    try loss.checkSameShape(logits, targets, "logits")
    try loss.checkNumber(gamma, "gamma")
    try loss.check(0...1 ~= alpha ?? 0, "alpha must be from 0 to 1, not \(alpha ?? 0)")
    // 1 − p, without the difference.
    let distance = logits.sigmoid() * (1 - targets) + (-logits).sigmoid() * targets
    let losses = try loss.binary(logits, targets, nil) * distance.power(.constant(gamma))
    guard let alpha else { return losses }
    return losses * (targets * .constant(alpha) + (1 - targets) * .constant(1 - alpha))
  }
}

/// Cross-entropy times (1 − p)^gamma for the probability p of an example's class, so that easy examples count less: logits
/// [batch, classes, …], labels int32 [batch, …].
///
/// `classWeights` [classes], `ignored` and `reduction` as for
/// ``crossEntropy(logits:labels:classWeights:ignoring:labelSmoothing:reduction:file:line:)``, which it is where `gamma` is 0.
/// A label that is not a class gives NaN.
///
/// Source: Lin, Goyal, Girshick, He & Dollár, "Focal Loss for Dense Object Detection", ICCV 2017, equation 5, for classes
/// that exclude each other.
public func focalLoss(
  logits: Tensor, labels: Tensor, classWeights: Tensor? = nil, gamma: Double = 2, ignoring ignored: Int32? = nil,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("focalLoss", reduction, file, line)
  return loss.computed([logits, labels, classWeights]) { () throws(TensorError) in
    try loss.checkNumber(gamma, "gamma")
    let (rows, rowLabels) = try loss.rows(of: logits, labels)
    var losses = crossEntropyLosses(logits: rows, labels: rowLabels, file: file, line: line)
    // No NaN of a label that does not count, whose gradient would be NaN · 0.
    if let ignored { losses = .where(rowLabels.equal(to: .constant(Double(ignored))), 0, losses) }
    if gamma > 0 { losses = losses * (-(-losses).expm1()).power(.constant(gamma)) }
    return try loss.reduced(
      losses, of: rowLabels, labels.shape, try loss.checked(classWeights: classWeights, for: logits), ignored)
  }
}
