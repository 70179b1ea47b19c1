import Testing

@testable import Tensors

/// The counts of a profile, against operations and bytes by hand.
struct ProfileTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var title: String
    var flops: Int
    var bytes: Int
    var make: @Sendable () -> Tensor
    var testDescription: String { title }
  }

  private static func data(_ shape: [Int]) -> Tensor {
    Tensor([Float](repeating: 0.5, count: shape.reduce(1, *)), shape: shape)
  }

  static let cases = [
    Case(title: "matmul [6, 5] · [5, 7]", flops: 2 * 6 * 5 * 7, bytes: 4 * (30 + 35 + 42)) {
      data([6, 5]).matmul(data([5, 7]))
    },
    Case(title: "sum [1, 30, 1]", flops: 30, bytes: 4 * 31) { data([5, 6]).sum() },
    // An array and a row in, one array out.
    Case(title: "elementwise [4, 6], 2 operations of 2", flops: 2 * 24, bytes: 4 * (24 + 6 + 24)) {
      (data([4, 6]) + data([6])).exp()
    },
    Case(title: "softmax [3, 8]", flops: 5 * 24, bytes: 4 * 48) { data([3, 8]).softmax() },
    // Each of two heads has 1 + 2 + 3 pairs of four elements; lengths are not counted as operands.
    Case(
      title: "attention [1, 2, 3, 4] to 3, causal", flops: 2 * 6 * 2 * (4 + 4), bytes: 4 * (4 * 24 + 6)
    ) {
      attention(
        queries: data([1, 2, 3, 4]), keys: data([1, 2, 3, 4]), values: data([1, 2, 3, 4]), lengths: nil, causal: true)
    },
  ]

  @Test(arguments: cases) func operationsAndBytesAreThoseByHand(_ item: Case) throws {
    let profile = Profile()
    _ = try Profile.$current.withValue(profile) { try item.make().values() }
    let line = try #require(
      profile.lines.first { $0.title == item.title }, "\(profile.lines.map(\.title))")
    #expect(line.flops == item.flops)
    #expect(line.bytes == item.bytes)
    #expect(line.count == 1)
  }

  @Test func nothingIsCountedWhenNobodyLooks() throws {
    let profile = Profile()
    _ = try Self.data([3]).exp().values()
    #expect(profile.lines.isEmpty && profile.plans.isEmpty)
  }
}
