extension Tensor {
  /// The product over these axes, or over all; 1 of nothing, and of integers it wraps around. Negative axes count from the
  /// end.
  ///
  /// The gradient is correct where elements are 0, too, as that of `cumulativeProduct`, the last element of which this is.
  public func product(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard dtype.hasArithmetic else {
        throw TensorError("product: \(type) has no arithmetic; use cast(to: .float32) first")
      }
      let axes = try shape.axes(axes, for: "product")
      let others = shape.indices.filter { !axes.contains($0) }
      let (rest, count) = (others.map { shape[$0] }, axes.reduce(1) { $0 * shape[$1] })
      let kept = Shape(keepingAxes ? shape.indices.map { axes.contains($0) ? 1 : shape[$0] } : rest)
      guard count > 0 else { return .ones(kept, dtype: dtype) }
      let rows = permuted(others + axes).reshaped(to: Shape([rest.reduce(1, *), count]))
      let products = rows.cumulativeProduct(axis: 1, file: file, line: line)
      return products.sliced(starts: [0, count - 1], shape: [rows.shape[0], 1]).reshaped(to: kept)
    }
  }

  /// log Σ eˣ over these axes, or over all, without overflow: float32 or float64. Negative axes count from the end. The
  /// gradient is softmax(x).
  public func logSumExp(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard dtype.isDifferentiable else {
        throw TensorError("logSumExp: needs float32 or float64, not \(type); use cast(to: .float32) first")
      }
      let axes = try shape.axes(axes, for: "logSumExp")
      let zero = Tensor.fill(0, [], dtype)
      let isEmpty = axes.contains { shape[$0] == 0 }
      let greatest = isEmpty ? zero : max(axes: axes, keepingAxes: true).stoppingGradient()
      // Infinite ones stay: e^x is 0 or infinite then.
      let shift = Tensor.where(greatest.abs().less(than: .fill(.infinity, [], dtype)), greatest, zero)
      let result = (self - shift).exp().sum(axes: axes, keepingAxes: true).log() + shift
      if keepingAxes { return result }
      return result.reshaped(to: Shape(shape.indices.filter { !axes.contains($0) }.map { shape[$0] }))
    }
  }
}
