// Max-pooling with windows that differ along an axis: those that share it out evenly, and random ones.

/// Window i of o that share out n elements: from ⌊i · n / o⌋ to before ⌈(i + 1) · n / o⌉.
func evenWindow(_ index: Int, of count: Int, in size: Int) -> Range<Int> {
  index * size / count..<((index + 1) * size + count - 1) / count
}

extension Tensor {
  /// The greatest of windows that share out each spatial axis evenly, as those of `adaptiveAveragePooled`: [n, c, h, w] → [n, c,
  /// oh, ow], likewise [n, c, l] and [n, c, d, h, w]. The first of equals takes the gradient.
  public func adaptiveMaxPooled(to size: SpatialSize, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    adaptiveMaxPooledWithPositions(to: size, file: file, line: line).values
  }

  /// The same, and where in its channel each is: int32, as of `maxPooledWithPositions`.
  public func adaptiveMaxPooledWithPositions(
    to size: SpatialSize, file: StaticString = #fileID, line: UInt = #line
  ) -> (values: Tensor, positions: Tensor) {
    let name = "adaptiveMaxPool"
    do throws(TensorError) {
      if let failure { throw failure }
      let sizes = try newSizes(size, for: name)
      if zip(sizes, shape.dropFirst(2)).allSatisfy({ $1 % $0 == 0 }) {
        let kernel = SpatialSize(zip(sizes, shape.dropFirst(2)).map { $1 / $0 })
        return maxPooledWithPositions(kernel: kernel, file: file, line: line)
      }
      return try greatest(name) { axis in
        let windows = (0..<sizes[axis]).map { evenWindow($0, of: sizes[axis], in: shape[axis + 2]) }
        let longest = windows.map(\.count).reduce(0) { Swift.max($0, $1) }
        // The last element of a shorter window is repeated.
        let indices = windows.flatMap { window in
          (0..<longest).map { Int32(Swift.min(window.lowerBound + $0, window.upperBound - 1)) }
        }
        return Tensor(indices, shape: [1, 1, sizes[axis], longest])
      }
    } catch {
      let failed = Tensor.failed(error.called(at: CallSite(file, line)))
      return (failed, failed)
    }
  }

  /// The greatest of windows of one size at random places, in order and about evenly: [n, c, h, w] → [n, c, oh, ow], likewise
  /// [n, c, l] and [n, c, d, h, w]. Also where in its channel each is: int32, as of `maxPooledWithPositions`.
  ///
  /// - Parameters:
  ///   - kernel: the windows' size; at most that of each axis.
  ///   - size: of the result's spatial axes.
  ///   - samples: where windows begin, numbers from 0 to below 1: [n, c, spatial axes]; by default random ones.
  ///
  /// Source: Graham, "Fractional Max-Pooling", 2014, section 2: pseudorandom, overlapping regions.
  public func fractionalMaxPooled(
    kernel: SpatialSize, to size: SpatialSize, samples: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> (values: Tensor, positions: Tensor) {
    let name = "fractionalMaxPool"
    do throws(TensorError) {
      if let failure { throw failure }
      let sizes = try newSizes(size, for: name)
      guard let kernels = kernel.along(sizes.count),
        sizes.indices.allSatisfy({ 1...shape[$0 + 2] ~= kernels[$0] && sizes[$0] <= shape[$0 + 2] - kernels[$0] + 1 })
      else { throw TensorError("\(name): \(size) windows of \(kernel) do not fit into \(shape)") }
      let samples = samples ?? .randomUniform([shape[0], shape[1], sizes.count])
      if let failure = samples.failure { throw failure }
      guard samples.shape == [shape[0], shape[1], sizes.count], samples.dtype.isDifferentiable else {
        throw TensorError("\(name): samples must be [\(shape[0]), \(shape[1]), \(sizes.count)], not \(samples.type)")
      }
      return try greatest(name) { axis in
        let (last, count) = (shape[axis + 2] - kernels[axis], sizes[axis])
        let step = Tensor.constant(count > 1 ? Double(last) / Double(count - 1) : 0)
        let u = samples[.ellipsis, axis].stoppingGradient().unsqueezed(axis: -1)
        let index = Tensor.iota([Swift.max(count - 1, 0)], axis: 0).cast(to: u.dtype)
        let starts = ((u + index) * step).floor() - (u * step).floor()
        let end = Tensor.fill(Double(last), [shape[0], shape[1], 1], .int32)
        let all = Tensor.concatenated([starts.cast(to: .int32), end], axis: -1)
        return all.unsqueezed(axis: -1) + .iota([kernels[axis]], axis: 0)
      }
    } catch {
      let failed = Tensor.failed(error.called(at: CallSite(file, line)))
      return (failed, failed)
    }
  }

  /// The first greatest of windows along each spatial axis, and where in its channel it is. `windows`: the indices along an
  /// axis of the elements of each window in ascending order, int32 [n or 1, c or 1, windows, elements].
  private func greatest(
    _ name: String, _ windows: (Int) throws(TensorError) -> Tensor
  ) throws(TensorError) -> (values: Tensor, positions: Tensor) {
    try checkPositions(for: name)
    let strides = Shape(Array(shape.dropFirst(2))).rowMajorStrides
    var (values, positions) = (self, Tensor.fill(0, shape, .int32))
    // Columns first: of equal elements the first in row-major order is one in the first row that has it.
    for axis in strides.indices.reversed() {
      let (found, place) = (try windows(axis), axis + 2)
      let (count, size) = (found.shape[2], found.shape[3])
      var sizes = values.shape.dimensions
      var broad = [found.shape[0], found.shape[1]] + sizes.dropFirst(2).map { _ in 1 }
      (sizes[place], broad[place]) = (count * size, count * size)
      let indices = found.reshaped(to: Shape(broad)).broadcast(to: Shape(sizes))
      sizes.replaceSubrange(place...place, with: [count, size])
      let elements = values.stoppingGradient().gather(indices, along: place).reshaped(to: Shape(sizes))
      let first = elements.argmax(axis: place + 1).unsqueezed(axis: place + 1)
      let chosen = indices.reshaped(to: Shape(sizes)).gather(first, along: place + 1).squeezed(axes: [place + 1])
      values = values.gather(chosen, along: place)
      positions = positions.gather(chosen, along: place) + chosen * .fill(Double(strides[axis]), [], .int32)
    }
    return (values, positions)
  }
}
