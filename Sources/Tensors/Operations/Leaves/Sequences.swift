// Numbers at even distances, computed in float64 and rounded once. They are data, so others need no new plan.

extension Tensor {
  /// `from`, `from` + `by`, … up to, but without, `to`, as int32; nothing where `to` lies in the other direction. All
  /// must be int32 numbers.
  public static func arange(
    from start: Int = 0, to end: Int, by step: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .checked(CallSite(file, line)) { () throws(TensorError) in
      let range = Int(Int32.min) - 1...Int(Int32.max) + 1
      guard range ~= start, range ~= end, step != 0 else {
        throw TensorError("arange: \(start) to \(end) by \(step) must be int32 numbers, and the step not 0")
      }
      let distance = step > 0 ? end - start : start - end
      // One step that is longer than the distance is as good as any other.
      let stride = step.signum() * Swift.min(Int(clamping: step.magnitude), 1 << 33)
      let count = distance > 0 ? (distance - 1) / Swift.abs(stride) + 1 : 0
      try Memory.check(count * 4, for: "an array of \(count) numbers")
      return Tensor((0..<count).map { Int32(clamping: start + $0 * stride) }, shape: [count])
    }
  }

  /// `from`, `from` + `by`, … up to, but without, `to`, as float32; nothing where `to` lies in the other direction.
  public static func arange(
    from start: Double = 0, to end: Double, by step: Double = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .checked(CallSite(file, line)) { () throws(TensorError) in
      guard start.isFinite, end.isFinite, step.isFinite, step != 0 else {
        throw TensorError("arange: \(start) to \(end) by \(step) must be finite numbers, and the step not 0")
      }
      let count = Swift.max(((end - start) / step).rounded(.up), 0)
      return try evenly(count: Int(exactly: count) ?? .max) { start + Double($0) * step }
    }
  }

  /// `count` numbers at equal distances, the first of which is `from` and the last is `to`: float32 [count]. One number
  /// is `from`.
  public static func linspace(
    from start: Double, to end: Double, count: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .checked(CallSite(file, line)) { () throws(TensorError) in
      guard start.isFinite, end.isFinite, count >= 0 else {
        throw TensorError(
          "linspace: \(count) numbers from \(start) to \(end): needs finite numbers, at least 0 of them")
      }
      return try evenly(count: count) { index in
        // Neither the distance nor a product with it overflows.
        let share = count > 1 ? Double(index) / Double(count - 1) : 0
        return start * (1 - share) + end * share
      }
    }
  }

  private static func evenly(count: Int, _ number: (Int) -> Double) throws(TensorError) -> Tensor {
    try Memory.check(count.times(4), for: "an array of \(count) numbers")
    return Tensor((0..<count).map { Float(number($0)) }, shape: [count])
  }
}
