/// The sizes of a tensor's dimensions, outermost first. The empty shape is a scalar's.
///
/// Asking for a dimension that is not there gives 0 rather than a trap, so that code which looks at the shape of a
/// failed tensor goes on and the failure is reported where a value is asked for.
public struct Shape: Hashable, Sendable, Codable, ExpressibleByArrayLiteral, RandomAccessCollection,
  CustomStringConvertible
{
  /// The sizes, outermost first.
  public var dimensions: [Int]

  public init(_ dimensions: [Int]) { self.dimensions = dimensions }
  public init(arrayLiteral elements: Int...) { dimensions = elements }

  /// How many dimensions there are.
  public var rank: Int { dimensions.count }
  public var startIndex: Int { 0 }
  public var endIndex: Int { dimensions.count }

  /// The size along `axis`; negative axes count from the end.
  public subscript(axis: Int) -> Int {
    let index = axis < 0 ? axis + rank : axis
    return dimensions.indices.contains(index) ? dimensions[index] : 0
  }

  /// How many elements there are: the product of the sizes.
  public var elementCount: Int {
    dimensions.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
  }

  public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }

  /// Whether every size is at least 0 and the whole fits in memory's address space.
  var isValid: Bool {
    var product = 1
    for size in dimensions {
      guard size >= 0 else { return false }
      let (next, overflow) = product.multipliedReportingOverflow(by: Swift.max(size, 1))
      guard !overflow, next <= 1 << 44 else { return false }
      product = next
    }
    return rank <= Shape.maximumRank
  }

  /// The greatest rank that kernels take.
  static let maximumRank = 8

  /// The distance in elements between neighbors along each axis, when rows lie one after the other.
  var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in dimensions.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * dimensions[axis + 1]
    }
    return strides
  }

  /// The shape both broadcast to: aligned at the last axis, sizes equal or one of them 1. `nil` when they do not fit.
  func broadcast(with other: Shape) -> Shape? {
    if self == other { return self }
    let rank = Swift.max(self.rank, other.rank)
    var result = [Int](repeating: 1, count: rank)
    for back in stride(from: 1, through: rank, by: 1) {
      let (a, b) = (back <= self.rank ? self[-back] : 1, back <= other.rank ? other[-back] : 1)
      guard a == b || a == 1 || b == 1 else { return nil }
      result[rank - back] = a == 1 ? b : a
    }
    return Shape(result)
  }
}
