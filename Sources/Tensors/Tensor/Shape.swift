/// The sizes of a tensor's dimensions, outermost first. The empty shape is a scalar's.
///
/// A dimension out of range is 0 rather than a trap, so that code which reads the shape of a failed tensor continues
/// and the failure is reported where a value is requested.
public struct Shape: Hashable, Sendable, Codable, ExpressibleByArrayLiteral, RandomAccessCollection,
  CustomStringConvertible
{
  /// The sizes, outermost first.
  public var dimensions: [Int]

  /// A shape of these sizes, outermost first. Nothing is checked here: an operation that cannot have this shape fails.
  public init(_ dimensions: [Int]) { self.dimensions = dimensions }
  public init(arrayLiteral elements: Int...) { dimensions = elements }

  /// How many dimensions there are.
  public var rank: Int { dimensions.count }
  public var startIndex: Int { 0 }
  public var endIndex: Int { dimensions.count }

  /// The size along `axis`; negative axes count from the end.
  public subscript(axis: Int) -> Int { normalized(axis).map { dimensions[$0] } ?? 0 }

  /// The sizes along these axes, as far as there are any.
  public subscript(axes: Range<Int>) -> Slice<Shape> {
    Slice(base: self, bounds: axes.clamped(to: startIndex..<endIndex))
  }

  /// How many elements there are: the product of the sizes. A shape that no tensor can have, such as one with a negative
  /// size, has none, and one of more elements than can be counted `Int.max`.
  public var elementCount: Int {
    dimensions.allSatisfy { $0 > 0 } ? dimensions.reduce(1) { $0.times($1) } : 0
  }

  public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }

  /// Whether a tensor can have this shape.
  var isValid: Bool { flaw == nil }

  /// Why no tensor can have this shape, as a sentence: the only code that multiplies sizes to check this.
  package var flaw: String? {
    guard rank <= Shape.maximumRank else {
      return "the shape \(self) has \(rank) axes, and at most \(Shape.maximumRank) are supported"
    }
    if dimensions.contains(where: { $0 < 0 }) { return "the shape \(self) has a negative size" }
    // Sizes of 0 are ignored, so that every part of a shape fits too.
    let product = dimensions.reduce(1) { $0.times(Swift.max($1, 1)) }
    return product <= Shape.maximumCount ? nil : "the shape \(self) has more elements than memory can hold (2⁴⁴)"
  }

  /// The greatest rank that kernels take.
  package static let maximumRank = 8

  /// More elements than fit into any machine; products of two sizes and of bytes an element stay far from overflow.
  private static let maximumCount = 1 << 44

  /// `axis` counted from the start, where negative ones count from the end; `nil` where there is no such axis.
  func normalized(_ axis: Int, added: Int = 0) -> Int? {
    let index = axis < 0 ? axis + rank + added : axis
    return 0..<rank + added ~= index ? index : nil
  }

  /// `axis` counted from the start, where negative ones count from the end. `added`: how many axes the result has more.
  ///
  /// All that takes an axis resolves it here, so that -1 is the last one everywhere and there is one sentence for an axis
  /// that does not exist.
  func axis(_ axis: Int, for operation: String, added: Int = 0) throws(TensorError) -> Int {
    guard let index = normalized(axis, added: added) else { throw noAxis(axis, for: operation, added: added) }
    return index
  }

  /// The same for several axes, each once and in ascending order; all of them for `nil`.
  func axes(_ axes: [Int]?, for operation: String) throws(TensorError) -> [Int] {
    guard let axes else { return Array(indices) }
    var found = Set<Int>()
    for axis in axes { found.insert(try self.axis(axis, for: operation)) }
    return found.sorted()
  }

  /// The error of an operation for an axis that does not exist.
  func noAxis(_ axis: Int, for operation: String, added: Int = 0) -> TensorError {
    let count = rank + added
    let valid = count == 0 ? "it has no axes" : "\(-count) to \(count - 1) are valid"
    return TensorError("\(operation): axis \(axis) is out of range for the shape \(self): \(valid)")
  }

  /// The distance in elements between neighbors along each axis, when rows are stored one after the other.
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

/// Saturating arithmetic on sizes that are not validated yet.
extension Int {
  /// The product, or the greatest number where it overflows; 0 where one of the two is negative.
  package func times(_ other: Int) -> Int {
    guard self > 0, other > 0 else { return 0 }
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }

  /// The sum, or the nearest number where it overflows.
  package func plus(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other > 0 ? .max : .min) : sum
  }
}
