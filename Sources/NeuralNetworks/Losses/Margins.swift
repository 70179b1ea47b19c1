import Tensors

// In losses of two classes, targets are 1 or −1.

/// max(0, margin − t · x) of each element for predictions x and targets t, 1 or −1, of one shape: the loss of support
/// vector machines.
///
/// `power` 2 is the squared hinge. Source: Cortes & Vapnik, "Support-Vector Networks", Machine Learning 20 (1995).
public func hingeLoss(
  _ predictions: Tensor, _ targets: Tensor, margin: Double = 1, power: Int = 1, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("hingeLoss", reduction, file, line)
  return loss([predictions, targets]) { () throws(TensorError) in
    try loss.checkSameShape(predictions, targets)
    return try loss.raised((.constant(margin) - targets * predictions).relu(), to: power)
  }
}

/// The distance x itself where the target is 1, max(0, margin − x) where it is −1, of each element: two tensors of one
/// shape. For distances of pairs that are alike or not.
public func hingeEmbeddingLoss(
  _ distances: Tensor, _ targets: Tensor, margin: Double = 1, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("hingeEmbeddingLoss", reduction, file, line)
  return loss([distances, targets]) { () throws(TensorError) in
    try loss.checkSameShape(distances, targets, "distances")
    return .where(targets.equal(to: 1), distances, (.constant(margin) - distances).relu())
  }
}

/// max(0, margin − t · (a − b)) of each element: a is to be above b where the target t is 1, below where it is −1. Three
/// tensors of one shape.
public func marginRankingLoss(
  _ a: Tensor, _ b: Tensor, targets: Tensor, margin: Double = 0, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("marginRankingLoss", reduction, file, line)
  return loss([a, b, targets]) { () throws(TensorError) in
    try loss.checkSameShape(a, b, "first", "second inputs")
    try loss.checkSameShape(a, targets, "inputs")
    return (.constant(margin) - targets * (a - b)).relu()
  }
}

/// log(1 + e^(−t · x)) of each element for predictions x and targets t, 1 or −1, of one shape: the logistic loss.
public func softMarginLoss(
  _ predictions: Tensor, _ targets: Tensor, reduction: LossReduction = .mean, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  let loss = Loss("softMarginLoss", reduction, file, line)
  return loss([predictions, targets]) { () throws(TensorError) in
    try loss.checkSameShape(predictions, targets)
    return (-(targets * predictions)).softplus()
  }
}

/// Σ max(0, margin − x[label] + x[i])^power / classes over the other classes i of each example: predictions
/// [batch, classes], labels int32 [batch]; `.none` gives [batch].
///
/// `power` is 1 or 2; `classWeights` [classes] multiply the losses of the classes' examples. A label that is not a class
/// gives NaN.
///
/// Source: Crammer & Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", JMLR 2 (2001),
/// with the sum in place of the greatest term.
public func multiMarginLoss(
  _ predictions: Tensor, labels: Tensor, margin: Double = 1, power: Int = 1, classWeights: Tensor? = nil,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("multiMarginLoss", reduction, file, line)
  return loss([predictions, labels, classWeights]) { () throws(TensorError) in
    try loss.check(predictions.shape.rank == 2, "predictions must be [batch, classes], not \(predictions.shape)")
    let (rows, labels) = try loss.rows(of: predictions, labels)
    let classes = rows.shape[1]
    let isLabel = labels.oneHot(classes: classes, dtype: .bool)
    let own = Tensor.where(isLabel, rows, 0).sum(axes: [1], keepingAxes: true)
    let terms = try loss.raised((.constant(margin) - own + rows).relu(), to: power)
    let losses = Tensor.where(isLabel, 0, terms).mean(axes: [1])
    let weights = try loss.checked(classWeights: classWeights, for: predictions)
      .map { $0.reshaped(to: [classes, 1]).rows(labels).squeezed(axes: [-1]) }
    let weighted = try loss.weighted(losses, weights)
    return .where(isLabel.any(axes: [1]), weighted, .constant(Double.nan))
  }
}

/// Σ max(0, 1 − (x[i] − x[j])) / classes over the pairs of a class i that is a target and a class j that is not:
/// predictions [batch, classes], targets of the same shape, 1 where a class is a target and 0 elsewhere; `.none` gives
/// [batch]. Takes classes² numbers an example.
///
/// PyTorch lists the targets' classes, up to the first −1.
public func multilabelMarginLoss(
  _ predictions: Tensor, targets: Tensor, reduction: LossReduction = .mean, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  let loss = Loss("multilabelMarginLoss", reduction, file, line)
  return loss([predictions, targets]) { () throws(TensorError) in
    try loss.check(predictions.shape.rank == 2, "predictions must be [batch, classes], not \(predictions.shape)")
    try loss.checkSameShape(predictions, targets)
    func rows(_ x: Tensor) -> Tensor { x.unsqueezed(axis: 2) }
    func columns(_ x: Tensor) -> Tensor { x.unsqueezed(axis: 1) }
    let pairs = (1 - rows(predictions) + columns(predictions)).relu()
    return (pairs * rows(targets) * columns(1 - targets)).sum(axes: [2]).mean(axes: [1])
  }
}

/// The mean over the classes of the binary cross-entropy of each example: logits [batch, …, classes], targets from 0 to 1 of
/// the same shape; `.none` gives [batch, …]. `classWeights` [classes] multiply the classes' terms.
public func multilabelSoftMarginLoss(
  _ logits: Tensor, targets: Tensor, classWeights: Tensor? = nil, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("multilabelSoftMarginLoss", reduction, file, line)
  return loss([logits, targets, classWeights]) { () throws(TensorError) in
    try loss.check(logits.shape.rank >= 1, "logits must be [batch, …, classes], not \(logits.shape)")
    try loss.checkSameShape(logits, targets, "logits")
    return try loss.weighted(try loss.binary(logits, targets, nil), classWeights).mean(axes: [-1])
  }
}

extension Loss {
  fileprivate func raised(_ x: Tensor, to power: Int) throws(TensorError) -> Tensor {
    try check(power == 1 || power == 2, "power must be 1 or 2, not \(power)")
    return power == 2 ? x.square() : x
  }
}
