import CKernels

extension Variable {
  /// Whether some value is infinite and above 0, and none is NaN. Reads all values.
  package var holdsInfinity: Bool { greatest(BACKPROP_MAXIMUM) == .infinity }

  /// Whether no value is infinite or NaN. Reads all values, twice.
  package var isFinite: Bool { greatest(BACKPROP_MAXIMUM).isFinite && greatest(BACKPROP_MINIMUM).isFinite }

  private func greatest(_ kind: backprop_reduction) -> Float {
    let count = shape.elementCount
    guard dtype == .float32, count > 0 else { return 0 }
    return Executor.using(self) {
      var result: Float = 0
      backprop_reduce(
        kind, 1, Int64(count), 1, 1, pointer.assumingMemoryBound(to: Float.self), &result)
      return result
    }
  }
}
