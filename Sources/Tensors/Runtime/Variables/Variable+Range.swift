import CKernels

extension Variable {
  /// Whether some value is infinite and above 0, and none is NaN. Reads all values.
  package var holdsInfinity: Bool { extreme(BACKPROP_MAXIMUM) == .infinity }

  /// Whether no value is infinite or NaN. Reads all values, twice.
  package var isFinite: Bool { extreme(BACKPROP_MAXIMUM).isFinite && extreme(BACKPROP_MINIMUM).isFinite }

  /// Whether some value is NaN. Reads all values.
  package var holdsNaN: Bool { extreme(BACKPROP_MAXIMUM).isNaN }

  private func extreme(_ kind: backprop_reduction) -> Double {
    let count = Int64(shape.elementCount)
    guard dtype.isFloatingPoint, count > 0 else { return 0 }
    return Executor.using(self) {
      if dtype == .float32 {
        var result: Float = 0
        backprop_reduce(kind, 1, count, 1, 1, pointer.assumingMemoryBound(to: Float.self), &result)
        return Double(result)
      }
      let values: [Double] = withStorage { $0.converted(from: dtype, count: Int(count)) }
      if values.contains(where: \.isNaN) { return .nan }
      return (kind == BACKPROP_MAXIMUM ? values.max() : values.min()) ?? 0
    }
  }
}
