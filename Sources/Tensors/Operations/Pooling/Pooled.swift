// Pooling of sequences [n, c, l], images [n, c, h, w] and volumes [n, c, d, h, w], by pooling of images.

extension Tensor {
  /// The greatest of each window along one to three spatial axes; the first of equals takes the gradient.
  ///
  /// - Parameters:
  ///   - stride: from one window to the next, by default the kernel's size.
  ///   - paddingBegin: how far windows reach over the beginning of each axis, `paddingEnd`: over its end; less than the
  ///     kernel. Nothing is greatest there.
  ///   - dilation: from one element of a window to the next.
  ///   - roundsUp: whether a last window that reaches over the end is one too; PyTorch's `ceil_mode`.
  public func maxPooled(
    kernel: SpatialSize, stride: SpatialSize? = nil, paddingBegin: SpatialSize = 0, paddingEnd: SpatialSize = 0,
    dilation: SpatialSize = 1, roundsUp: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let windows = try windows(
        for: "maxPool", kernel: kernel, stride: stride ?? kernel, begin: paddingBegin, end: paddingEnd,
        dilation: dilation
      ).roundedUp(in: shape, if: roundsUp)
      return try pooled(.maximum, windows)
    }
  }

  /// The mean of each window along one to three spatial axes.
  ///
  /// - Parameters:
  ///   - stride: from one window to the next, by default the kernel's size.
  ///   - paddingBegin: zeros before each axis, `paddingEnd`: after it; less than the kernel.
  ///   - roundsUp: whether a last window that reaches over the end is one too; PyTorch's `ceil_mode`. Beyond the padding it
  ///     has no elements.
  ///   - countsPadding: whether padding counts as elements of the mean.
  public func averagePooled(
    kernel: SpatialSize, stride: SpatialSize? = nil, paddingBegin: SpatialSize = 0, paddingEnd: SpatialSize = 0,
    roundsUp: Bool = false, countsPadding: Bool = true, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let given = try windows(
        for: "averagePool", kernel: kernel, stride: stride ?? kernel, begin: paddingBegin, end: paddingEnd)
      var result = try pooled(.average, given.roundedUp(in: shape, if: roundsUp))
      for (axis, window) in given.enumerated() {
        // Of the kernel's elements only some count.
        let (size, positions) = (shape[axis + 2], result.shape[axis + 2])
        try Memory.check(positions.times(3 * MemoryLayout<Double>.stride), for: "the elements of \(positions) windows")
        let shares = (0..<positions).map { position in
          let start = position * window.stride - window.begin
          let end = Swift.min(start + window.kernel, countsPadding ? size + window.end : size)
          return Double(window.kernel) / Double(end - (countsPadding ? start : Swift.max(start, 0)))
        }
        guard shares.contains(where: { $0 != 1 }) else { continue }
        let factors = Tensor.constants(shares, [positions] + Array(repeating: 1, count: given.count - axis - 1), dtype)
        result = result * factors
      }
      return result
    }
  }

  /// The power mean without the division: (Σ xᵖ)^(1/p) of each window, along one to three spatial axes. A window of which
  /// the sum is negative gives NaN for most powers, so x should not be negative where p is odd.
  ///
  /// As in PyTorch, a last window that `roundsUp` adds counts as if the elements that it lacks had the mean of the others.
  public func lpPooled(
    power: Double, kernel: SpatialSize, stride: SpatialSize? = nil, roundsUp: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard power.isFinite, power > 0 else { throw TensorError("lpPool: the power must be above 0, not \(power)") }
      let axes = try spatialAxes(for: "lpPool")
      let means = self.power(.constant(power)).averagePooled(kernel: kernel, stride: stride, roundsUp: roundsUp)
      let count = (kernel.along(axes) ?? []).reduce(1.0) { $0 * Double($1) }
      return (means * .constant(count)).power(.constant(1 / power))
    }
  }

  /// Pools windows, of volumes first within slices and then across them.
  private func pooled(_ kind: Pool.Kind, _ windows: [AxisWindow]) throws(TensorError) -> Tensor {
    let out = try positions(of: windows, for: kind == .maximum ? "maxPool" : "averagePool")
    func pool(_ images: Tensor, _ window: Window) -> Tensor {
      kind == .maximum ? images.maxPooled(window) : .record(Pool(kind: kind, window: window), [images])
    }
    let whole = Shape([shape[0], shape[1]] + out)
    guard windows.count == 3 else {
      return pool(withTwoSpatialAxes(), windows.ofImages).reshaped(to: whole)
    }
    let slices = pool(asSlices(), windows.ofImages)
    let columns = slices.reshaped(to: [shape[0], shape[1], shape[2], out[1].times(out[2])])
    return pool(columns, windows.ofDepth).reshaped(to: whole)
  }

  /// Volumes as images, a channel for each slice: [n, c, d, h, w] → [n, c · d, h, w].
  func asSlices() -> Tensor { reshaped(to: [shape[0], shape[1].times(shape[2]), shape[3], shape[4]]) }

  private func maxPooled(_ window: Window) -> Tensor {
    func pooled(_ images: Tensor) -> Tensor { .record(Pool(kind: .maximum, window: window), [images]) }
    // ReLU and adding a value for each channel are monotonic, so they commute with the maximum, and so does the
    // gradient. Done after pooling, they and their gradients process the few elements that are left.
    guard let inside = operands(from: Unary(ReLU.self))?[0] else { return pooled(self) }
    guard let terms = inside.operands(from: Binary(Add.self)), terms[0].shape == inside.shape, terms[1].shape.rank == 4,
      [0, 2, 3].allSatisfy({ terms[1].shape[$0] == 1 })
    else { return pooled(inside).relu() }
    return (pooled(terms[0]) + terms[1]).relu()
  }

  /// The operands, if this is a result of that operation.
  private func operands(from op: some Operation) -> [Tensor]? { op.isEqual(to: node.op) ? node.inputs : nil }
}

extension [AxisWindow] {
  /// The window along the last two axes, or along the only one.
  var ofImages: Window {
    count == 1 ? Window(AxisWindow(), self[0]) : Window(self[count - 2], self[count - 1])
  }

  /// The window along the first axis alone, in images of which that is the height.
  var ofDepth: Window { Window(self[0], AxisWindow()) }

  /// With so much padding at the end that a last window which begins in the image or the padding before it is one too.
  func roundedUp(in images: Shape, if roundsUp: Bool) -> [AxisWindow] {
    guard roundsUp else { return self }
    return zip(self, images.dropFirst(2)).map { window, size in
      let rest = size + window.begin + window.end - window.reach
      guard rest > 0, rest % window.stride > 0 else { return window }
      let start = (rest / window.stride + 1) * window.stride
      guard start < size + window.begin else { return window }
      var longer = window
      longer.end = start + window.reach - size - window.begin
      return longer
    }
  }
}
