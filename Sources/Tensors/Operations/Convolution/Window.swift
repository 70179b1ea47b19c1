/// The geometry of a window that slides over images: row = oh · stride − paddingBegin + kh · dilation.
struct Window: Hashable, Sendable {
  var kernel: Pair
  var stride: Pair = 1
  var paddingBegin: Pair = 0
  var paddingEnd: Pair = 0
  var dilation: Pair = 1

  /// How many positions the window has along an axis of this size; may be 0 or less where it does not fit.
  func positions(height: Int, width: Int) -> Pair {
    let rest = Pair(height, width) + paddingBegin + paddingEnd - reach
    return Pair(
      rest.height < 0 ? 0 : rest.height / stride.height + 1, rest.width < 0 ? 0 : rest.width / stride.width + 1)
  }

  /// The rows and columns from the first element of a window to its last.
  var reach: Pair { dilation * (kernel - 1) + 1 }
}

/// An operation with a window that slides over images [batch, channels, height, width].
protocol WindowOperation: Operation { var window: Window { get } }

extension WindowOperation {
  func image(_ type: TensorType) throws(TensorError) -> (Int, Int, Int, Int) {
    guard type.shape.rank == 4, type.dtype.isDifferentiable else {
      throw TensorError("\(name): needs float32 or float64 images [batch, channels, height, width], not \(type)")
    }
    return (type.shape[0], type.shape[1], type.shape[2], type.shape[3])
  }

  /// How many positions the window has in an image of this size, at least one along each axis.
  func positions(_ height: Int, _ width: Int) throws(TensorError) -> Pair {
    // Products of two sizes below this, and sums of a few, do not overflow.
    let limit = 1 << 30
    for pair in [window.kernel, window.stride, window.dilation] where !pair.isWithin(1...limit) {
      throw TensorError(
        "\(name): kernel \(window.kernel), stride \(window.stride) and dilation \(window.dilation) must be 1 to 2³⁰")
    }
    for padding in [window.paddingBegin, window.paddingEnd] where !padding.isWithin(0...limit) {
      throw TensorError("\(name): padding must be 0 to 2³⁰, not \(padding)")
    }
    let out = window.positions(height: height, width: width)
    guard out.height > 0, out.width > 0 else {
      throw TensorError(
        "\(name): a kernel of \(window.kernel) does not fit into images of \(height)×\(width) with this padding")
    }
    return out
  }
}

/// A size along the height and the width of an image; an integer literal gives both, `[3, 5]` one each.
struct Pair: Hashable, Sendable, BitwiseCopyable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
  CustomStringConvertible
{
  /// The number along the height.
  var height: Int
  /// The number along the width.
  var width: Int

  /// A number for the height and one for the width.
  init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// The same number for height and width.
  init(_ both: Int) { self.init(both, both) }
  init(integerLiteral value: Int) { self.init(value) }
  /// One number for both or two, height first. With another count the pair is 0, which the layer then rejects.
  init(arrayLiteral elements: Int...) {
    self.init(
      (1...2).contains(elements.count) ? elements[0] : 0,
      (1...2).contains(elements.count) ? elements[elements.count - 1] : 0)
  }

  var description: String { height == width ? "\(height)" : "\(height)×\(width)" }
}

extension Pair {
  static func + (a: Pair, b: Pair) -> Pair { Pair(a.height + b.height, a.width + b.width) }
  static func - (a: Pair, b: Pair) -> Pair { Pair(a.height - b.height, a.width - b.width) }
  static func * (a: Pair, b: Pair) -> Pair { Pair(a.height * b.height, a.width * b.width) }
  func isWithin(_ range: ClosedRange<Int>) -> Bool { range ~= height && range ~= width }
}
