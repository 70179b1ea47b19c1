/// The results of `function` for each example of a batch, computed for all at once: a batch of examples in, a batch of
/// results out.
///
/// ```swift
/// // The gradient for each example by itself, where `gradients(of:withRespectTo:)` gives their sum.
/// let perExample = mapped(over: [inputs, targets]) { example in
///   gradients(of: (example[0].dot(w) - example[1]).square(), withRespectTo: [w]).compactMap { $0 }
/// }
/// ```
///
/// The examples of a tensor lie along its axis with the same place in `axes`, by default along axis 0 of each; `nil`
/// stands for a tensor that all examples share. The function is given one example of each, without that axis, records
/// its operations once, and must not ask for values. Its results get the axis of the batch in front. It may take
/// gradients, and be mapped itself.
///
/// What it records is rewritten operation by operation: most compute the whole batch as they compute one example; those
/// without a rule for batches are recorded once for each. Random numbers and other tensors that do not depend on the
/// examples are the same for all. Wrong axes, and batches of different sizes, give failed tensors.
///
/// It is what JAX and PyTorch call `vmap`.
public func mapped(
  over tensors: [Tensor], axes: [Int?]? = nil, file: StaticString = #fileID, line: UInt = #line,
  _ function: ([Tensor]) throws -> [Tensor]
) rethrows -> [Tensor] {
  let batch: Batch
  do throws(TensorError) { batch = try Batch(tensors, axes) } catch {
    // As many failed tensors as the function gives results.
    let failed = Tensor.failed(error.called(at: CallSite(file, line)))
    return try function(tensors.map { _ in failed }).map { _ in failed }
  }
  let standIns = batch.exampleTypes.map { Tensor.standIn(like: .placeholder($0)) }
  return mapped(try function(standIns), over: standIns, batch).map { $0.called(at: CallSite(file, line)) }
}

extension Tensor {
  /// The results of `function` for each example along an axis, computed for all at once; see
  /// ``mapped(over:axes:file:line:_:)``.
  public func mapped(
    over axis: Int = 0, file: StaticString = #fileID, line: UInt = #line, _ function: (Tensor) throws -> Tensor
  ) rethrows -> Tensor {
    try Tensors.mapped(over: [self], axes: [axis], file: file, line: line) { [try function($0[0])] }[0]
  }
}

/// Tensors with the examples of a batch along the first axis, or shared by all.
private struct Batch {
  var tensors: [Tensor]
  var isMapped: [Bool]
  var count: Int

  /// Moves the examples' axes to the front.
  init(_ tensors: [Tensor], _ axes: [Int?]?) throws(TensorError) {
    let axes = axes ?? tensors.map { _ in 0 }
    if let failure = tensors.lazy.compactMap(\.failure).first { throw failure }
    guard axes.count == tensors.count, axes.contains(where: { $0 != nil }) else {
      throw TensorError(
        "mapped: \(tensors.count) tensors need an axis of examples or nil for each, and one of them an axis, not \(axes.count)"
      )
    }
    (self.tensors, isMapped, count) = (tensors, axes.map { $0 != nil }, -1)
    for (index, axis) in axes.enumerated() {
      guard let axis else { continue }
      let shape = tensors[index].shape
      let place = try shape.axis(axis, for: "mapped")
      guard count == -1 || count == shape[place] else {
        throw TensorError("mapped: axis \(place) of \(shape) has \(shape[place]) examples, another tensor has \(count)")
      }
      count = shape[place]
      let order = [place] + shape.indices.filter { $0 != place }
      if place > 0 { self.tensors[index] = tensors[index].permuted(order) }
    }
    guard count > 0 else { throw TensorError("mapped: there are no examples to map over") }
  }

  init(of step: MappedStep) { (tensors, isMapped, count) = (step.operands, step.isMapped, step.count) }

  var exampleTypes: [TensorType] {
    tensors.indices.map {
      TensorType(isMapped[$0] ? Shape(Array(tensors[$0].shape.dropFirst())) : tensors[$0].shape, tensors[$0].dtype)
    }
  }
}

/// What was recorded for one example, whose inputs are `standIns`, recorded for all.
private func mapped(_ results: [Tensor], over standIns: [Tensor], _ batch: Batch) -> [Tensor] {
  // What each node became, and which results of it have the axis of the batch: all or none.
  var rewritten: [ObjectIdentifier: [Tensor]] = [:]
  var mappedNodes = Set<ObjectIdentifier>()
  for (index, standIn) in standIns.enumerated() {
    rewritten[ObjectIdentifier(standIn.node)] = [batch.tensors[index]]
    if batch.isMapped[index] { mappedNodes.insert(ObjectIdentifier(standIn.node)) }
  }
  for node in nodesReachable(from: results) where rewritten[ObjectIdentifier(node)] == nil {
    let inputs = node.inputs.map { rewritten[ObjectIdentifier($0.node)]?[$0.output] }
    guard inputs.contains(where: { $0 != nil }) else { continue }
    let step = MappedStep(
      operands: zip(node.inputs, inputs).map { $1 ?? $0 },
      isMapped: node.inputs.map { mappedNodes.contains(ObjectIdentifier($0.node)) }, count: batch.count)
    guard step.isMapped.contains(true) else {
      rewritten[ObjectIdentifier(node)] = Tensor.recordAll(node.op, step.operands)
      continue
    }
    rewritten[ObjectIdentifier(node)] = node.op.mapped(step) ?? step.oneByOne(node.op)
    mappedNodes.insert(ObjectIdentifier(node))
  }
  return results.map { result in
    let id = ObjectIdentifier(result.node)
    let whole = rewritten[id]?[result.output] ?? result
    guard whole.failure == nil, !mappedNodes.contains(id) else { return whole }
    return whole.broadcast(to: Shape([batch.count] + whole.shape.dimensions))
  }
}

/// A composite operation by its definition, recorded for one example and mapped.
func mappedDefinition(of op: some CompositeOperation, _ step: MappedStep) -> [Tensor] {
  let batch = Batch(of: step)
  let standIns = batch.exampleTypes.map { Tensor.placeholder($0) }
  return mapped(op.definition(standIns), over: standIns, batch)
}
