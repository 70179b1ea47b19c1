import Testing

@testable import Tensors

/// Arithmetic of integers, which wraps around, and of bools.
@Suite struct IntegerTests {
  private static let types: [DType] = [.int8, .uint8, .int32, .int64]

  /// Not as float32, which does not tell 2²⁴ from its successor.
  @Test func integersAreComparedWithWholeNumbersExactly() throws {
    let x = Tensor([16_777_217] as [Int32], shape: [1])
    #expect(try x.equal(to: 16_777_216).values(as: Bool.self) == [false])
    #expect(try x.greater(than: 16_777_216).values(as: Bool.self) == [true])
    #expect(try Tensor([3] as [Int8], shape: [1]).less(than: 1000).values(as: Bool.self) == [true])
    #expect(try Tensor([3] as [UInt8], shape: [1]).greater(than: 2.5).values(as: Bool.self) == [true])
    #expect(
      try Tensor([1 << 53 + 1] as [Int64], shape: [1]).greater(than: 9_007_199_254_740_992).values(as: Bool.self) == [
        true
      ])
  }

  @Test(arguments: types) func arithmeticWrapsAround(_ dtype: DType) throws {
    let ends: [Double] =
      switch dtype {
      case .int8: [-128, 127]
      case .uint8: [0, 255]
      case .int32: [-2_147_483_648, 2_147_483_647]
      default: [-0x1p63, 0x1p62]
      }
    let x = Tensor(ends + [0, 1, 3, 100], shape: [2, 3]).cast(to: dtype)
    let y = Tensor([1, 2, 5] as [Int32], shape: [3]).cast(to: dtype)
    let results = [
      x + y, x - y, x * y, -x, x.abs(), x.sign(), x.relu(), x.square(), maximum(x, y), minimum(x, y), x.sum(),
      x.sum(axes: [0]), x.max(axes: [1]), x.min(), x.transposed.sum(axes: [0]), x.matmul(x.transposed),
      x.clamped(min: 1, max: 3), x.argmax(axis: 1), x.argmax(axis: 0),
      Tensor.record(ScatterAdd(rows: 2), [Tensor([1, 1] as [Int32], shape: [2]), x]),
      Tensor.zeros([0, 2], dtype: dtype).sum(axes: [0]),
    ]
    let expected = try ReferenceInterpreter().evaluate(results)
    for (result, expected) in zip(results, expected) {
      #expect(result.dtype == dtype || result.dtype == .int32)
      let found: [Int64]
      switch result.dtype {
      case .int8: found = try result.values(as: Int8.self).map { Int64($0) }
      case .uint8: found = try result.values(as: UInt8.self).map { Int64($0) }
      case .int32: found = try result.values(as: Int32.self).map { Int64($0) }
      default: found = try result.values(as: Int64.self)
      }
      #expect(found == expected.ints, "\(result.node.op)")
    }
  }

  @Test func knownResults() throws {
    let x = Tensor([100, -128] as [Int8], shape: [2])
    #expect(try (x + x).values(as: Int8.self) == [-56, 0])
    #expect(try (x * x).values(as: Int8.self) == [16, 0])
    #expect(try (-x).values(as: Int8.self) == [-100, -128])
    #expect(try x.abs().values(as: Int8.self) == [100, -128])
    let wide = Tensor([1 << 53 + 1, .max] as [Int64], shape: [2])
    #expect(try wide.sum().scalar(as: Int64.self) == Int64.max &+ (1 << 53 + 1))
    #expect(try (wide - wide).values(as: Int64.self) == [0, 0])
    #expect(try Tensor([2, 3] as [UInt8], shape: [2]).matmul2x1().values(as: UInt8.self) == [13])
  }

  @Test func numbersMakeFloatsOfIntegers() throws {
    let x = Tensor([1, 2] as [Int64], shape: [2])
    #expect((x * 2).dtype == .float32)
    #expect(try (x / 4).values() == [0.25, 0.5])
    #expect(try (x.cast(to: .float64) / 3).values(as: Double.self) == [1.0 / 3, 2.0 / 3])
  }

  @Test func logicOfBools() throws {
    let (a, b) = (
      Tensor([true, true, false, false], shape: [4]), Tensor([true, false, true, false], shape: [4])
    )
    #expect(try (a .& b).values(as: Bool.self) == [true, false, false, false])
    #expect(try (a .| b).values(as: Bool.self) == [true, true, true, false])
    #expect(try (.!a).values(as: Bool.self) == [false, false, true, true])
    #expect(try a.equal(to: b).values(as: Bool.self) == [true, false, false, true])
    #expect(try a.cast(to: .float32).sum().scalar() == 2)
    let table = Tensor([true, false, false, false], shape: [2, 2])
    #expect(try table.any().scalar(as: Bool.self))
    #expect(try !table.all().scalar(as: Bool.self))
    #expect(try table.any(axes: [1]).values(as: Bool.self) == [true, false])
    #expect(try table.all(axes: [0], keepingAxes: true).values(as: Bool.self) == [false, false])
    #expect(try Tensor.zeros([0], dtype: .bool).any().scalar(as: Bool.self) == false)
    #expect(try table.mean(axes: [1]).values() == [0.5, 0])
    #expect(try table.mean(keepingAxes: true).values() == [0.25])
    #expect(try Tensor.zeros([0], dtype: .bool).all().scalar(as: Bool.self))
    // Masks within one plan, from data, a variable and a comparison.
    let variable = try Variable([true, false, false, true], shape: [4], name: "mask")
    let x = Tensor([1, 2, 3, 4], shape: [4])
    let chosen = Tensor.where(variable.tensor .& x.greater(than: 1) .| .!a, x, 0)
    #expect(try chosen.values() == [0, 0, 3, 4])
  }
}

extension Tensor {
  /// [n] as a row times the same as a column.
  fileprivate func matmul2x1() -> Tensor { reshaped(to: [1, -1]).matmul(reshaped(to: [-1, 1])).reshaped(to: [1]) }
}
