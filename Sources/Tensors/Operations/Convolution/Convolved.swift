// Convolutions of sequences, images and volumes, and their transposes, by convolutions of images.

extension Tensor {
  /// Cross-correlation, which networks call convolution, along one to three spatial axes: [n, c, h, w] ∗ [o, c / groups, kh,
  /// kw] → [n, o, oh, ow], likewise [n, c, l] and [n, c, d, h, w].
  ///
  /// - Parameters:
  ///   - stride: from one position of the kernel to the next.
  ///   - paddingBegin: zeros before each axis; `paddingEnd`: after it.
  ///   - dilation: from one element of the kernel to the next.
  ///   - groups: of channels, each of which only sees its own.
  ///
  /// Of volumes it is one convolution of images whose channels are the kernel's slices, which takes a copy of the volume for
  /// each slice.
  public func convolved(
    with weights: Tensor, stride: SpatialSize = 1, paddingBegin: SpatialSize = 0, paddingEnd: SpatialSize = 0,
    dilation: SpatialSize = 1, groups: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let windows = try kernelWindows(of: weights, "convolution", stride, paddingBegin, paddingEnd, dilation)
      try Convolution.check(shape, weights.shape, groups)
      let out = try positions(of: windows, for: "convolution")
      let (images, kernels) = (try asImages(windows, out, groups), weights.kernelsOfImages())
      let window = windows.ofImages
      return Tensor.record(Convolution(window: window, groups: groups), [images, kernels])
        .fromImages(Shape([shape[0], weights.shape[0]] + out))
    }
  }

  /// The transpose of a convolution, which makes images larger by the stride: [n, c, h, w] and weights [c, o / groups, kh, kw]
  /// → [n, o, oh, ow] with oh = (h − 1) · stride − paddingBegin − paddingEnd + dilation · (kh − 1) + 1 + outputPadding, along
  /// one to three axes.
  ///
  /// Each element adds the kernel times itself to the result; padding cuts off the result's margin. It is the gradient with
  /// respect to the images of `convolved` with the same arguments. `outputPadding`: how much longer the result is at the end,
  /// as several sizes of images give the same number of positions.
  ///
  /// Source: Zeiler, Krishnan, Taylor & Fergus, "Deconvolutional Networks", CVPR 2010; Dumoulin & Visin, "A guide to
  /// convolution arithmetic for deep learning", 2016, section 4.
  public func transposeConvolved(
    with weights: Tensor, stride: SpatialSize = 1, paddingBegin: SpatialSize = 0, paddingEnd: SpatialSize = 0,
    outputPadding: SpatialSize = 0, dilation: SpatialSize = 1, groups: Int = 1, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let name = "transposed convolution"
      var windows = try kernelWindows(of: weights, name, stride, paddingBegin, paddingEnd, dilation)
      guard shape[1] == weights.shape[0], groups > 0, shape[1] % groups == 0 else {
        throw TensorError(
          "\(name): the images \(shape) have \(shape[1]) channels, the weights \(weights.shape) take \(weights.shape[0])"
            + (groups == 1 ? "" : " in \(groups) groups"))
      }
      guard outputPadding.isPossible(along: windows.count, least: 0), let more = outputPadding.along(windows.count)
      else {
        throw TensorError("\(name): the output padding must be 0 to 2²⁰ along each spatial axis, not \(outputPadding)")
      }
      // At the end it cancels padding; beyond that there is nothing to add up.
      for axis in windows.indices { windows[axis].end = Swift.max(windows[axis].end - more[axis], 0) }
      let ends = paddingEnd.along(windows.count) ?? []
      let zeros = zip(more, ends).map { Swift.max($0 - $1, 0) }
      let out = zip(windows, shape.dropFirst(2)).map { $0.size(ofPositions: $1) }
      guard out.allSatisfy({ $0 > 0 }) else {
        throw TensorError("\(name): nothing is left of \(shape) with this padding")
      }
      let outputs = weights.shape[1].times(groups)
      let whole = Shape([shape[0], outputs] + out)
      if let flaw = whole.flaw { throw TensorError("\(name): \(flaw)") }
      let result = try transposedImages(windows, weights, whole, groups)
      return zeros.allSatisfy { $0 == 0 }
        ? result : result.padded(before: Array(repeating: 0, count: shape.rank), after: [0, 0] + zeros)
    }
  }

  /// The windows of a convolution with these weights.
  private func kernelWindows(
    of weights: Tensor, _ name: String, _ stride: SpatialSize, _ begin: SpatialSize, _ end: SpatialSize,
    _ dilation: SpatialSize
  ) throws(TensorError) -> [AxisWindow] {
    if let failure = weights.failure { throw failure }
    _ = try spatialAxes(for: name)
    guard weights.shape.rank == shape.rank, weights.dtype == dtype else {
      throw TensorError("\(name): \(type) needs weights of its type with as many axes, not \(weights.type)")
    }
    return try windows(
      for: name, kernel: SpatialSize(Array(weights.shape.dropFirst(2))), stride: stride, begin: begin, end: end,
      dilation: dilation)
  }

  // MARK: Sequences and volumes as images

  /// [n, c, l] as [n, c, 1, l]; [n, c, d, h, w] as [n · od, c · kd, h, w], the slices that the kernel's meet at each position,
  /// slice by slice in each group.
  private func asImages(_ windows: [AxisWindow], _ out: [Int], _ groups: Int) throws(TensorError) -> Tensor {
    guard windows.count == 3 else { return withTwoSpatialAxes() }
    let (n, c, h, w, kernel) = (shape[0], shape[1], shape[3], shape[4], windows[0].kernel)
    let taps = try windows[0].taps(in: shape[2], positions: out[0])
    return product(taps, along: 2)
      .reshaped(to: [n, groups, c / groups, out[0], kernel, h, w])
      .permuted([0, 3, 1, 4, 2, 5, 6])
      .reshaped(to: [n.times(out[0]), c.times(kernel), h, w])
  }

  /// [n, c, l] as [n, c, 1, l]; images as they are.
  func withTwoSpatialAxes() -> Tensor { shape.rank == 3 ? unsqueezed(axis: 2) : self }

  /// Weights of sequences, images or volumes as those of the images that `asImages` gives.
  private func kernelsOfImages() -> Tensor {
    guard shape.rank == 5 else { return withTwoSpatialAxes() }
    return permuted([0, 2, 1, 3, 4]).reshaped(to: [shape[0], shape[1].times(shape[2]), shape[3], shape[4]])
  }

  /// The results of images in the shape of sequences, images or volumes: [n · od, o, h, w] as [n, o, od, h, w].
  private func fromImages(_ whole: Shape) -> Tensor {
    guard failure == nil, whole.rank == 5 else { return reshaped(to: whole) }
    return reshaped(to: [whole[0], whole[2], whole[1], whole[3], whole[4]]).permuted([0, 2, 1, 3, 4])
  }

  private func transposedImages(
    _ windows: [AxisWindow], _ weights: Tensor, _ whole: Shape, _ groups: Int
  ) throws(TensorError) -> Tensor {
    func transposed(_ images: Tensor, _ shape: Shape) -> Tensor {
      let operation = Convolution(window: windows.ofImages, groups: groups, direction: .backwardData, shape: shape)
      return .record(operation, [images, weights.kernelsOfImages()])
    }
    guard windows.count == 3 else {
      let image = whole.rank == 3 ? [whole[0], whole[1], 1, whole[2]] : whole
      return transposed(withTwoSpatialAxes(), image).reshaped(to: whole)
    }
    // Each slice gives as many as the kernel has, which add up where they overlap.
    let (n, d, o, kernel) = (shape[0], shape[2], whole[1], windows[0].kernel)
    let matrix = try windows[0].taps(in: whole[2], positions: d).transposed
    let slices = permuted([0, 2, 1, 3, 4]).reshaped(to: [n.times(d), shape[1], shape[3], shape[4]])
    return transposed(slices, [n.times(d), o.times(kernel), whole[3], whole[4]])
      .reshaped(to: [n, d, groups, kernel, o / groups, whole[3], whole[4]])
      .permuted([0, 2, 4, 1, 3, 5, 6])
      .reshaped(to: [n, o, d.times(kernel), whole[3], whole[4]])
      .product(matrix, along: 2)
  }
}

extension AxisWindow {
  /// The elements of all windows in a row, one row of the matrix each, which is empty in the padding.
  fileprivate func taps(in size: Int, positions: Int) throws(TensorError) -> SparseMatrix {
    let limit = 1 << 24
    guard size <= limit, positions.times(kernel) <= limit else {
      throw TensorError("convolution: windows of \(kernel) slices in \(size) have more elements than 2²⁴")
    }
    let rows = (0..<positions * kernel).map { row -> [(column: Int, weight: Double)] in
      let source = row / kernel * stride - begin + row % kernel * dilation
      return 0..<size ~= source ? [(source, 1)] : []
    }
    return SparseMatrix(columns: size, rows: rows)
  }
}
