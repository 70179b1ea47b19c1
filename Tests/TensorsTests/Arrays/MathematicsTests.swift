import Testing

@testable import Tensors

/// Values that are known, and types other than float32.
@Suite struct MathematicsTests {
  @Test func numbersAreRounded() throws {
    let x = Tensor([-2.5, -1.5, -0.5, -0.2, 0.5, 1.5, 2.5, 2.6, 1e30, .infinity, -.infinity, .nan], shape: [12])
    let values = try x.values()
    func check(_ found: Tensor, _ rule: FloatingPointRoundingRule) throws {
      for (a, b) in zip(try found.values(), values.map({ $0.rounded(rule) })) { #expect(a == b || a.isNaN && b.isNaN) }
    }
    try check(x.rounded(), .toNearestOrEven)
    try check(x.ceil(), .up)
    try check(x.truncated(), .towardZero)
    let whole = Tensor([3, -3] as [Int32], shape: [2])
    #expect(try whole.rounded().values(as: Int32.self) == [3, -3])
  }

  @Test func numbersAreClassified() throws {
    let x = Tensor([1, .nan, .infinity, -.infinity], shape: [4])
    for dtype in [DType.float32, .float64, .bfloat16, .float16] {
      let x = x.cast(to: dtype)
      #expect(try x.isNaN().values(as: Bool.self) == [false, true, false, false])
      #expect(try x.isInfinite().values(as: Bool.self) == [false, false, true, true])
      #expect(try x.isFinite().values(as: Bool.self) == [true, false, false, false])
    }
    let whole = Tensor([1, 2] as [Int64], shape: [2])
    #expect(try whole.isNaN().values(as: Bool.self) == [false, false])
    #expect(try whole.isInfinite().values(as: Bool.self) == [false, false])
    #expect(try whole.isFinite().values(as: Bool.self) == [true, true])
  }

  @Test func remaindersHaveTheirSign() throws {
    let (a, b) = (Tensor([7, -7, 7, -7, 6], shape: [5]), Tensor([3, 3, -3, -3, 3], shape: [5]))
    #expect(try a.fmod(b).values() == [1, -1, 1, -1, 0])
    #expect(try a.remainder(b).values() == [1, 2, -2, -1, 0])
    for dtype in [DType.int8, .int32, .int64] {
      #expect(try a.cast(to: dtype).remainder(b.cast(to: dtype)).numbers() == [1, 2, -2, -1, 0])
      #expect(try a.cast(to: dtype).fmod(3).numbers() == [1, -1, 1, -1, 0])
      #expect(try a.cast(to: dtype).remainder(0).numbers() == [0, 0, 0, 0, 0])
    }
    let signs = Tensor([0, -0.0, -1, .infinity, -.infinity], shape: [5])
    #expect(try a.copySign(of: signs).values() == [7, -7, -7, 7, -6])
  }

  @Test(arguments: [DType.int8, .uint8, .int32, .int64]) func bitsAreCombined(_ dtype: DType) throws {
    let (a, b) = (Tensor([12, 10, 127], shape: [3]).cast(to: dtype), Tensor([10, 3, 1], shape: [3]).cast(to: dtype))
    let results = [
      a.bitAnd(b), a.bitOr(b), a.bitXor(b), a.bitNot(), a.shiftedLeft(by: b), a.shiftedRight(by: b),
      a.bitNot().shiftedRight(by: 100), a.bitAnd(6), a.shiftedLeft(by: 1),
    ]
    let expected = try ReferenceInterpreter().evaluate(results)
    for (result, expected) in zip(results, expected) {
      #expect(result.dtype == dtype)
      #expect(try result.numbers() == expected.floats, "\(result.node.op)")
    }
    #expect(try a.bitAnd(b).numbers() == [8, 2, 1])
    #expect(try a.bitNot().bitNot().numbers() == [12, 10, 127])
    #expect(try (a.less(than: b) .^ b.less(than: a)).values(as: Bool.self) == [true, true, true])
    #expect(Tensor.ones([1]).bitAnd(.ones([1])).failure != nil)
  }

  /// PyTorch's numbers, and those of tables.
  @Test func valuesAreThoseOfTables() throws {
    func value(_ x: Double, _ function: (Tensor) -> Tensor) throws -> Double {
      try function(Tensor(x)).scalar(as: Double.self)
    }
    #expect(abs(try value(1) { $0.digamma() } + 0.577_215_664_901_532_9) < 1e-15)
    #expect(abs(try value(1) { $0.polygamma(1) } - Double.pi * Double.pi / 6) < 1e-14)
    #expect(abs(try value(0.5) { $0.lgamma() } - 0.572_364_942_924_700_1) < 1e-15)
    #expect(abs(try value(0.5) { $0.erfInverse() } - 0.476_936_276_204_469_9) < 1e-15)
    #expect(abs(try value(1e-20) { $0.log1p() } - 1e-20) < 1e-35)
    #expect(abs(try value(-20) { $0.expm1() } + 0.999_999_997_938_846_4) < 1e-15)
    #expect(try value(10) { $0.exp2() } == 1024)
  }
}
