// Numbers at even distances, computed in float64 and rounded once. They are data, so others need no new plan.

extension Tensor {
  /// `from`, `from` + `by`, … up to, but without, `to`, as int32 or another type; nothing where `to` lies in the other
  /// direction. All must be numbers of that type.
  public static func arange(
    from start: Int = 0, to end: Int, by step: Int = 1, dtype: DType = .int32, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    .checked(CallSite(file, line)) { () throws(TensorError) in
      let range = dtype == .int64 ? -(1 << 62)...1 << 62 : Int(Int32.min) - 1...Int(Int32.max) + 1
      let sentence = "arange: \(start) to \(end) by \(step) must be \(dtype) numbers, and the step not 0"
      guard range ~= start, range ~= end, step != 0 else { throw TensorError(sentence) }
      let distance = step > 0 ? end - start : start - end
      // One step that is longer than the distance is as good as any other.
      let stride = step.signum() * Swift.min(Int(clamping: step.magnitude), Swift.max(distance, 1))
      let count = distance > 0 ? (distance - 1) / Swift.abs(stride) + 1 : 0
      try Memory.check(count.times(8), for: "an array of \(count) numbers")
      if dtype == .int32 {
        return Tensor((0..<count).map { Int32(clamping: start + $0 * stride) }, shape: [count])
      }
      let numbers = (0..<count).map { Int64(start + $0 * stride) }
      for end in [numbers.first, numbers.last] where !(end.map { dtype.holds(Double($0)) } ?? true) {
        throw TensorError(sentence)
      }
      return Tensor(numbers, shape: [count]).cast(to: dtype)
    }
  }

  /// `from`, `from` + `by`, … up to, but without, `to`, as float32 or another type with fractions; nothing where `to` lies
  /// in the other direction.
  public static func arange(
    from start: Double = 0, to end: Double, by step: Double = 1, dtype: DType = .float32,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .checked(CallSite(file, line)) { () throws(TensorError) in
      guard start.isFinite, end.isFinite, step.isFinite, step != 0 else {
        throw TensorError("arange: \(start) to \(end) by \(step) must be finite numbers, and the step not 0")
      }
      let count = Swift.max(((end - start) / step).rounded(.up), 0)
      return try evenly(count: Int(exactly: count) ?? .max, dtype) { start + Double($0) * step }
    }
  }

  /// `count` numbers at equal distances, the first of which is `from` and the last is `to`: [count], float32 or another
  /// type with fractions. One number is `from`.
  public static func linspace(
    from start: Double, to end: Double, count: Int, dtype: DType = .float32, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    .checked(CallSite(file, line)) { () throws(TensorError) in
      guard start.isFinite, end.isFinite, count >= 0 else {
        throw TensorError(
          "linspace: \(count) numbers from \(start) to \(end): needs finite numbers, at least 0 of them")
      }
      return try evenly(count: count, dtype) { index in
        // Neither the distance nor a product with it overflows.
        let share = count > 1 ? Double(index) / Double(count - 1) : 0
        return start * (1 - share) + end * share
      }
    }
  }

  private static func evenly(
    count: Int, _ dtype: DType, _ number: (Int) -> Double
  ) throws(TensorError) -> Tensor {
    guard dtype.isFloatingPoint else {
      throw TensorError("numbers with fractions cannot be \(dtype); give whole numbers, or cast the result")
    }
    try Memory.check(count.times(8), for: "an array of \(count) numbers")
    if dtype == .float32 { return Tensor((0..<count).map { Float(number($0)) }, shape: [count]) }
    return Tensor((0..<count).map(number), shape: [count]).cast(to: dtype)
  }
}
