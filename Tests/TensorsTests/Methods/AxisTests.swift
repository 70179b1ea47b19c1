import Tensors
import Testing

/// Axes counted from the end, by all that takes one.
@Suite struct AxisTests {
  private static var matrix: Tensor { Tensor([1, 5, 2, 4, 3, 6], shape: [2, 3]) }

  private static let methods: [(String, @Sendable (Tensor, Int) -> Tensor)] = [
    ("sum", { $0.sum(axes: [$1]) }), ("mean", { $0.mean(axes: [$1]) }), ("maximum", { $0.max(axes: [$1]) }),
    ("minimum", { $0.min(axes: [$1], keepingAxes: true) }), ("norm", { $0.norm(axes: [$1]) }),
    ("variance", { $0.variance(axes: [$1], correction: 1) }),
    ("standardDeviation", { $0.standardDeviation(axes: [$1], correction: 0, keepingAxes: true) }),
    ("argmax", { $0.argmax(axis: $1).cast(to: .float32) }), ("softmax", { $0.softmax(axis: $1) }),
    ("logSoftmax", { $0.logSoftmax(axis: $1) }), ("flattened", { $0.flattened(from: $1) }),
    ("concatenate", { .concatenated([$0, $0], axis: $1) }),
    ("split", { $0.split(sizes: [1, $0.shape[$1] - 1], axis: $1)[1] }),
    ("chunked", { $0.chunked(2, axis: $1)[0] }), ("reverse", { $0.reversed(axes: [$1]) }),
    ("permute", { $0.permuted([$1, $1 == 0 || $1 == -2 ? 1 : 0]) }), ("transposed", { $0.transposed($1, 0) }),
    (
      "squeezed", { $0.unsqueezed(axis: -1).unsqueezed(axis: -1).squeezed(axes: [$1 < 0 ? $1 - 1 : $1 + 2]).squeezed() }
    ),
    (
      "replaceSlice",
      { $0.replacing(axis: $1, at: Tensor([0] as [Int32], shape: []), with: $0 * 0) }
    ),
  ]

  @Test(arguments: methods.indices) func negativeAxesCountFromTheEnd(_ index: Int) throws {
    let (name, method) = Self.methods[index]
    for axis in 0...1 where name != "squeezed" || axis == 1 {
      let (a, b) = (method(Self.matrix, axis), method(Self.matrix, axis - 2))
      #expect(a.shape == b.shape, "\(name)")
      #expect(try a.values() == b.values(), "\(name)")
    }
  }

  @Test(arguments: methods.indices) func axesOutOfRangeAreNamed(_ index: Int) throws {
    let (name, method) = Self.methods[index]
    for axis in [-9, 9] {
      let failure = try #require(method(Self.matrix, axis).failure, "\(name) along \(axis)")
      #expect(failure.message.hasPrefix("\(name): axis"), "\(failure)")
      #expect(failure.message.contains("is out of range for the shape [2, 3") && failure.message.contains("are valid"))
    }
    if name == "sum" { #expect(method(Tensor(1), 0).failure?.message.hasSuffix("it has no axes") == true) }
  }

  /// New axes are counted in the result, which has one more.
  @Test(arguments: [(0, [1, 2, 3]), (1, [2, 1, 3]), (2, [2, 3, 1]), (-1, [2, 3, 1]), (-3, [1, 2, 3])])
  func newAxes(_ axis: Int, _ shape: [Int]) throws {
    #expect(Self.matrix.unsqueezed(axis: axis).shape.dimensions == shape)
    #expect(try Self.matrix.unsqueezed(axis: axis).squeezed(axes: [axis]).values() == Self.matrix.values())
    let stacked = Tensor.stacked([Self.matrix, Self.matrix * 2], axis: axis)
    #expect(stacked.shape.dimensions == shape.map { $0 == 1 ? 2 : $0 })
    #expect(try stacked.sum(axes: [axis]).values() == (Self.matrix * 3).values())
  }

  @Test func newAxesOutOfRange() throws {
    for axis in [3, -4, .min, .max] {
      for failed in [Self.matrix.unsqueezed(axis: axis), .stacked([Self.matrix], axis: axis)] {
        let failure = try #require(failed.failure)
        #expect(failure.message.hasSuffix("is out of range for the shape [2, 3]: -3 to 2 are valid"), "\(failure)")
      }
    }
  }

  /// By hand: the softmax of equal columns and rows.
  @Test func softmaxAlongAnotherAxis() throws {
    let x = Tensor([0, 0, 0, 0], shape: [2, 2])
    #expect(try x.softmax(axis: 0).values() == [0.5, 0.5, 0.5, 0.5])
    let third = Tensor([1, 7, 1, 7, 1, 7], shape: [3, 2]).softmax(axis: 0)
    #expect(try third.values().allSatisfy { abs($0 - 1.0 / 3) < 1e-7 })
  }
}
