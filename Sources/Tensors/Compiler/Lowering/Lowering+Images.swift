extension Lowering {
  /// Images in a layout that convolutions take: dense, row-major or channels last. [n, c] counts as [n, c, 1, 1].
  mutating func imageView(_ value: Int) throws(TensorError) -> View {
    let source = try view(value)
    var image = source
    if source.shape.rank != 4 {  // batch normalization of [n, c], [n, c, l], [n, c, d, h, w]
      let shape = source.shape
      let folded: Shape = [shape[0], shape[1], Shape(shape.dropFirst(2).map { $0 }).elementCount, 1]
      let dense = source.reshaped(to: folded) ?? rowMajor(source)
      image = dense.with(shape: folded, strides: folded.rowMajorStrides)
      if !dense.isRowMajor { image = rowMajor(dense) }
    }
    if image.isRowMajor { return rowMajor(image) }
    return image.denseOrder == Layout.channelsLast ? image : rowMajor(image)
  }

  /// Images whose channels are contiguous, copied if they are not.
  mutating func channelsLastView(_ value: Int) throws(TensorError) -> View {
    let source = try view(value)
    return source.layout.isChannelsLast ? source : copy(source, order: Layout.channelsLast)
  }

  /// Memory for images whose channels are contiguous.
  mutating func channelsLast(_ output: Int) -> View { result(output, order: Layout.channelsLast) }
}
