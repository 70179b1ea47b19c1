/// The geometry of a window that slides along one axis: source = position · stride − begin + tap · dilation.
struct AxisWindow: Hashable, Sendable {
  var kernel = 1
  var stride = 1
  /// Padding before the axis and after it.
  var begin = 0, end = 0
  var dilation = 1

  /// From the first element of a window to its last.
  var reach: Int { dilation * (kernel - 1) + 1 }

  /// How many positions the window has along an axis of this size; 0 where it does not fit.
  func positions(in size: Int) -> Int {
    let rest = size + begin + end - reach
    return rest < 0 ? 0 : rest / stride + 1
  }

  /// The size of an axis along which the window has so many positions, the last of which ends where the padding does.
  func size(ofPositions count: Int) -> Int {
    count > 0 ? (count - 1).times(stride).plus(reach).plus(-begin).plus(-end) : 0
  }
}

extension Window {
  init(_ rows: AxisWindow, _ columns: AxisWindow) {
    self.init(
      kernel: Pair(rows.kernel, columns.kernel), stride: Pair(rows.stride, columns.stride),
      paddingBegin: Pair(rows.begin, columns.begin), paddingEnd: Pair(rows.end, columns.end),
      dilation: Pair(rows.dilation, columns.dilation))
  }
}

extension Tensor {
  /// A window along each spatial axis of this tensor [batch, channels, …]; an error where it is none, or where numbers are
  /// out of range.
  func windows(
    for operation: String, kernel: SpatialSize, stride: SpatialSize, begin: SpatialSize = 0, end: SpatialSize = 0,
    dilation: SpatialSize = 1
  ) throws(TensorError) -> [AxisWindow] {
    let axes = try spatialAxes(for: operation)
    let names = ["kernel", "stride", "dilation", "padding", "padding"]
    var all: [[Int]] = []
    for (name, size) in zip(names, [kernel, stride, dilation, begin, end]) {
      guard let sizes = size.along(axes) else {
        throw TensorError("\(operation): the \(name) \(size.sizes) must have a number for each of \(axes) spatial axes")
      }
      all.append(sizes)
    }
    // Products of two sizes below this, and sums of a few, do not overflow.
    let limit = 1 << 30
    guard (all[0] + all[1] + all[2]).allSatisfy({ 1...limit ~= $0 }) else {
      throw TensorError(
        "\(operation): kernel \(kernel), stride \(stride) and dilation \(dilation) must be 1 to 2³⁰")
    }
    for (padding, sizes) in [(begin, all[3]), (end, all[4])] where !sizes.allSatisfy({ 0...limit ~= $0 }) {
      throw TensorError("\(operation): padding must be 0 to 2³⁰, not \(padding)")
    }
    return (0..<axes).map {
      AxisWindow(kernel: all[0][$0], stride: all[1][$0], begin: all[3][$0], end: all[4][$0], dilation: all[2][$0])
    }
  }

  /// How many axes follow batch and channels: 1 to 3.
  func spatialAxes(for operation: String) throws(TensorError) -> Int {
    guard 3...5 ~= shape.rank, dtype.isDifferentiable else {
      throw TensorError(
        "\(operation): needs float32 or float64 [batch, channels, …] with 1 to 3 spatial axes, not \(type)")
    }
    return shape.rank - 2
  }

  /// How many positions windows have along the spatial axes of this tensor, at least one along each.
  func positions(of windows: [AxisWindow], for operation: String) throws(TensorError) -> [Int] {
    let sizes = shape.dimensions.dropFirst(2)
    let found = zip(windows, sizes).map { $0.positions(in: $1) }
    guard found.allSatisfy({ $0 > 0 }) else {
      throw TensorError(
        "\(operation): a kernel of \(SpatialSize(windows.map(\.kernel))) does not fit into \(SpatialSize(Array(sizes))) with this padding"
      )
    }
    return found
  }
}
