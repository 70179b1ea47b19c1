extension Tensor {
  /// Each element, or the bound of the range that is nearest to it; see `clamped(min:max:)`.
  public func clamped(to range: ClosedRange<Float>, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    clamped(min: range.lowerBound, max: range.upperBound, file: file, line: line)
  }

  /// Each element, or the bound that it is below or above. NaN remains; bounds are part of the plan, and those of int32
  /// must be whole.
  ///
  /// The gradient passes to elements within the bounds, those at a bound included, and is 0 beyond them.
  public func clamped(
    min least: Float? = nil, max greatest: Float? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if failure != nil { return self }
    return .checked(CallSite(file, line)) { () throws(TensorError) in
      if let least, let greatest, !(least <= greatest) {
        throw TensorError("clamped: the least number \(least) must not be above the greatest, \(greatest)")
      }
      func bound(_ number: Float) throws(TensorError) -> Tensor {
        guard !number.isNaN, dtype == .float32 || Int32(exactly: number) != nil else {
          throw TensorError("clamped: \(number) is no bound of \(dtype) numbers")
        }
        return .fill(Double(number), [], dtype)
      }
      // Comparisons rather than `maximum`, which halves the gradient where both are equal.
      var result = self
      if let least { result = .where(less(than: try bound(least)), try bound(least), result) }
      if let greatest { result = .where(greater(than: try bound(greatest)), try bound(greatest), result) }
      return result
    }
  }
}
