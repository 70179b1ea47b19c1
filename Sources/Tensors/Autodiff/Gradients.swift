/// The gradient of a scalar with respect to tensors it was computed from; `nil` where it does not depend on one.
///
/// Each is the whole gradient, also where one of `tensors` was computed from another. Gradients are tensors of the same
/// graph, so they can be differentiated again. Where an intermediate operation has no derivative, the gradients are
/// failed tensors that name it. Cost: about twice the operations of `loss` itself.
///
/// Source: Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323 (1986).
public func gradients(
  of loss: Tensor, withRespectTo tensors: [Tensor], file: StaticString = #fileID, line: UInt = #line
) -> [Tensor?] {
  do throws(TensorError) {
    if let failure = loss.failure { throw failure }
    guard loss.shape.elementCount == 1, loss.dtype.isDifferentiable else {
      throw TensorError(
        "gradients: the loss must be one float32 or float64 number, not \(loss.type); take its sum or mean")
    }
    return try reverseWalk(
      from: [(loss, Tensor.ones(loss.shape, dtype: loss.dtype))], to: tensors, stopsAtTargets: false)
  } catch {
    return tensors.map { _ in .failed(error.called(at: CallSite(file, line))) }
  }
}

extension Tensor {
  /// The gradient of this scalar with respect to one tensor, as `gradients(of:withRespectTo:)` gives it for several; zeros
  /// where it does not depend on it. A network's derivative by its input, for instance:
  ///
  /// ```swift
  /// let velocity = position.sum().gradient(withRespectTo: time)
  /// let acceleration = velocity.sum().gradient(withRespectTo: time)
  /// ```
  public func gradient(withRespectTo tensor: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    gradients(of: self, withRespectTo: [tensor], file: file, line: line)[0]
      ?? .zeros(tensor.shape, dtype: tensor.dtype)
  }
}

/// Walks from results to inputs once, adding up what each use of a tensor contributes to its gradient.
///
/// Where it `stopsAtTargets`, these are the borders of a part of a graph, and what they were computed from is not
/// looked at.
func reverseWalk(
  from seeds: [(tensor: Tensor, upstream: Tensor?)], to targets: [Tensor], stopsAtTargets: Bool = true
) throws(TensorError) -> [Tensor?] {
  let targetNodes = Set(targets.map { ObjectIdentifier($0.node) })
  let nodes = nodesReachable(from: seeds.map(\.tensor)) {
    !stopsAtTargets || !targetNodes.contains(ObjectIdentifier($0))
  }
  // Only nodes that depend on a target are visited.
  var depends = Set<ObjectIdentifier>()
  for node in nodes
  where targetNodes.contains(ObjectIdentifier(node))
    || node.inputs.contains(where: { depends.contains(ObjectIdentifier($0.node)) })
  { depends.insert(ObjectIdentifier(node)) }

  var sums: [ObjectIdentifier: [Tensor?]] = [:]
  func contribute(_ gradient: Tensor, to tensor: Tensor) {
    let id = ObjectIdentifier(tensor.node)
    guard depends.contains(id) else { return }
    var all = sums[id] ?? Array(repeating: nil, count: tensor.node.types.count)
    // There is no arithmetic in 16 bits: gradients of such tensors are added up as float32.
    let dtype = tensor.dtype.isFloatingPoint && !tensor.dtype.isDifferentiable ? .float32 : tensor.dtype
    let summed = gradient.matching(dtype).cast(to: dtype).summed(to: tensor.shape)
    all[tensor.output] = all[tensor.output].map { $0 + summed } ?? summed
    sums[id] = all
  }

  for (tensor, upstream) in seeds {
    if let upstream { contribute(upstream, to: tensor) }
  }
  for node in nodes.reversed() {
    guard let upstreams = sums[ObjectIdentifier(node)], !stopsAtTargets || !targetNodes.contains(ObjectIdentifier(node))
    else { continue }
    let results = node.types.indices.map { Tensor(node, output: $0) }
    guard let step = BackwardStep(node.inputs, results, upstreams) else { continue }
    for (input, gradient) in zip(node.inputs, try node.op.gradients(step)) {
      if let gradient { contribute(gradient, to: input) }
    }
  }
  return targets.map { sums[ObjectIdentifier($0.node)]?[$0.output]?.cast(to: $0.dtype) }
}

extension Tensor {
  /// Undoes broadcasting: sums over the axes along which a tensor of this shape was repeated.
  fileprivate func summed(to shape: Shape) -> Tensor {
    if self.shape == shape || failure != nil { return self }
    let added = self.shape.rank - shape.rank
    guard added >= 0 else { return broadcast(to: shape) }  // a scalar fill
    let axes = self.shape.indices.filter {
      $0 < added || (shape[$0 - added] == 1 && self.shape[$0] != 1)
    }
    let result = axes.isEmpty ? self : sum(axes: axes, keepingAxes: true)
    return result.reshaped(to: Shape(result.shape.dropFirst(added).map { $0 })).broadcast(to: shape)
  }
}
