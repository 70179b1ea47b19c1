// Gaps between rows. Rows a multiple of 4 KB apart map to the same few sets of the first-level cache, so that a
// kernel that walks down their columns, as a product for a gradient of weights does, takes 1.1 to 1.5 times as long.
extension Lowering {
  /// Elements from one row to the next, for rows of this width that kernels walk down.
  static func spacedRow(_ width: Int) -> Int { width > 0 && width % 1024 == 0 ? width + 16 : width }
  /// A new buffer, row-major but for the gaps after its rows.
  mutating func allocateSpaced(_ shape: Shape) -> View {
    let spaced = Shape(shape.dropLast() + [Lowering.spacedRow(shape[-1])])
    return allocate(spaced).with(shape: shape, strides: spaced.rowMajorStrides)
  }

  /// A matrix with gaps after its rows, copied if they are a multiple of 4 KB apart. `down`: the axis across the rows,
  /// 0 or 1.
  mutating func spaced(_ matrix: View, down: Int) -> View {
    guard matrix.shape.rank == 2, matrix.strides[down] % 1024 == 0, matrix.strides[1 - down] == 1 else { return matrix }
    if let copy = spacedCopies[matrix] { return copy }
    var copy = allocateSpaced([matrix.shape[down], matrix.shape[1 - down]])
    if down == 1 { (copy.shape, copy.strides) = (matrix.shape, copy.strides.reversed()) }
    emitCopy(from: matrix, to: copy)
    spacedCopies[matrix] = copy
    return copy
  }

  /// A value with rows of `width` as a matrix whose rows are in memory order, with gaps or without; copied where they
  /// are not.
  mutating func matrixOfRows(_ view: View, width: Int) -> View {
    let shape: Shape = [width == 0 ? 0 : view.shape.elementCount / width, width]
    if let matrix = view.reshaped(to: shape), matrix.strides[1] == 1, matrix.strides[0] >= width { return matrix }
    let dense = rowMajor(view)
    return dense.with(shape: shape, strides: [width, 1])
  }
}
