import Tensors
import Testing

/// Subscripts against what NumPy's indexing gives, written out by hand.
@Suite struct SubscriptTests {
  /// x[i, j, k] = 12 i + 4 j + k
  private static var x: Tensor { Tensor((0..<24).map { Float($0) }, shape: [2, 3, 4]) }

  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let shape: [Int]
    let values: [Float]
    let part: @Sendable (Tensor) -> Tensor

    init(_ name: String, _ shape: [Int], _ values: [Float], _ part: @escaping @Sendable (Tensor) -> Tensor) {
      (testDescription, self.shape, self.values, self.part) = (name, shape, values, part)
    }
  }

  static let cases: [Case] = [
    Case("0", [3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) { $0[0] },
    Case("-1, 1", [4], [16, 17, 18, 19]) { $0[-1, 1] },
    Case("1, 2, 3", [], [23]) { $0[1, 2, 3] },
    Case("..., -1", [2, 3], [3, 7, 11, 15, 19, 23]) { $0[.ellipsis, -1] },
    Case("0, ..., 0", [3], [0, 4, 8]) { $0[0, .ellipsis, 0] },
    Case("0, 1, 2, ...", [], [6]) { $0[0, 1, 2, .ellipsis] },
    Case("1:, new, :2", [1, 1, 2, 4], [12, 13, 14, 15, 16, 17, 18, 19]) { $0[1..., .newAxis, ..<2] },
    Case("new, ..., 0:2", [1, 2, 3, 2], [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21]) { $0[.newAxis, .ellipsis, 0...1] },
    Case("0, 0, new", [4, 1], [0, 1, 2, 3]) { $0[0, 0, .ellipsis, .newAxis] },
    Case("0, 0, -3:-1", [2], [1, 2]) { $0[0, 0, -3 ..< -1] },
    Case("0, 0, :-1", [3], [0, 1, 2]) { $0[0, 0, ...(-2)] },
    Case("0, 0, -2:", [2], [2, 3]) { $0[0, 0, -2...(-1)] },
    Case("0, 3:, 0", [0], []) { $0[0, 3..., 0] },
    Case("0, 0, 3:1", [0], []) { $0[0, 0, .stride(from: 3, to: 1)] },
    Case("0, 0, ::2", [2], [0, 2]) { $0[0, 0, .stride(by: 2)] },
    Case("0, 0, 1::2", [2], [1, 3]) { $0[0, 0, .stride(from: 1, by: 2)] },
    Case("0, 0, ::3", [2], [0, 3]) { $0[0, 0, .stride(by: 3)] },
    Case("0, 0, 1:4:2", [2], [1, 3]) { $0[0, 0, .stride(from: 1, to: 4, by: 2)] },
    Case("0, 0, ::100", [1], [0]) { $0[0, 0, .stride(by: 100)] },
    Case("0, 0, ::-1", [4], [3, 2, 1, 0]) { $0[0, 0, .stride(by: -1)] },
    Case("0, 0, 2:0:-1", [2], [2, 1]) { $0[0, 0, .stride(from: 2, to: 0, by: -1)] },
    Case("0, 0, ::-2", [2], [3, 1]) { $0[0, 0, .stride(by: -2)] },
    Case("0, 0, ::-3", [2], [3, 0]) { $0[0, 0, .stride(by: -3)] },
    Case("0, 0, 4::-2", [2], [3, 1]) { $0[0, 0, .stride(from: 4, by: -2)] },
    Case("0, 0, 1::-1", [2], [1, 0]) { $0[0, 0, .stride(from: 1, by: -1)] },
    Case("0, 0, ::-(2^63)", [1], [3]) { $0[0, 0, .stride(by: .min)] },
    Case("0, 0, ::2^63-1", [1], [0]) { $0[0, 0, .stride(by: .max)] },
    Case("::-1, ::2, 1", [2, 2], [13, 21, 1, 9]) { $0[.stride(by: -1), .stride(by: 2), 1] },
    Case("transposed ::-1, 1::2", [4, 1, 2], [7, 19, 6, 18, 5, 17, 4, 16]) {
      $0.permuted([2, 1, 0])[.stride(by: -1), .stride(from: 1, by: 2)]
    },
    Case("by an integer variable", [4], [4, 5, 6, 7]) {
      let (row, rows) = (1, 0..<1)
      return $0[rows, row, .ellipsis][0]
    },
    Case("of eight axes", [1, 1, 1, 1, 1, 1, 2, 3], [0, 3, 6, 12, 15, 18]) {
      $0.reshaped(to: [1, 1, 1, 1, 1, 1, 2, 12])[.ellipsis, .stride(to: 9, by: 3)]
    },
  ]

  @Test(arguments: cases) func readsWhatNumPyReads(_ example: Case) throws {
    for x in [Self.x, Self.x + 0] {
      let part = example.part(x)
      #expect(part.shape.dimensions == example.shape)
      #expect(try part.values() == example.values)
    }
    let whole = example.part(Self.x.cast(to: .int32))
    #expect(try whole.values(as: Int32.self) == example.values.map { Int32($0) })
  }

  /// The gradient is the upstream one where an element was read, and 0 elsewhere.
  @Test(arguments: cases) func gradientsGoBackToTheirElements(_ example: Case) throws {
    let x = Self.x
    let weights = example.values.indices.map { Float($0 + 1) }
    let loss = (example.part(x) * Tensor(weights, shape: example.shape)).sum()
    var expected = [Float](repeating: 0, count: 24)
    for (value, weight) in zip(example.values, weights) { expected[Int(value)] += weight }
    #expect(try gradients(of: loss, withRespectTo: [x])[0]?.values() == expected)
    let check = try gradientCheck({ example.part($0[0]).square() }, at: [x * 0.1], order: 2)
    #expect(check.passes(tolerance: 1e-4), "\(check)")
  }

  @Test(
    arguments: [
      ("too many", { @Sendable x in x[0, 0, 0, 0] }, "4 indices are too many for [2, 3, 4]"),
      ("an element", { @Sendable x in x[2] }, "2 is out of range for axis 0 of [2, 3, 4]: -2 to 1"),
      ("an element from the end", { @Sendable x in x[.ellipsis, -5] }, "-5 is out of range for axis 2"),
      ("an upper bound", { @Sendable x in x[0, ..<4] }, "bound 4 is out of range for axis 1 of [2, 3, 4]: -3 to 3"),
      ("a closed bound", { @Sendable x in x[0, 0...3] }, "bound 4 is out of range"),
      ("a lower bound", { @Sendable x in x[(-4)...] }, "bound -4 is out of range"),
      ("Int.max", { @Sendable x in x[..<Int.max] }, "out of range"),
      ("to Int.max", { @Sendable x in x[...Int.max] }, "out of range"),
      ("Int.min", { @Sendable x in x[Int.min] }, "out of range"),
      ("a step of 0", { @Sendable x in x[.stride(by: 0)] }, "must not be 0"),
      ("two ellipses", { @Sendable x in x[.ellipsis, 0, .ellipsis] }, "one ellipsis"),
      ("nine axes", { @Sendable x in x[0].reshaped(to: [1, 1, 1, 1, 1, 1, 1, 12])[.newAxis] }, "at most 8"),
      ("nothing", { @Sendable x in Tensor.zeros([0])[0] }, "it is empty"),
    ] as [(String, @Sendable (Tensor) -> Tensor, String)])
  func outOfRangeIsAnError(_ name: String, _ part: @Sendable (Tensor) -> Tensor, _ sentence: String) throws {
    let failure = try #require(part(Self.x).failure, "\(name) is no error")
    #expect(failure.message.contains(sentence), "\(failure)")
    #expect(failure.callSite?.file.hasSuffix("SubscriptTests.swift") == true, "\(failure)")
  }

  @Test func aFailedTensorStays() {
    let failed = Tensor.failed(TensorError("this was wrong before"))
    #expect(failed[0, .newAxis].failure?.message == "this was wrong before")
  }
}
