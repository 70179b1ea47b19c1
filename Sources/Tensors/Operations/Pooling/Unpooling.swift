// Where the greatest of each window was, and the way back.

extension Tensor {
  /// The greatest of each window, as `maxPooled` gives it, and where it is: int32, the number of the element among those of
  /// its channel in row-major order. Of equals the first is taken.
  public func maxPooledWithPositions(
    kernel: SpatialSize, stride: SpatialSize? = nil, paddingBegin: SpatialSize = 0, paddingEnd: SpatialSize = 0,
    dilation: SpatialSize = 1, roundsUp: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> (values: Tensor, positions: Tensor) {
    let values = maxPooled(
      kernel: kernel, stride: stride, paddingBegin: paddingBegin, paddingEnd: paddingEnd, dilation: dilation,
      roundsUp: roundsUp, file: file, line: line)
    if values.failure != nil { return (values, values) }
    let positions = checked(CallSite(file, line)) { () throws(TensorError) in
      try checkPositions(for: "maxPool")
      let windows = try windows(
        for: "maxPool", kernel: kernel, stride: stride ?? kernel, begin: paddingBegin, end: paddingEnd,
        dilation: dilation
      ).roundedUp(in: shape, if: roundsUp)
      let padded = zip(windows, shape.dropFirst(2)).reduce(1) { $0.times($1.1.plus($1.0.begin).plus($1.0.end)) }
      guard padded < 1 << 28 else {
        throw TensorError(
          "maxPool: channels of \(shape) with this padding have more elements than positions count (2²⁸)")
      }
      guard windows.count == 3 else {
        return withTwoSpatialAxes().greatestPositions(windows.ofImages).reshaped(to: values.shape)
      }
      // Within each slice, and then which slice it is.
      let (n, c, d, plane) = (shape[0], shape[1], shape[2], values.shape[3].times(values.shape[4]))
      let greatest = Tensor.record(Pool(kind: .maximum, window: windows.ofImages), [asSlices()])
        .reshaped(to: [n, c, d, plane])
      let inSlice = asSlices().greatestPositions(windows.ofImages).reshaped(to: [n, c, d, plane])
      // An image of one column for each line of slices, so that a position is the number of the slice.
      let lines = greatest.permuted([0, 1, 3, 2]).reshaped(to: [n, c.times(plane), d, 1])
      let slice = lines.greatestPositions(windows.ofDepth)
        .reshaped(to: [n, c, plane, values.shape[2]]).permuted([0, 1, 3, 2])
      let size = Tensor.fill(Double(shape[3] * shape[4]), [], .int32)
      return (slice * size + inSlice.gather(slice, along: 2)).reshaped(to: values.shape)
    }
    return (values, positions)
  }

  /// Zeros of a larger size with these values at their positions: the inverse of `maxPooledWithPositions`, but for what was
  /// not greatest.
  ///
  /// - Parameters:
  ///   - positions: where in its channel each value goes, int32 of this tensor's shape. Those outside are left out; of equal
  ///     ones the last counts.
  ///   - size: of the result's spatial axes.
  public func maxUnpooled(
    to size: SpatialSize, positions: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let axes = try spatialAxes(for: "maxUnpool")
      if let failure = positions.failure { throw failure }
      guard let sizes = size.along(axes), sizes.allSatisfy({ $0 > 0 }), positions.shape == shape else {
        throw TensorError(
          "maxUnpool: needs positions of the shape \(shape), not \(positions.shape), and a size of at least 1 along each of \(axes) spatial axes, not \(size)"
        )
      }
      let whole = Shape([shape[0], shape[1]] + sizes)
      if let flaw = whole.flaw { throw TensorError("maxUnpool: \(flaw)") }
      let zeros = Tensor.fill(0, [shape[0], shape[1], sizes.reduce(1) { $0.times($1) }], dtype)
      return zeros.scatter(flattened(from: 2), at: positions.flattened(from: 2), along: 2).reshaped(to: whole)
    }
  }

  /// Where in images [n, c, h, w] the first greatest of each window is: int32 [n, c, oh, ow], row · w + column.
  private func greatestPositions(_ window: Window) -> Tensor {
    let taps = Pool(kind: .maximum, window: window).firstGreatest(of: self)
    let width = shape[3]
    let offsets = (0..<window.kernel.height * window.kernel.width).map { tap in
      let (row, column) = (tap / window.kernel.width, tap % window.kernel.width)
      return Int32(row * window.dilation.height * width + column * window.dilation.width)
    }
    func starts(_ count: Int, _ step: Int, _ begin: Int, _ scale: Int) -> [Int32] {
      (0..<count).map { Int32(($0 * step - begin) * scale) }
    }
    let (oh, ow) = (taps.shape[2], taps.shape[3])
    let rows = Tensor(starts(oh, window.stride.height, window.paddingBegin.height, width), shape: [oh, 1])
    let columns = Tensor(starts(ow, window.stride.width, window.paddingBegin.width, 1), shape: [ow])
    return Tensor(offsets, shape: [offsets.count, 1]).rows(taps).reshaped(to: taps.shape) + rows + columns
  }

  func checkPositions(for operation: String) throws(TensorError) {
    guard shape.dropFirst(2).reduce(1, { $0.times($1) }) < 1 << 28 else {
      throw TensorError("\(operation): channels of \(shape) have more elements than positions count (2²⁸)")
    }
  }
}
