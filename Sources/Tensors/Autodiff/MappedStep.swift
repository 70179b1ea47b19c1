/// An operation of a function that is computed for a batch of examples at once, and its operands, of which some differ
/// from example to example.
struct MappedStep {
  let operands: [Tensor]
  /// Which operands have the axis of the batch in front; the others are the same for all examples.
  let isMapped: [Bool]
  /// How many examples there are.
  let count: Int

  /// An operand's rank for one example.
  func rank(_ index: Int) -> Int { operands[index].shape.rank - (isMapped[index] ? 1 : 0) }

  /// Records an operation whose operands broadcast: axes of size 1 between the batch and an example's axes line them up.
  func aligned(_ op: some Operation) -> [Tensor] {
    let greatest = operands.indices.map(rank).max() ?? 0
    let lined = operands.indices.map { index in
      guard isMapped[index], rank(index) < greatest else { return operands[index] }
      let ones = [Int](repeating: 1, count: greatest - rank(index))
      return operands[index].reshaped(to: Shape([count] + ones + operands[index].shape.dropFirst()))
    }
    return Tensor.recordAll(op, lined)
  }

  /// Records an operation on operands that all have the axis of the batch.
  func batched(_ op: some Operation) -> [Tensor] { Tensor.recordAll(op, operands.indices.map(batched)) }

  /// An operand with the axis of the batch.
  func batched(_ index: Int) -> Tensor {
    isMapped[index] ? operands[index] : operands[index].broadcast(to: Shape([count] + operands[index].shape.dimensions))
  }

  /// Records an operation that treats the elements of its operands' first axis alike: the batch becomes a part of that
  /// axis, but for the operands `shared`, which must be the same for all examples. Otherwise it returns `nil`.
  func folded(_ op: some Operation, shared: Set<Int> = []) -> [Tensor]? {
    guard shared.allSatisfy({ !isMapped[$0] }) else { return nil }
    let flat = operands.indices.map { index in
      guard !shared.contains(index) else { return operands[index] }
      let whole = batched(index)
      return whole.reshaped(to: Shape([count * whole.shape[1]] + whole.shape.dropFirst(2)))
    }
    return Tensor.recordAll(op, flat).map { result in
      result.failure == nil
        ? result.reshaped(to: Shape([count, result.shape[0] / count] + result.shape.dropFirst())) : result
    }
  }

  /// Records an operation for each example.
  func oneByOne(_ op: any Operation) -> [Tensor] {
    let examples = (0..<count).map { example in
      Tensor.recordAll(
        op,
        operands.indices.map { index in
          guard isMapped[index] else { return operands[index] }
          let whole = operands[index].shape
          let part = operands[index].sliced(
            starts: [example] + whole.dropFirst().map { _ in 0 }, shape: Shape([1] + whole.dropFirst()))
          return part.reshaped(to: Shape(whole.dropFirst().map { $0 }))
        })
    }
    return (0..<op.resultCount).map { output in Tensor.stacked(examples.map { $0[output] }) }
  }
}
