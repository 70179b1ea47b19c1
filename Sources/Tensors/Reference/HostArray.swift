/// The elements of a tensor in row-major order: numbers with fractions in double precision, whole numbers of any type
/// exactly, bools as 0 and 1.
enum HostArray: Equatable {
  case floats([Double])
  case ints([Int64])

  var floats: [Double] {
    switch self {
    case .floats(let values): values
    case .ints(let values): values.map { Double($0) }
    }
  }

  var ints: [Int64] {
    switch self {
    case .floats(let values): values.map { truncated($0, Int64.self) }
    case .ints(let values): values
    }
  }

  /// `count` times the same number.
  static func repeated(_ value: Double, count: Int, _ dtype: DType) -> HostArray {
    dtype.isFloatingPoint
      ? .floats(Array(repeating: value, count: count))
      : .ints(Array(repeating: truncated(value, Int64.self), count: count))
  }

  /// The same values as another type. Fractions are not rounded: references have one precision.
  func cast(to dtype: DType) -> HostArray {
    guard case .floats(let values) = self else { return dtype.isFloatingPoint ? .floats(floats) : wrapped(to: dtype) }
    if dtype.isFloatingPoint { return self }
    func cut(_ type: (some FixedWidthInteger).Type) -> [Int64] { values.map { truncated($0, type) } }
    return .ints(dtype == .bool ? values.map { $0 == 0 ? 0 : 1 } : cut(dtype.whole))
  }

  /// Whole numbers without the bits that their type does not have.
  func wrapped(to dtype: DType) -> HostArray {
    guard case .ints(let values) = self, !dtype.isFloatingPoint else { return self }
    func wrapped<Whole: FixedWidthInteger>(_: Whole.Type) -> [Int64] {
      values.map { Int64(Whole(truncatingIfNeeded: $0)) }
    }
    return .ints(dtype == .bool ? values.map { $0 == 0 ? 0 : 1 } : wrapped(dtype.whole))
  }

  /// The elements at these positions.
  func gathering(_ positions: [Int]) -> HostArray {
    switch self {
    case .floats(let values): .floats(positions.map { values[$0] })
    case .ints(let values): .ints(positions.map { values[$0] })
    }
  }

  /// The same with the elements of `other` at these positions.
  func putting(_ other: HostArray, at positions: [Int]) -> HostArray {
    switch (self, other) {
    case (.ints(var values), .ints(let new)):
      for (position, value) in zip(positions, new) { values[position] = value }
      return .ints(values)
    default:
      var values = floats
      for (position, value) in zip(positions, other.floats) { values[position] = value }
      return .floats(values)
    }
  }
}

/// What the reference of a primitive operation gets.
struct ReferenceOperands {
  let arrays: [HostArray]
  let shapes: [Shape]
  /// The result's.
  let type: TensorType

  /// An operand, repeated to the result's shape.
  func spread(_ index: Int) -> HostArray {
    shapes[index] == type.shape
      ? arrays[index] : arrays[index].gathering(offsets(type.shape, shapes[index].strides(spreadTo: type.shape)))
  }
}

extension Shape {
  /// Strides with which an array of this shape is read as one of shape `target`: 0 along repeated axes.
  func strides(spreadTo target: Shape) -> [Int] {
    let (own, added) = (rowMajorStrides, target.rank - rank)
    return target.indices.map { $0 < added || self[$0 - added] == 1 ? 0 : own[$0 - added] }
  }
}

/// The offset of each position of `shape`, in row-major order: start + Σ position · stride.
func offsets(_ shape: Shape, _ strides: [Int], from start: Int = 0) -> [Int] {
  if shape.contains(0) { return [] }
  var found = [start]
  for (size, stride) in zip(shape, strides) { found = found.flatMap { base in (0..<size).map { base + $0 * stride } } }
  return found
}

/// Toward zero, to the nearest that fits; NaN becomes 0.
private func truncated<Whole: FixedWidthInteger>(_ x: Double, _: Whole.Type) -> Int64 {
  if x.isNaN { return 0 }
  if let exact = Whole(exactly: x.rounded(.towardZero)) { return Int64(exact) }
  return x < 0 ? Int64(Whole.min) : Int64(Whole.max)
}
