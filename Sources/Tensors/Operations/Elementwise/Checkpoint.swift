/// Results whose gradients compute the values between the inputs and the results again, rather than keep them.
///
/// operands: results, then the inputs and all else that the results were computed from.
///
/// It exists for the reverse walk, as `CustomGradient` does, and is replaced by the results when a plan is compiled.
struct Checkpoint: CompositeOperation {
  let resultCount: Int
  /// Where the part of the graph between inputs and results begins: a node for each input.
  let borders: [Tensor]

  static func == (a: Checkpoint, b: Checkpoint) -> Bool { a.resultCount == b.resultCount }
  func hash(into hasher: inout Hasher) { hasher.combine(resultCount) }

  func types(of operands: [TensorType]) -> [TensorType] { Array(operands.prefix(resultCount)) }

  /// The gradients of a copy of the part, which begins with the inputs as they are after u is known.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    let results = Array(step.operands.prefix(resultCount))
    let copies = borders.map { Tensor.record(Delay(), [$0.node.inputs[0], step.upstream]) }
    var copied: [ObjectIdentifier: [Tensor]] = [:]
    for (border, copy) in zip(borders, copies) { copied[ObjectIdentifier(border.node)] = [copy] }
    let others = Array(step.operands.dropFirst(resultCount + borders.count))
    let ends = Set((borders + others).map { ObjectIdentifier($0.node) })
    for node in nodesReachable(from: results, follow: { !ends.contains(ObjectIdentifier($0)) })
    where !ends.contains(ObjectIdentifier(node)) {
      let inputs = node.inputs.map { copied[ObjectIdentifier($0.node)]?[$0.output] ?? $0 }
      guard zip(inputs, node.inputs).contains(where: { $0.node !== $1.node }) else { continue }
      copied[ObjectIdentifier(node)] = Tensor.recordAll(node.op, inputs)
    }
    let seeds = zip(results, step.upstreams).map { result, upstream in
      (copied[ObjectIdentifier(result.node)]?[result.output] ?? result, upstream)
    }
    return results.map { _ in nil } + (try reverseWalk(from: seeds, to: copies + others))
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { (0..<resultCount).map(step.batched) }
  func definition(_ operands: [Tensor]) -> [Tensor] { Array(operands.prefix(resultCount)) }
  func rewritten(_ operands: [Int], in ir: inout IR) -> [Int]? { Array(operands.prefix(resultCount)) }
}

/// The first operand, as a value of its own: what is computed from it is computed again, after the second operand.
private struct Delay: PrimitiveOperation {
  func types(of operands: [TensorType]) -> [TensorType] { [operands[0]] }
  func gradients(_ step: BackwardStep) -> [Tensor?] { [step.upstream, nil] }
  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(self) }
  func reference(_ operands: ReferenceOperands) -> HostArray { operands.arrays[0] }
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    lowering.views[instruction.firstOutput] = try lowering.view(instruction.inputs[0])
  }
}

/// The results of `function`, whose gradients compute its intermediate values again instead of keeping them.
///
/// ```swift
/// // One block's values at a time are in memory, beside what each block begins with.
/// for block in blocks { x = checkpointed([x]) { [block($0[0])] }[0] }
/// ```
///
/// Training then takes the memory of the inputs and of one such part, for a third more operations where everything is in
/// such parts. The values are the same, random numbers as well. What else the function uses, such as parameters, gets its
/// gradients too, but keeps its memory. At most 4 results.
///
/// Source: Chen, Xu, Zhang & Guestrin, "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174, 2016.
public func checkpointed(
  _ inputs: [Tensor], file: StaticString = #fileID, line: UInt = #line, _ function: ([Tensor]) throws -> [Tensor]
) rethrows -> [Tensor] {
  // Nodes of its own for the inputs, so that the part between them and the results is known.
  let borders = inputs.map {
    $0.failure == nil ? Tensor(Node(Reshape(shape: $0.shape), inputs: [$0], types: [$0.type])) : $0
  }
  let last = Node.latestNumber
  let results = try function(borders)
  guard (1...4).contains(results.count) else {
    let error = TensorError("checkpointed: a function has 1 to 4 results, not \(results.count); join some")
    return results.map { _ in .failed(error.called(at: CallSite(file, line))) }
  }
  if let failed = (borders + results).first(where: { $0.failure != nil }) { return results.map { _ in failed } }
  // What was there before the function was called, or depends on nothing.
  var others: [Tensor] = []
  func isInside(_ tensor: Tensor) -> Bool { tensor.node.number > last && !tensor.node.inputs.isEmpty }
  let inside = nodesReachable(from: results.filter(isInside)) { node in node.number > last }
  for tensor in results + inside.filter({ $0.number > last }).flatMap(\.inputs)
  where !isInside(tensor) && tensor.dtype.isDifferentiable {
    let isKnown = (borders + others).contains { $0.node === tensor.node && $0.output == tensor.output }
    if !isKnown { others.append(tensor) }
  }
  return Tensor.recordAll(
    Checkpoint(resultCount: results.count, borders: borders), results + inputs + others, CallSite(file, line))
}
