/// The elements of a tensor in row-major order.
enum HostArray<Scalar: Number>: Equatable {
  case floats([Scalar])
  case ints([Int32])

  var floats: [Scalar] {
    switch self {
    case .floats(let values): values
    case .ints(let values): values.map { Scalar($0) }
    }
  }

  var ints: [Int32] {
    switch self {
    case .floats(let values): values.map(truncated)
    case .ints(let values): values
    }
  }

  /// `count` times the same number.
  static func repeated(_ value: Double, count: Int, _ dtype: DType) -> HostArray {
    dtype == .int32
      ? .ints(Array(repeating: truncated(value), count: count)) : .floats(Array(repeating: Scalar(value), count: count))
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
struct ReferenceOperands<Scalar: Number> {
  let arrays: [HostArray<Scalar>]
  let shapes: [Shape]
  /// The result's.
  let type: TensorType

  /// An operand, repeated to the result's shape.
  func spread(_ index: Int) -> HostArray<Scalar> {
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
  var found = [start]
  for (size, stride) in zip(shape, strides) { found = found.flatMap { base in (0..<size).map { base + $0 * stride } } }
  return found
}

/// Toward zero, to the nearest that fits; NaN becomes 0.
private func truncated<Scalar: BinaryFloatingPoint>(_ x: Scalar) -> Int32 {
  if x.isNaN { return 0 }
  if x >= 2_147_483_648 { return .max }
  if x <= -2_147_483_648 { return .min }
  return Int32(x)
}
