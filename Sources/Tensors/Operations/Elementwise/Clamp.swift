extension Tensor {
  /// Each element, or the bound of the range that is nearest to it; see `clamped(min:max:)`.
  public func clamped(to range: ClosedRange<Double>, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    clamped(min: range.lowerBound, max: range.upperBound, file: file, line: line)
  }

  /// Each element, or the bound that it is below or above. NaN remains; bounds are part of the plan, and those of
  /// integers must be whole numbers of their type.
  ///
  /// The gradient passes to elements within the bounds, those at a bound included, and is 0 beyond them.
  public func clamped(
    min least: Double? = nil, max greatest: Double? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      if let least, let greatest, !(least <= greatest) {
        throw TensorError("clamped: the least number \(least) must not be above the greatest, \(greatest)")
      }
      guard dtype.hasArithmetic else { throw TensorError("clamped: \(type) has no arithmetic; use cast(to: .float32)") }
      func bound(_ number: Double) throws(TensorError) -> Tensor {
        guard !number.isNaN, dtype.holds(number) else {
          throw TensorError("clamped: \(number) is no bound of \(dtype) numbers")
        }
        return .fill(number, [], dtype)
      }
      // Comparisons rather than `maximum`, which halves the gradient where both are equal.
      var result = self
      if let least { result = .where(less(than: try bound(least)), try bound(least), result) }
      if let greatest { result = .where(greater(than: try bound(greatest)), try bound(greatest), result) }
      return result
    }
  }
}
