import Tensors

/// The padding of sequences, images or volumes, for windows that reach over their edges.
public enum Padding: Hashable, Sendable {
  /// None: the window stays inside.
  case valid
  /// As much as makes the output ⌈size / stride⌉; where that is odd, the end gets one more.
  ///
  /// That is TensorFlow's and Keras's rule, and with a stride of 1, the only one that it accepts, PyTorch's
  /// `padding="same"`. What is written `padding=k // 2` there is `.explicit`, which with a larger stride puts as much before
  /// the image as after it.
  case same
  /// This much on either side of each axis.
  case explicit(SpatialSize)
  /// This much before each axis, and this much after it.
  case asymmetric(begin: SpatialSize, end: SpatialSize)

  /// What to add before and after spatial axes of these sizes, for windows that reach over so many elements.
  func amounts(for sizes: [Int], reach: [Int], stride: [Int]) -> (begin: SpatialSize, end: SpatialSize) {
    switch self {
    case .valid: return (0, 0)
    case .explicit(let both): return (both, both)
    case .asymmetric(let begin, let end): return (begin, end)
    case .same:
      let totals = sizes.indices.map { axis in
        let (size, step) = (sizes[axis], stride[axis])
        return max(((size + step - 1) / step - 1) * step + reach[axis] - size, 0)
      }
      return (SpatialSize(totals.map { $0 / 2 }), SpatialSize(totals.map { $0 - $0 / 2 }))
    }
  }

  /// Whether there are amounts for so many axes, and none is negative or too large to compute with.
  func isPossible(along axes: Int) -> Bool {
    switch self {
    case .valid, .same: true
    case .explicit(let both): both.isPossible(along: axes, least: 0)
    case .asymmetric(let begin, let end):
      begin.isPossible(along: axes, least: 0) && end.isPossible(along: axes, least: 0)
    }
  }
}
