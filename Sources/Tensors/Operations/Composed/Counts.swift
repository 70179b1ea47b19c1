// Statistics that other operations make up.
extension Tensor {
  /// The position of the first least element along an axis, or of the first NaN; int32. A negative axis counts from the
  /// end.
  public func argmin(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    let least = min(axes: [axis], keepingAxes: true, file: file, line: line)
    return (equal(to: least) .| isNaN()).cast(to: .int32).argmax(axis: axis, file: file, line: line)
  }

  /// The least and the greatest over these axes, or over all; NaN where any is.
  public func extremes(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> (min: Tensor, max: Tensor) {
    (
      min(axes: axes, keepingAxes: keepingAxes, file: file, line: line),
      max(axes: axes, keepingAxes: keepingAxes, file: file, line: line)
    )
  }

  /// The sum of what is a number.
  public func sumOfNumbers(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.where(isNaN(), Tensor.fill(0), self).sum(axes: axes, keepingAxes: keepingAxes, file: file, line: line)
  }

  /// The mean of what is a number; NaN where nothing is.
  public func meanOfNumbers(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let count = (.!isNaN()).cast(to: dtype).sum(axes: axes, keepingAxes: keepingAxes, file: file, line: line)
    return sumOfNumbers(axes: axes, keepingAxes: keepingAxes, file: file, line: line) / count
  }

  /// How many elements along these axes, or of all, are not 0; int32.
  public func countNonzero(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    (.!equal(to: .fill(0, [], dtype))).cast(to: .int32).sum(
      axes: axes, keepingAxes: keepingAxes, file: file, line: line)
  }

  /// The `count`-th least along an axis, from 1; NaN is the greatest. The axis is removed; a negative one counts from the
  /// end.
  public func kthLeast(_ count: Int, axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "kthLeast")
      guard (1...Swift.max(shape[axis], 1)).contains(count), shape[axis] > 0 else {
        throw TensorError("kthLeast: axis \(axis) of \(shape) has no element \(count), counted from 1")
      }
      let (sorted, starts) = (sorted(axis: axis), shape.indices.map { $0 == axis ? count - 1 : 0 })
      return sorted.sliced(starts: starts, shape: Shape(shape.indices.map { $0 == axis ? 1 : shape[$0] }))
        .squeezed(axes: [axis])
    }
  }

  /// Of rows [variables, observations] how they vary together: Σ (x − mean)(y − mean) / (n − correction), [variables,
  /// variables].
  public func covariance(correction: Int = 1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard shape.rank == 2, dtype.isDifferentiable else {
        throw TensorError("covariance: needs float32 or float64 [variables, observations], not \(type)")
      }
      guard correction >= 0 else {
        throw TensorError("covariance: the correction must be at least 0, not \(correction)")
      }
      let centered = self - mean(axes: [1], keepingAxes: true)
      return centered.matmul(centered.transposed) / .fill(Double(shape[1].plus(-correction)), [], dtype)
    }
  }

  /// Pearson's correlations of rows [variables, observations]: [variables, variables], from −1 to 1.
  public func correlation(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    let covariance = covariance(file: file, line: line)
    if covariance.failure != nil { return covariance }
    let deviation = covariance.diagonal().sqrt()
    let products = deviation.unsqueezed(axis: 1) * deviation.unsqueezed(axis: 0)
    return (covariance / products).clamped(to: -1...1)
  }

  /// How often each of 0..<count is among int32 elements: int32 [count]. Others are ignored.
  public func binCounts(_ count: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard dtype == .int32, (0...(1 << 30)).contains(count) else {
        throw TensorError("binCounts: needs int32 and a count from 0 to 2³⁰, not \(type) and \(count)")
      }
      let numbers = flattened()
      let ones = Tensor.fill(1, numbers.shape, .int32)
      return Tensor.fill(0, [count], .int32).scatter(ones, at: numbers, along: 0, mode: .add)
    }
  }

  /// How many elements lie in each of `bins` ranges of equal width, the last of which has its upper end; elements outside
  /// and NaN are ignored. int32 [bins]
  public func histogram(
    bins: Int, in range: ClosedRange<Double>, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let width = range.upperBound - range.lowerBound
      guard bins > 0, width > 0, width.isFinite, dtype.isDifferentiable else {
        throw TensorError(
          "histogram: needs float32 or float64, bins and a range that is not empty, not \(type), \(bins) and \(range)")
      }
      let (low, high) = (Tensor.fill(range.lowerBound, [], dtype), Tensor.fill(range.upperBound, [], dtype))
      let isInside = low.lessOrEqual(to: self) .& lessOrEqual(to: high)
      let place = ((self - low) * .fill(Double(bins) / width, [], dtype)).floor().clamped(to: 0...Double(bins - 1))
      return Tensor.where(isInside, place, .fill(-1, [], dtype)).cast(to: .int32).binCounts(bins)
    }
  }

  /// The slices along an axis, each scaled so that its norm is at most `limit`. A negative axis counts from the end.
  public func renormalized(
    along axis: Int, to limit: Double, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "renormalized")
      let size = norm(axes: shape.indices.filter { $0 != axis }, keepingAxes: true, file: file, line: line)
      let bound = Tensor.fill(limit, [], dtype)
      return .where(bound.less(than: size), self * (bound / size), self)
    }
  }
}
