// Images and volumes sampled anywhere, as a spatial transformer does.

extension Tensor {
  /// Samples of images at the points of a grid: [n, c, h, w] at [n, oh, ow, 2] → [n, c, oh, ow], or of volumes [n, c, d, h, w]
  /// at [n, od, oh, ow, 3].
  ///
  /// - Parameters:
  ///   - grid: for each result a point (x, y) or (x, y, z), from −1, the left or upper edge, to 1, the right or lower one.
  ///   - mode: `.linear`, `.nearest`, or of images `.cubic`.
  ///   - paddingMode: what is outside: `.zeros`, `.replicate` (PyTorch's border) or `.reflect`, at the edges that −1 and 1 are.
  ///   - alignsCorners: whether −1 and 1 are the centers of the outermost elements, rather than their outer edges.
  ///
  /// Differentiable with respect to the grid too, but in mode `.nearest`.
  ///
  /// Source: Jaderberg, Simonyan, Zisserman & Kavukcuoglu, "Spatial Transformer Networks", NeurIPS 2015, section 3.3.
  public func gridSampled(
    at grid: Tensor, mode: ResizeMode = .linear, paddingMode: PaddingMode = .zeros, alignsCorners: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      if let failure = grid.failure { throw failure }
      let axes = try spatialAxes(for: "gridSampled")
      guard axes > 1, grid.shape.rank == shape.rank, grid.dtype == dtype, grid.shape[0] == shape[0],
        grid.shape[-1] == axes, shape.elementCount > 0
      else {
        throw TensorError(
          "gridSampled: \(type) at \(grid.type) — needs images [n, c, h, w] and points [n, oh, ow, 2], or volumes and [n, od, oh, ow, 3], of one type"
        )
      }
      guard mode == .linear || mode == .nearest || mode == .cubic && axes == 2, paddingMode != .circular else {
        throw TensorError("gridSampled: there is no mode \(mode) with padding \(paddingMode) for \(axes) spatial axes")
      }
      let sizes = Array(shape.dropFirst(2))
      let (n, c, area) = (shape[0], shape[1], sizes.reduce(1, *))
      guard n.times(area) <= Int(Int32.max) else {
        throw TensorError("gridSampled: \(shape) has more points than int32 counts")
      }
      let points = grid.reshaped(to: [n, grid.shape.dropFirst().dropLast().reduce(1, *), axes])
      let table = reshaped(to: [n, c, area]).transposed.reshaped(to: [n * area, c])
      // Of each axis the elements that count, and their weights; the points are listed with the last axis first.
      let taps = sizes.indices.map { axis in
        AxisSampling(size: sizes[axis], mode: mode, padding: paddingMode, alignsCorners: alignsCorners)
          .taps(at: points[.ellipsis, axes - 1 - axis])
      }
      var neighbors = [(index: Tensor.iota([n, 1], axis: 0), weight: nil as Tensor?)]
      for (axis, taps) in taps.enumerated() {
        let size = Tensor.fill(Double(sizes[axis]), [], .int32)
        neighbors = neighbors.flatMap { rest in
          taps.map { tap in (rest.index * size + tap.index, rest.weight.map { $0 * tap.weight } ?? tap.weight) }
        }
      }
      let samples = neighbors.map { table.rows($0.index) * ($0.weight ?? 1).unsqueezed(axis: -1) }  // [n, points, c]
      let sum = samples.dropFirst().reduce(samples[0], +)
      return sum.transposed.reshaped(to: Shape([n, c] + grid.shape.dropFirst().dropLast()))
    }
  }

  /// The grid of affine maps [n, axes, axes + 1] for images or volumes of this size: [n, oh, ow, 2] or [n, od, oh, ow, 3], for
  /// `gridSampled` with the same `alignsCorners`. Each point is A · (x, y, 1) or A · (x, y, z, 1).
  ///
  /// Source: Jaderberg et al., "Spatial Transformer Networks", NeurIPS 2015, equation 1.
  public func affineGrid(
    size: SpatialSize, alignsCorners: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let axes = shape[1]
      guard shape.rank == 3, 2...3 ~= axes, shape[2] == axes + 1, dtype.isDifferentiable, let sizes = size.along(axes),
        sizes.allSatisfy({ 1...(1 << 22) ~= $0 })
      else {
        throw TensorError(
          "affineGrid: needs maps [n, 2, 3] or [n, 3, 4] and a size of 1 to 2²², not \(type) and \(size)")
      }
      let whole = Shape(sizes)
      if let flaw = whole.flaw { throw TensorError("affineGrid: \(flaw)") }
      let coordinates = (0..<axes).reversed().map { axis in
        let (count, behind) = (Double(sizes[axis]), axes - axis - 1)
        let values = (0..<sizes[axis]).map { index in
          alignsCorners
            ? count > 1 ? 2 * Double(index) / (count - 1) - 1 : 0 : (2 * Double(index) + 1) / count - 1
        }
        let axisShape = [sizes[axis]] + Array(repeating: 1, count: behind)
        return Tensor.constants(values, axisShape, dtype).broadcast(to: whole).flattened()
      }
      let ones = Tensor.ones([whole.elementCount], dtype: dtype)
      let points = Tensor.stacked(coordinates + [ones], axis: 1)  // [points, axes + 1]
      return points.matmul(transposed).reshaped(to: Shape([shape[0]] + sizes + [axes]))
    }
  }
}

/// How points between −1 and 1 sample an axis.
private struct AxisSampling {
  let size: Int
  let mode: ResizeMode
  let padding: PaddingMode
  let alignsCorners: Bool

  private var last: Double { Double(size - 1) }

  /// The elements that count at each point, and their weights.
  func taps(at points: Tensor) -> [(index: Tensor, weight: Tensor)] {
    let position =
      alignsCorners
      ? (points + 1) * .constant(0.5 * last) : ((points + 1) * .constant(Double(size)) - 1) * 0.5
    switch mode {
    case .nearest:
      return [tap(inside(position).rounded(), .ones([], dtype: points.dtype))]
    case .cubic:
      let first = position.floor()
      return (-1...2).map { offset in
        let distance = (position - first - .constant(Double(offset))).abs()
        return tap(inside(first + .constant(Double(offset))), cubic(distance))
      }
    default:
      let source = inside(position)
      let first = source.floor()
      return [tap(first, 1 - (source - first)), tap(first + 1, source - first)]
    }
  }

  /// Positions outside, moved to where their elements are.
  private func inside(_ position: Tensor) -> Tensor {
    switch padding {
    case .zeros, .circular: return position
    case .replicate: return position.clamped(min: 0, max: last)
    case .reflect:
      let (least, span) = alignsCorners ? (0, last) : (-0.5, Double(size))
      guard span > 0 else { return position * 0 }
      let distance = (position - .constant(least)).abs()
      let times = (distance / .constant(span)).floor()
      let rest = distance - times * .constant(span)
      let isEven = ((times * 0.5).floor() * 2).equal(to: times)
      let reflected = Tensor.where(isEven, rest, .constant(span) - rest) + .constant(least)
      return reflected.clamped(min: 0, max: last)
    }
  }

  /// The element at a whole position, with no weight outside.
  private func tap(_ position: Tensor, _ weight: Tensor) -> (index: Tensor, weight: Tensor) {
    let index = position.stoppingGradient().clamped(min: 0, max: last)
    return (index.cast(to: .int32), Tensor.where(index.equal(to: position), weight, .fill(0, [], weight.dtype)))
  }

  /// Keys's kernel with a = −0.75 at a distance from 0 to 2.
  private func cubic(_ x: Tensor) -> Tensor {
    let near = (x * 1.25 - 2.25) * x * x + 1
    let far = ((x - 5) * x + 8) * x * -0.75 + 3
    return .where(x.less(than: 1), near, far)
  }
}
