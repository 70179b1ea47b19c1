/// The lines of a tensor along an axis: `count` elements of each, and how many lines there are in front of the axis and
/// behind it.
struct AxisLines: BitwiseCopyable, Sendable, CustomStringConvertible {
  let outer: Int, count: Int, inner: Int

  init(_ shape: Shape, _ axis: Int) {
    let sizes = shape.dimensions
    (outer, count) = (sizes[..<axis].reduce(1, *), sizes[axis])
    inner = sizes[(axis + 1)...].reduce(1, *)
  }

  var elementCount: Int { outer * count * inner }
  var description: String { "\([outer, count, inner])" }
}

/// The positions in row-major order of the elements of each line along an axis: for references.
func lines(of shape: Shape, along axis: Int) -> [[Int]] {
  let (strides, size) = (shape.rowMajorStrides, shape[axis])
  let starts = Shape(shape.indices.map { $0 == axis ? 1 : shape[$0] })
  return offsets(starts, strides).map { start in (0..<size).map { start + $0 * strides[axis] } }
}
