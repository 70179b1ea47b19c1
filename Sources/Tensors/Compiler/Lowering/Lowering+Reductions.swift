extension Lowering {
  /// Reduces one run of neighboring axes (in memory) at a time, the innermost first.
  mutating func reduce(_ kind: Reduction, _ source: View, _ axes: [Int]) -> View {
    if let sums = reduceSpacedRows(kind, source, axes) { return sums }
    var current = source.denseOrder == nil || source.shape.elementCount == 0 ? rowMajor(source) : source
    var left = Set(axes.filter { current.shape[$0] != 1 })
    if kind == .norm, left.isEmpty {  // the norm of one element is its magnitude
      let next = allocate(current.shape, order: current.denseOrder)
      steps.append(
        .reduce(
          kind, outer: current.shape.elementCount, count: 1, inner: 1, row: 1,
          x: Address(buffer: current.buffer, offset: current.offset), y: Address(buffer: next.buffer)))
      return next
    }
    while !left.isEmpty {
      let order = (current.denseOrder ?? Array(current.shape.indices)).filter { current.shape[$0] != 1 }
      guard let last = order.lastIndex(where: left.contains) else { break }
      var first = last
      while first > 0, left.contains(order[first - 1]) { first -= 1 }
      func product(_ axes: ArraySlice<Int>) -> Int { axes.reduce(1) { $0 * current.shape[$1] } }
      let (outer, count, inner) = (
        product(order[..<first]), product(order[first...last]), product(order[(last + 1)...])
      )
      var shape = current.shape
      for axis in order[first...last] {
        shape.dimensions[axis] = 1
        left.remove(axis)
      }
      let next = allocate(shape, order: current.denseOrder)
      steps.append(
        .reduce(
          kind, outer: outer, count: count, inner: inner, row: inner,
          x: Address(buffer: current.buffer, offset: current.offset), y: Address(buffer: next.buffer)))
      current = next
    }
    return current
  }
}
