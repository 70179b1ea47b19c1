import Tensors

/// The padding of an image, for windows that reach over its edge.
public enum Padding: Hashable, Sendable {
  /// None: the window stays inside.
  case valid
  /// As much as makes the output ⌈size / stride⌉; where that is odd, the end gets one more.
  case same
  /// This many rows and columns on either side.
  case explicit(Pair)
  /// This many rows and columns before the image, and this many after it.
  case asymmetric(begin: Pair, end: Pair)

  /// Rows and columns before and after an image of this size.
  func amounts(
    for image: Shape, kernel: Pair, stride: Pair, dilation: Pair = 1
  ) -> (begin: Pair, end: Pair) {
    switch self {
    case .valid: return (0, 0)
    case .explicit(let pair): return (pair, pair)
    case .asymmetric(let begin, let end): return (begin, end)
    case .same:
      func total(_ size: Int, _ axis: KeyPath<Pair, Int>) -> Int {
        // Values out of range are rejected later.
        func held(_ pair: Pair) -> Int { min(max(pair[keyPath: axis], 1), 1 << 30) }
        let step = held(stride)
        let reach = held(dilation) * (held(kernel) - 1) + 1
        return max(((size + step - 1) / step - 1) * step + reach - size, 0)
      }
      let (height, width) = (total(image[-2], \.height), total(image[-1], \.width))
      return (Pair(height / 2, width / 2), Pair(height - height / 2, width - width / 2))
    }
  }

  /// Whether no amount is negative or too large to compute with.
  var isPossible: Bool {
    switch self {
    case .valid, .same: true
    case .explicit(let pair): pair.isBetween(0)
    case .asymmetric(let begin, let end): begin.isBetween(0) && end.isBetween(0)
    }
  }
}

extension Pair {
  /// Whether both are at least `least` and small enough that no product of a few of them overflows.
  func isBetween(_ least: Int) -> Bool {
    (least...(1 << 20)).contains(height) && (least...(1 << 20)).contains(width)
  }
}
