extension Tensor {
  /// The distinct elements in ascending order [count], the int32 index among them of each element (the tensor's shape), and
  /// how often each occurs: int32 [count]. NaN equals nothing, itself neither.
  ///
  /// How many there are depends on values, so these are computed now, as by `values()`; this cannot be recorded. The
  /// distinct elements have a gradient, which passes to their first occurrences. Costs a sort.
  public func unique(
    file: StaticString = #fileID, line: UInt = #line
  ) throws(TensorError) -> (values: Tensor, indices: Tensor, counts: Tensor) {
    let flat = flattened()
    let positions = try flat.argsorted(file: file, line: line).values(as: Int32.self, file: file, line: line)
    let order = Tensor(positions, shape: flat.shape.dimensions)
    let sorted = flat.gather(order, along: 0)
    if let failure = sorted.failure { throw failure }
    let count = sorted.shape.elementCount
    // Whether it differs from the one before.
    let isNew = Tensor.concatenated(
      [
        .ones([Swift.min(count, 1)], dtype: .bool),
        .!sorted[Swift.min(count, 1)...].equal(to: sorted[..<Swift.max(count - 1, 0)]),
      ],
      axis: 0)
    let values = try sorted.masked(isNew, file: file, line: line)
    let ones = Tensor.ones([count], dtype: .int32)
    let numbers = isNew.cast(to: .int32).cumulativeSum() - ones
    let none = Tensor.zeros([count], dtype: .int32)
    return (
      values, none.scatter(numbers, at: order, along: 0).reshaped(to: shape),
      Tensor.zeros(values.shape, dtype: .int32).scatter(ones, at: numbers, along: 0, mode: .add)
    )
  }
}
