import Tensors

/// The cosine of the angle between vectors along an axis: a · b / (max(‖a‖, epsilon) · max(‖b‖, epsilon)). The shapes
/// broadcast; the result lacks the axis.
public func cosineSimilarity(
  _ a: Tensor, _ b: Tensor, axis: Int = -1, epsilon: Double = 1e-8, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  func bounded(_ x: Tensor) -> Tensor {
    x / maximum(x.norm(axes: [axis], keepingAxes: true, file: file, line: line), .constant(epsilon))
  }
  return (bounded(a) * bounded(b)).sum(axes: [axis], file: file, line: line).called(at: CallSite(file, line))
}

/// The distance (Σ |a − b + epsilon|^power)^(1 / power) along the last axis: Euclidean for `power` 2. The shapes broadcast;
/// the result lacks the axis.
///
/// `epsilon` keeps the gradient of equal vectors finite. `power` is above 0; infinity takes the greatest difference.
public func pairwiseDistance(
  _ a: Tensor, _ b: Tensor, power: Double = 2, epsilon: Double = 1e-6, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  guard power > 0 else {
    return .failed(TensorError("pairwiseDistance: power must be above 0, not \(power)", callSite: CallSite(file, line)))
  }
  return (a - b + .constant(epsilon)).norm(axis: -1, power: power, keepingAxis: false)
    .called(at: CallSite(file, line))
}

/// The distances (Σ |a − b|^power)^(1 / power) of all pairs of vectors [count, features]: [count · (count − 1) / 2], first those of
/// the first vector and each later one. `power` is above 0; infinity takes the greatest difference.
public func pairwiseDistances(
  _ vectors: Tensor, power: Double = 2, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("pairwiseDistances", .none, file, line)
  return loss([vectors]) { () throws(TensorError) in
    try loss.check(vectors.shape.rank == 2, "the vectors must be [count, features], not \(vectors.shape)")
    try loss.check(power > 0, "power must be above 0, not \(power)")
    let count = vectors.shape[0]
    try loss.check(count.times(count) <= Int(Int32.max), "there are too many pairs of \(count) vectors")
    let pairs = (0..<count).flatMap { first in (first + 1..<max(count, first + 1)).map { (Int32(first), Int32($0)) } }
    func rows(_ indices: [Int32]) -> Tensor { vectors.rows(Tensor(indices, shape: [indices.count])) }
    return (rows(pairs.map(\.0)) - rows(pairs.map(\.1))).norm(axis: -1, power: power, keepingAxis: false)
  }
}

extension Tensor {
  /// Vectors along an axis, divided by their norm (Σ |x|^power)^(1 / power), of which at least `epsilon` is taken: vectors of
  /// length 1. `power` is above 0; infinity takes the greatest number.
  public func normalized(
    axis: Int = -1, power: Double = 2, epsilon: Double = 1e-12, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    guard power > 0, epsilon >= 0 else {
      let text = "normalized: power must be above 0 and epsilon at least 0, not \(power) and \(epsilon)"
      return .failed(TensorError(text, callSite: CallSite(file, line)))
    }
    return (self / maximum(norm(axis: axis, power: power, keepingAxis: true), .constant(epsilon)))
      .called(at: CallSite(file, line))
  }

  fileprivate func norm(axis: Int, power: Double, keepingAxis: Bool) -> Tensor {
    switch power {
    case 1: abs().sum(axes: [axis], keepingAxes: keepingAxis)
    case 2: norm(axes: [axis], keepingAxes: keepingAxis)
    case .infinity: abs().max(axes: [axis], keepingAxes: keepingAxis)
    default:
      abs().power(.constant(power)).sum(axes: [axis], keepingAxes: keepingAxis).power(.constant(1 / power))
    }
  }
}

/// 1 − cos(a, b) for pairs whose target is 1, max(0, cos(a, b) − margin) for those whose target is −1: [batch, …, features]
/// twice, targets [batch, …]; `.none` gives the targets' shape.
public func cosineEmbeddingLoss(
  _ a: Tensor, _ b: Tensor, targets: Tensor, margin: Double = 0, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("cosineEmbeddingLoss", reduction, file, line)
  return loss([a, b, targets]) { () throws(TensorError) in
    try loss.checkSameShape(a, b, "first", "second vectors")
    let expected = Shape(a.shape.dropLast())
    try loss.check(
      a.shape.rank > 0 && targets.shape == expected,
      "vectors \(a.shape) need targets \(expected), 1 or −1 for each pair, not \(targets.shape)")
    let similarity = cosineSimilarity(a, b)
    return .where(targets.equal(to: 1), 1 - similarity, (similarity - .constant(margin)).relu())
  }
}

/// max(0, d(anchor, positive) − d(anchor, negative) + margin) of each triple, with `pairwiseDistance`: three tensors
/// [batch, …, features]; `.none` gives [batch, …].
///
/// `swaps` takes the distance between positive and negative where that is less than that of the anchor (Balntas et al.,
/// "Learning local feature descriptors with triplets and shallow convolutional neural networks", BMVC 2016).
///
/// Source: Schroff, Kalenichenko & Philbin, "FaceNet", CVPR 2015, equation 3, there with squared distances.
public func tripletMarginLoss(
  anchors: Tensor, positives: Tensor, negatives: Tensor, margin: Double = 1, power: Double = 2, epsilon: Double = 1e-6,
  swaps: Bool = false, reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  tripletMarginLoss(
    anchors: anchors, positives: positives, negatives: negatives, margin: margin, swaps: swaps, reduction: reduction,
    file: file, line: line
  ) { pairwiseDistance($0, $1, power: power, epsilon: epsilon) }
}

/// The same with a distance of your own, which takes two tensors [batch, …, features] and gives [batch, …].
public func tripletMarginLoss(
  anchors: Tensor, positives: Tensor, negatives: Tensor, margin: Double = 1, swaps: Bool = false,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line,
  distance: (Tensor, Tensor) -> Tensor
) -> Tensor {
  let loss = Loss("tripletMarginLoss", reduction, file, line)
  return loss([anchors, positives, negatives]) { () throws(TensorError) in
    try loss.checkSameShape(anchors, positives, "anchors", "positives")
    try loss.checkSameShape(anchors, negatives, "anchors", "negatives")
    var apart = distance(anchors, negatives)
    if swaps { apart = minimum(apart, distance(positives, negatives)) }
    return (distance(anchors, positives) - apart + .constant(margin)).relu()
  }
}

/// The contrastive loss InfoNCE: the cross-entropy of each query's key among all keys of the batch, by their cosine
/// similarity over `temperature`. Queries and keys [batch, features], of which those with one index belong together; `.none`
/// gives [batch].
///
/// Source: van den Oord, Li & Vinyals, "Representation Learning with Contrastive Predictive Coding", 2018, equation 4.
public func infoNCE(
  queries: Tensor, keys: Tensor, temperature: Double = 0.1, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("infoNCE", reduction, file, line)
  return loss([queries, keys]) { () throws(TensorError) in
    try loss.check(queries.shape.rank == 2, "queries must be [batch, features], not \(queries.shape)")
    try loss.checkSameShape(queries, keys, "queries", "keys")
    try loss.check(temperature > 0 && temperature.isFinite, "temperature must be above 0, not \(temperature)")
    let logits = queries.normalized().matmul(keys.normalized().transposed) / .constant(temperature)
    return crossEntropyLosses(logits: logits, labels: .arange(to: queries.shape[0]))
  }
}
