extension Tensor {
  /// The elements moved along an axis by so many positions, those that leave at one end coming in at the other: with 1,
  /// the last one is the first. A negative number moves toward the start, a negative axis counts from the end.
  public func rolled(by shift: Int, axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "rolled")
      let size = shape[axis]
      let start = size > 0 ? (size - shift % size) % size : 0
      guard start > 0 else { return self }
      let parts = split(sizes: [start, size - start], axis: axis)
      return .concatenated([parts[1], parts[0]], axis: axis, file: file, line: line)
    }
  }

  /// The whole tensor so many times along each axis; an entry for each axis, or for more, which are new ones in front.
  /// [2, 3] tiled by [2, 2] is [4, 6], as NumPy's `tile`.
  public func tiled(_ counts: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard counts.count >= shape.rank, counts.allSatisfy({ $0 >= 0 }) else {
        throw TensorError("tiled: \(counts) must have a number of at least 0 for each axis of \(shape)")
      }
      let added = counts.count - shape.rank
      var result = reshaped(to: Shape(Array(repeating: 1, count: added) + shape.dimensions))
      if let failure = result.failure { throw failure }
      for (axis, count) in counts.enumerated() where count != 1 {
        result = try result.multiplied("tiled", count, axis: axis, asBlocks: true)
      }
      return result
    }
  }

  /// Each element so many times one after the other along an axis: 1, 2 twice is 1, 1, 2, 2. A negative axis counts from
  /// the end.
  public func repeated(_ count: Int, axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "repeated")
      guard count >= 0 else { throw TensorError("repeated: the number of times must be at least 0, not \(count)") }
      return try multiplied("repeated", count, axis: axis, asBlocks: false)
    }
  }

  /// An axis so many times as long: repeated as a whole, or element by element.
  private func multiplied(_ name: String, _ count: Int, axis: Int, asBlocks: Bool) throws(TensorError) -> Tensor {
    let whole = Shape(shape.indices.map { $0 == axis ? shape[$0].times(count) : shape[$0] })
    if let flaw = whole.flaw { throw TensorError("\(name): \(flaw)") }
    let sizes = shape.dimensions
    let (outer, inner) = (sizes[..<axis].reduce(1, *), sizes[(axis + 1)...].reduce(1, *))
    let (front, back) = asBlocks ? (outer, sizes[axis] * inner) : (outer * sizes[axis], inner)
    return reshaped(to: [front, 1, back]).broadcast(to: [front, count, back]).reshaped(to: whole)
  }
}
