/// A number along each spatial axis of sequences, images or volumes: an integer literal gives the same along all of them,
/// `[3, 5]` one along each, in the order of the axes.
public struct SpatialSize: Hashable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
  CustomStringConvertible
{
  /// One number for all axes, or one for each of them.
  public let sizes: [Int]

  /// One number for all axes, or one for each of them.
  public init(_ sizes: [Int]) { self.sizes = sizes }
  /// One number for all axes, or one for each of them.
  public init(_ sizes: Int...) { self.sizes = sizes }
  public init(integerLiteral value: Int) { sizes = [value] }
  public init(arrayLiteral elements: Int...) { sizes = elements }

  public var description: String {
    let isUniform = sizes.allSatisfy { $0 == sizes[0] }
    return isUniform && !sizes.isEmpty ? "\(sizes[0])" : sizes.map(String.init).joined(separator: "×")
  }

  /// One number for each of so many axes; `nil` where there are others, and for a negative number of axes.
  package func along(_ axes: Int) -> [Int]? {
    sizes.count == axes ? sizes : sizes.count == 1 && axes >= 0 ? Array(repeating: sizes[0], count: axes) : nil
  }

  /// Whether there are numbers for so many axes, all at least `least` and small enough that no product of a few of them
  /// overflows.
  package func isPossible(along axes: Int, least: Int) -> Bool {
    along(axes)?.allSatisfy { (least...(1 << 20)).contains($0) } ?? false
  }
}
