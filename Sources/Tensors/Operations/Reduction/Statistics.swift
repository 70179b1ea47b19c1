extension Tensor {
  /// Σ (x − mean)² / (n − correction) over these axes, or over all, of n elements each; negative axes count from the end.
  ///
  /// `correction` 1, the default as in PyTorch, is the unbiased estimate from a sample (Bessel's correction), 0 the
  /// variance of the elements themselves, the default of NumPy. Where n is not above the correction the result is NaN or infinite.
  public func variance(
    axes: [Int]? = nil, correction: Int = 1, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    deviation("variance", axes, correction, CallSite(file, line)) { centered, axes, factor in
      centered.square().mean(axes: axes, keepingAxes: keepingAxes, file: file, line: line) * .fill(factor)
    }
  }

  /// √(Σ (x − mean)² / (n − correction)) over these axes, or over all; see `variance`.
  ///
  /// The gradient is (x − mean) / ((n − correction) · result), and 0 where the result is 0, as PyTorch takes it. Large
  /// elements do not overflow it, unlike the square root of the variance.
  public func standardDeviation(
    axes: [Int]? = nil, correction: Int = 1, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    deviation("standardDeviation", axes, correction, CallSite(file, line)) { centered, axes, factor in
      let count = axes.reduce(1) { $0 * shape[$1] }
      let norm = centered.norm(axes: axes, keepingAxes: keepingAxes, file: file, line: line)
      return norm * .fill((factor / Double(count)).squareRoot())
    }
  }

  /// Calls `body` with the distances from the mean, the axes, and n / (n − correction).
  private func deviation(
    _ name: String, _ axes: [Int]?, _ correction: Int, _ site: CallSite, _ body: (Tensor, [Int], Double) -> Tensor
  ) -> Tensor {
    checked(site) { () throws(TensorError) in
      guard dtype.isDifferentiable else {
        throw TensorError("\(name): needs float32 or float64, not \(type); use cast(to: .float32) first")
      }
      guard correction >= 0 else { throw TensorError("\(name): the correction must be at least 0, not \(correction)") }
      let axes = try shape.axes(axes, for: name)
      let count = axes.reduce(1) { $0 * shape[$1] }
      let factor = Double(count) / Double(Swift.max(count.plus(-correction), 0))
      return body(self - mean(axes: axes, keepingAxes: true), axes, factor)
    }
  }
}
