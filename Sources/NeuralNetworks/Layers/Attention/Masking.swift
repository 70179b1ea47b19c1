import Tensors

extension Tensor {
  /// This [batch, time, width] with zeros past each example's length (int32 [batch]).
  ///
  /// Padding values, NaN and infinities included, then do not enter any product or gradient; gradients of zero alone
  /// would not suffice, as 0 · NaN is NaN.
  func zeroed(pastLengths lengths: Tensor) -> Tensor {
    guard let isInside = isInside(lengths) else { return self }
    return Tensor.where(isInside, self, .zeros([]))
  }

  /// The same for values that are not finite; other values past a length stay.
  func finite(pastLengths lengths: Tensor) -> Tensor {
    guard let isInside = isInside(lengths) else { return self }
    return Tensor.where(isInside .| (self - self).equal(to: .zeros([])), self, .zeros([]))
  }

  /// [batch, time, 1]: 1 where a position is below the length; `nil` where `lengths` have another shape or type.
  private func isInside(_ lengths: Tensor) -> Tensor? {
    guard failure == nil, shape.rank == 3, lengths.dtype == .int32, lengths.shape == [shape[0]] else { return nil }
    let positions = Tensor((0..<shape[1]).map { Int32($0) }, shape: [1, shape[1], 1])
    return positions.less(than: lengths.reshaped(to: [shape[0], 1, 1]))
  }
}
