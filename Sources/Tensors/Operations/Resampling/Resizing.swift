/// How elements between those of a sequence, an image or a volume are computed.
public enum ResizeMode: String, Hashable, Sendable, CaseIterable {
  /// The element at ⌊position · scale⌋, as PyTorch's `nearest` and OpenCV's; it shifts images by half an element.
  case nearest
  /// The element whose center is nearest, as Pillow's and scikit-image's.
  case nearestExact
  /// Along a line between two neighbors on each axis: bilinear of images, trilinear of volumes.
  case linear
  /// Along a cubic of four neighbors on each axis: bicubic of images.
  ///
  /// Source: Keys, "Cubic Convolution Interpolation for Digital Image Processing", IEEE Transactions on Acoustics, Speech, and
  /// Signal Processing 29 (1981), with a = −0.75, or −0.5 where `antialiases`.
  case cubic
  /// The mean of all elements under the new one, as `adaptiveAveragePooled`.
  case area
}

extension Tensor {
  /// A sequence, an image or a volume of another size: [n, c, h, w] → [n, c, oh, ow], likewise [n, c, l] and [n, c, d, h, w].
  ///
  /// - Parameters:
  ///   - size: of the spatial axes.
  ///   - alignsCorners: whether the centers of the first and the last elements stay where they are, rather than the outer
  ///     edges; of linear and cubic resizing.
  ///   - antialiases: whether elements that get smaller are means of all that they cover, as Pillow computes them; of linear and
  ///     cubic resizing. Without it some are left out.
  ///
  /// Axis by axis a product with a matrix of few elements, which costs 2 operations for each of them: one for the nearest
  /// element, two for linear, four for cubic resizing, and more for means of more.
  public func resized(
    to size: SpatialSize, mode: ResizeMode = .linear, alignsCorners: Bool = false, antialiases: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let sizes = try newSizes(size, for: "resized")
      guard mode == .linear || mode == .cubic || !alignsCorners && !antialiases else {
        throw TensorError("resized: alignsCorners and antialiases are for the modes linear and cubic, not for \(mode)")
      }
      var result = self
      for (axis, size) in sizes.enumerated() {
        let matrix = SparseMatrix(resizing: shape[axis + 2], to: size, mode, alignsCorners, antialiases)
        result = result.product(matrix, along: axis + 2)
      }
      return result
    }
  }

  /// The mean of windows that share out each spatial axis evenly: window i of o is from ⌊i · n / o⌋ to before ⌈(i + 1) · n / o⌉.
  /// [n, c, h, w] → [n, c, oh, ow], likewise [n, c, l] and [n, c, d, h, w].
  public func adaptiveAveragePooled(
    to size: SpatialSize, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      _ = try newSizes(size, for: "adaptiveAveragePool")
      return resized(to: size, mode: .area)
    }
  }

  /// One size for each spatial axis of this tensor, none of which is empty.
  func newSizes(_ size: SpatialSize, for operation: String) throws(TensorError) -> [Int] {
    let axes = try spatialAxes(for: operation)
    let range = 1...(1 << 22)
    guard let sizes = size.along(axes), (sizes + shape.dropFirst(2)).allSatisfy(range.contains) else {
      throw TensorError(
        "\(operation): \(shape) to \(size) — both need sizes of 1 to 2²² along each of \(axes) spatial axes")
    }
    return sizes
  }
}

extension SparseMatrix {
  /// What makes an axis of one size one of another.
  fileprivate init(resizing size: Int, to count: Int, _ mode: ResizeMode, _ alignsCorners: Bool, _ antialiases: Bool) {
    let scale =
      alignsCorners ? count > 1 ? Double(size - 1) / Double(count - 1) : 0 : Double(size) / Double(count)
    let rows = (0..<count).map { position -> [(column: Int, weight: Double)] in
      switch mode {
      case .nearest: return [(position * size / count, 1)]
      case .nearestExact: return [((2 * position + 1) * size / (2 * count), 1)]
      case .area:
        let window = evenWindow(position, of: count, in: size)
        return window.map { ($0, 1 / Double(window.count)) }
      case .linear, .cubic:
        if antialiases { return Self.means(position, size, scale, mode) }
        let center = alignsCorners ? Double(position) * scale : (Double(position) + 0.5) * scale - 0.5
        let source = mode == .linear ? Swift.max(center, 0) : center
        let first = source.rounded(.down)
        let rest = source - first
        let weights =
          mode == .linear ? [1 - rest, rest] : [1, 0, -1, -2].map { Self.cubic(abs(rest + $0), a: -0.75) }
        return weights.enumerated().map { tap, weight in
          let column = Int(first) + tap - (mode == .linear ? 0 : 1)
          return (Swift.min(Swift.max(column, 0), size - 1), weight)
        }
      }
    }
    self.init(columns: size, rows: rows)
  }

  /// The weights of the elements that an element covers, by a filter that is as wide as it; as Pillow computes them.
  private static func means(
    _ position: Int, _ size: Int, _ scale: Double, _ mode: ResizeMode
  ) -> [(column: Int, weight: Double)] {
    let stretch = Swift.max(scale, 1)
    let support = (mode == .linear ? 1 : 2) * stretch
    let center = scale * (Double(position) + 0.5)
    let first = Swift.max(Int(center - support + 0.5), 0)
    let window = first..<Swift.max(Swift.min(Int(center + support + 0.5), size), first)
    let weights = window.map { column in
      let distance = abs(Double(column) - center + 0.5) / stretch
      return mode == .linear ? Swift.max(1 - distance, 0) : cubic(distance, a: -0.5)
    }
    let sum = weights.reduce(0, +)
    return zip(window, weights).map { ($0, sum == 0 ? 0 : $1 / sum) }
  }

  /// Keys's kernel at a distance from 0 on.
  private static func cubic(_ x: Double, a: Double) -> Double {
    x < 1
      ? ((a + 2) * x - (a + 3)) * x * x + 1
      : x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0
  }
}
