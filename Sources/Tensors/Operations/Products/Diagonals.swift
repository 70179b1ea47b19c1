extension Tensor {
  /// The diagonals of the matrices along two axes, by default the last two, which become one last axis: [a, n, n] → [a, n].
  /// `offset` counts how many places above the main diagonal, or below it where negative. Negative axes count from the end.
  public func diagonal(
    offset: Int = 0, axes: (Int, Int) = (-2, -1), file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let (row, column) = (try shape.axis(axes.0, for: "diagonal"), try shape.axis(axes.1, for: "diagonal"))
      guard row != column else { throw TensorError("diagonal: needs two different axes of \(shape), not \(row) twice") }
      let (rows, columns) = (shape[row], shape[column])
      guard offset > -Swift.max(rows, 1), offset < Swift.max(columns, 1) else {
        throw TensorError(
          "diagonal: there is none \(offset) places from the main one in matrices [\(rows), \(columns)]")
      }
      let others = shape.indices.filter { $0 != row && $0 != column }
      let rest = others.map { shape[$0] }
      let flat = permuted(others + [row, column]).reshaped(to: Shape(rest + [rows * columns]))
      let count = Swift.min(rows - Swift.max(-offset, 0), columns - Swift.max(offset, 0))
      guard count > 0 else { return .zeros(Shape(rest + [0]), dtype: dtype) }
      let start = offset >= 0 ? offset : -offset * columns
      return flat[.ellipsis, .stride(from: start, to: start + (count - 1) * (columns + 1) + 1, by: columns + 1)]
    }
  }

  /// The sum of the diagonals of matrices [..., n, n]: [...].
  public func trace(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    diagonal(file: file, line: line).sum(axes: [-1], file: file, line: line)
  }
}
