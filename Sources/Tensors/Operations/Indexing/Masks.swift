// Results whose shapes depend on values. They cannot be recorded: values are computed when these functions are called.

extension Tensor {
  /// The elements where a mask is true, in row-major order: [count]; or the slices, where the mask has only the first axes
  /// of the tensor: [count, ...].
  ///
  /// How many there are depends on the mask's values, so these are computed now: in a `CompiledStep`, and of a mask that
  /// depends on its inputs, that is an error. The elements themselves are recorded and have a gradient. `Tensor.where`
  /// chooses without a result of another shape.
  public func masked(
    _ mask: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) throws(TensorError) -> Tensor {
    if let failure { throw failure }
    let site = CallSite(file, line)
    guard
      mask.failure != nil
        || mask.dtype == .bool && mask.shape.rank <= shape.rank
          && mask.shape.indices.allSatisfy({ mask.shape[$0] == shape[$0] })
    else {
      throw TensorError("masked: needs a bool mask of the first axes of \(shape), not \(mask.type)", callSite: site)
    }
    let chosen = try mask.truePositions("masked", site)
    let rest = Shape(shape.dropFirst(mask.shape.rank).map { $0 })
    let table = reshaped(to: [mask.shape.elementCount, rest.dimensions.reduce(1, *)])
    return table.rows(Tensor(chosen, shape: [chosen.count])).reshaped(to: Shape([chosen.count] + rest.dimensions))
  }

  /// The positions of the elements that are not 0, in row-major order: int32 [count, rank]. NaN is not 0.
  ///
  /// How many there are depends on values, so these are computed now, as by `values()`; this cannot be recorded.
  public func nonzero(file: StaticString = #fileID, line: UInt = #line) throws(TensorError) -> Tensor {
    let chosen = try cast(to: .bool).truePositions("nonzero", CallSite(file, line))
    let strides = shape.rowMajorStrides
    let positions = chosen.flatMap { place in
      shape.indices.map { Int32(Int(place) / strides[$0] % shape[$0]) }
    }
    return Tensor(positions, shape: [chosen.count, shape.rank])
  }

  /// The places of what is true in row-major order.
  private func truePositions(_ name: String, _ site: CallSite) throws(TensorError) -> [Int32] {
    guard shape.elementCount <= Int(Int32.max) else {
      throw TensorError("\(name): \(shape) has more elements than int32 counts", callSite: site)
    }
    do throws(TensorError) {
      return try values(as: Bool.self).enumerated().compactMap { $0.element ? Int32($0.offset) : nil }
    } catch {
      throw error.called(at: site)
    }
  }
}
