import Testing

@testable import Tensors

/// Operands of types that do not fit: the error names both and says what to do.
@Suite struct TypeErrorTests {
  @Test(
    arguments: [
      ("mixed floats", "add: needs operands of one type, not float32 [2] and float64 [2]; use cast(to:)"),
      ("mask times number", "multiply: needs operands of one type, not bool [2] and float32 [2]; use cast(to:)"),
      ("mixed product", "matmul: needs operands of one type, not float32 [1, 2] and float64 [2, 1]; use cast(to:)"),
      ("mixed parts", "concatenate: needs tensors of one type, not float32 [2] and int64 [2]; use cast(to:)"),
      ("mixed choice", "where: needs a bool condition and two operands of one type"),
      ("fraction among integers", "0.5 is no int64 number; use cast(to: .float32) first"),
      ("quotient", "divide: needs float32 or float64, not int64 [2] and int64 [2]; use cast(to: .float32) first"),
      ("halves", "add: needs float32, float64 or integers, not bfloat16 [2] and bfloat16 [2]; use cast(to: .float32)"),
      ("exponential", "exp: needs float32 or float64, not int64 [2]; use cast(to: .float32) first"),
      ("mean", "mean: needs float32 or float64, not int64 [2]; use cast(to: .float32) first"),
      ("sum of masks", "sum: needs float32, float64 or integers, not bool [2]; use cast(to: .float32) first"),
      ("logic of numbers", "and: needs bool, not float32 [2] and float32 [2]; compare first, or cast(to: .bool)"),
      ("full", "full: 300.0 is no int8 number"),
      ("pad", "padded: -1.0 is no uint8 number"),
      ("gradient", "must be one float32 or float64 number"),
    ])
  func typesThatDoNotFitAreNamed(_ name: String, _ sentence: String) throws {
    let (x, double) = (Tensor([1, 2], shape: [2]), Tensor([1, 2] as [Double], shape: [2]))
    let (whole, half) = (Tensor([1, 2] as [Int64], shape: [2]), x.cast(to: .bfloat16))
    let results: [String: Tensor?] = [
      "mixed floats": x + double, "mask times number": x.less(than: 2) * x,
      "mixed product": x.reshaped(to: [1, 2]).matmul(double.reshaped(to: [2, 1])),
      "mixed parts": .concatenated([x, whole], axis: 0), "mixed choice": .where(x.less(than: 2), x, double),
      "fraction among integers": .where(x.less(than: 2), whole, 0.5), "quotient": whole / whole, "halves": half + half,
      "exponential": whole.exp(), "mean": whole.mean(),
      "sum of masks": x.less(than: 2).sum(), "logic of numbers": x .& x, "full": .full([1], 300, dtype: .int8),
      "pad": Tensor([1] as [UInt8], shape: [1]).padded(before: [1], after: [0], with: -1),
      "gradient": gradients(of: whole.sum(), withRespectTo: [whole])[0],
    ]
    let result = try #require(results[name] ?? nil)
    let failure = try #require(result.failure)
    #expect(failure.message.contains(sentence), "\(failure.message)")
  }

  @Test func randomNumbersHaveFractions() {
    #expect(Tensor.randomUniform([4], dtype: .int32).failure?.message.contains("float32 or float64") == true)
  }

  @Test func gradientsAreCheckedInFloat64AndNotOfIntegers() throws {
    let x = Tensor([0.5, -1.25] as [Double], shape: [2])
    #expect(try gradientCheck({ $0[0].exp().sum() }, at: [x], order: 2).passes(tolerance: 1e-6))
    #expect(throws: TensorError.self) {
      try gradientCheck({ $0[0].sum() }, at: [Tensor([1, 2] as [Int32], shape: [2])])
    }
  }

  @Test func readingAsAnotherTypeSaysHow() throws {
    let x = Tensor([1, 2] as [Int64], shape: [2])
    let error = try #require(throws: TensorError.self) { try x.values() }
    #expect(
      error.message
        == "values of int64 were asked for as float32; use values(as: Int64.self), or cast(to: .float32) first")
    #expect(throws: TensorError.self) { try Tensor([1], shape: [1]).scalar(as: Bool.self) }
    let variable = try Variable([1.5] as [Double], shape: [1], name: "v")
    #expect(throws: TensorError.self) { try variable.values() }
    #expect(throws: TensorError.self) { try variable.set([1]) }
    #expect(throws: TensorError.self) { try evaluate([], assigning: [(variable, Tensor([1], shape: [1]))]) }
    try variable.set([2.5] as [Double])
    #expect(try variable.values(as: Double.self) == [2.5])
  }
}
