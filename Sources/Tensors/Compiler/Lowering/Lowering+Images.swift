extension Lowering {
  /// Images in a layout that convolutions take: dense, row-major or channels last. [n, c] counts as [n, c, 1, 1].
  mutating func imageView(_ value: Int) throws(TensorError) -> View {
    let source = try view(value)
    if source.shape.rank != 4 {  // batch normalization of [n, c], [n, c, l], [n, c, d, h, w]
      let shape = source.shape
      let folded: Shape = [shape[0], shape[1], shape.dropFirst(2).reduce(1, *), 1]
      return rowMajor(source).with(shape: folded, strides: folded.rowMajorStrides)
    }
    return !source.isRowMajor && source.denseOrder == Layout.channelsLast ? source : rowMajor(source)
  }

  /// Images whose channels are contiguous, copied if they are not.
  mutating func channelsLastView(_ value: Int) throws(TensorError) -> View {
    let source = try view(value)
    return source.layout.isChannelsLast ? source : copy(source, order: Layout.channelsLast)
  }

  /// Memory for images whose channels are contiguous.
  mutating func channelsLast(_ output: Int) -> View { result(output, order: Layout.channelsLast) }
}
