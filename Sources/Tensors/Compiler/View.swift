/// A shape, and the elements from one position along each axis to the next.
struct Layout: Hashable {
  var shape: Shape
  var strides: [Int]

  /// Whether the elements fill a stretch of memory without gaps, with the axes in this order from the slowest to the
  /// fastest. An axis of one element may have any stride.
  func isDense(_ order: some BidirectionalCollection<Int>) -> Bool {
    var expected = 1
    for axis in order.reversed() where shape[axis] != 1 {
      guard strides[axis] == expected else { return false }
      expected *= max(shape[axis], 1)
    }
    return true
  }

  /// The order of the axes from the slowest to the fastest, if the elements fill a stretch of memory without gaps.
  var denseOrder: [Int]? {
    // The stride of an axis of size 1 is arbitrary; preserve its order relative to the others as far as strides tell.
    let order = shape.indices.sorted { a, b in strides[a] == strides[b] ? a < b : strides[a] > strides[b] }
    return isDense(order) ? order : nil
  }

  /// Whether neighbors in memory are channels of a pixel of images [n, c, h, w].
  var isChannelsLast: Bool { isDense(Layout.channelsLast) }
  static let channelsLast = [0, 2, 3, 1]
}

/// The layout of a value in a buffer: element (i, j, …) is at offset + i · strides[0] + j · strides[1] + …
///
/// Moving elements about (permute, broadcast, slice, most reshapes) only makes another view. Convolutions give
/// channels-last views, which fused elementwise kernels preserve. Offset and strides count elements.
struct View: Hashable {
  var buffer: Int
  var offset: Int
  var shape: Shape
  var strides: [Int]
  var dtype: DType

  var layout: Layout { Layout(shape: shape, strides: strides) }
  /// Where the first element is.
  var start: Address { Address(buffer: buffer, offset: offset * dtype.byteCount) }
  /// Bytes of all elements.
  var byteCount: Int { shape.elementCount * dtype.byteCount }

  /// The same memory with another shape and other strides.
  func with(shape: Shape, strides: [Int], offset: Int? = nil) -> View {
    View(buffer: buffer, offset: offset ?? self.offset, shape: shape, strides: strides, dtype: dtype)
  }

  /// The part of this shape that begins at `starts`.
  func box(_ starts: [Int], _ shape: Shape) -> View {
    with(shape: shape, strides: strides, offset: offset + zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 })
  }

  var denseOrder: [Int]? { layout.denseOrder }
  var isRowMajor: Bool { layout.isDense(shape.indices) }

  /// Repeated along new or size-1 axes.
  func broadcast(to target: Shape) -> View {
    let added = target.rank - shape.rank
    let strides = target.indices.map { axis in
      axis < added || (shape[axis - added] == 1 && target[axis] != 1) ? 0 : self.strides[axis - added]
    }
    return with(shape: target, strides: strides)
  }

  /// The same elements in row-major order under another shape, if no element has to move.
  func reshaped(to target: Shape) -> View? {
    if isRowMajor || shape.elementCount == 0 { return with(shape: target, strides: target.rowMajorStrides) }
    // Runs of axes that are one in memory: how many elements, and the distance between them.
    var runs: [(count: Int, stride: Int)] = []
    for axis in shape.indices where shape[axis] != 1 {
      if let outer = runs.last, outer.stride == strides[axis] * shape[axis] {
        runs[runs.count - 1] = (outer.count * shape[axis], strides[axis])
      } else {
        runs.append((shape[axis], strides[axis]))
      }
    }
    // Each axis of the target is a part of one run, the last one first.
    var result = target.map { _ in 0 }
    for axis in target.indices.reversed() where target[axis] != 1 {
      guard let run = runs.popLast(), run.count % target[axis] == 0 else { return nil }
      result[axis] = run.stride
      let rest = run.count / target[axis]
      if rest > 1 { runs.append((rest, run.stride * target[axis])) }
    }
    return with(shape: target, strides: result)
  }
}

extension View {
  /// The whole of a buffer, row-major or with the axes in this order from the slowest to the fastest.
  init(buffer: Int, shape: Shape, order: [Int]? = nil, _ dtype: DType) {
    var strides = [Int](repeating: 1, count: shape.rank)
    var stride = 1
    for axis in (order ?? Array(shape.indices)).reversed() {
      strides[axis] = stride
      stride *= max(shape[axis], 1)
    }
    self.init(buffer: buffer, offset: 0, shape: shape, strides: strides, dtype: dtype)
  }
}
