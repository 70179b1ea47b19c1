/// What is around a tensor that is padded.
public enum PaddingMode: String, Hashable, Sendable, CaseIterable {
  /// Zeros.
  case zeros
  /// The tensor reflected at its first and last elements, which are not repeated: c b | a b c d | c b.
  case reflect
  /// The first and the last element again and again: a a | a b c d | d d.
  case replicate
  /// The tensor again, as if it were a ring: c d | a b c d | a b.
  case circular
}

extension Tensor {
  /// The tensor with elements around it: `before[i]` of them in front of axis i, `after[i]` behind it; both have an entry for
  /// each axis.
  ///
  /// Reflected elements must be fewer than the axis has, those of a ring at most as many. The gradients of an element that is
  /// repeated add up.
  public func padded(
    before: [Int], after: [Int], mode: PaddingMode, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if mode == .zeros { return padded(before: before, after: after, file: file, line: line) }
    return checked(CallSite(file, line)) { () throws(TensorError) in
      guard before.count == shape.rank, after.count == shape.rank, (before + after).allSatisfy({ $0 >= 0 }) else {
        throw TensorError("padded: needs an amount of at least 0 before and after each axis of \(shape)")
      }
      var result = self
      for axis in shape.indices where before[axis] > 0 || after[axis] > 0 {
        result = try result.padded(axis, before[axis], after[axis], mode)
      }
      return result
    }
  }

  private func padded(_ axis: Int, _ before: Int, _ after: Int, _ mode: PaddingMode) throws(TensorError) -> Tensor {
    let size = shape[axis]
    let most = mode == .reflect ? size - 1 : mode == .circular ? size : size > 0 ? .max : 0
    guard before <= most, after <= most else {
      throw TensorError(
        "padded: axis \(axis) of \(shape) has not enough elements to \(mode) \(before) before and \(after) after it")
    }
    func part(_ start: Int, _ count: Int) -> Tensor {
      var (starts, sizes) = (shape.map { _ in 0 }, shape)
      (starts[axis], sizes.dimensions[axis]) = (start, count)
      return sliced(starts: starts, shape: sizes)
    }
    func edge(_ position: Int, _ count: Int) -> Tensor {
      var sizes = shape
      sizes.dimensions[axis] = count
      return part(position, 1).broadcast(to: sizes)
    }
    let (first, last) =
      switch mode {
      case .zeros, .reflect:
        (part(1, before).reversed(axes: [axis]), part(size - 1 - after, after).reversed(axes: [axis]))
      case .replicate: (edge(0, before), edge(size - 1, after))
      case .circular: (part(size - before, before), part(0, after))
      }
    return .concatenated((before > 0 ? [first] : []) + [self] + (after > 0 ? [last] : []), axis: axis)
  }
}
