extension Tensor {
  /// The slices with these indices along an axis, which the axes of the int32 indices replace: [a, n, b] and [i, j] →
  /// [a, i, j, b] for axis 1.
  ///
  /// A negative axis counts from the end. An index outside the axis gives NaN, in types without it 0 or false. The
  /// gradients of a slice that is taken repeatedly add up. Costs two copies of the tensor where the axis is not the first.
  public func take(_ indices: Tensor, axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      if let failure = indices.failure { throw failure }
      let axis = try shape.axis(axis, for: "take")
      let others = shape.indices.filter { $0 != axis }
      let rest = others.map { shape[$0] }
      let table = permuted([axis] + others).reshaped(to: Shape([shape[axis], rest.reduce(1, *)]))
      let taken = table.rows(indices, file: file, line: line)
      if let failure = taken.failure { throw failure }
      let added = indices.shape.rank
      let order = Array(added..<added + axis) + Array(0..<added) + Array(added + axis..<added + rest.count)
      return taken.reshaped(to: Shape(indices.shape.dimensions + rest)).permuted(order)
    }
  }
}
