import Testing

@testable import Tensors

/// What every type can do: be stored, moved, indexed, joined, compared, and assigned to variables.
@Suite struct ElementTypeTests {
  /// Through values of 16 bits that are used twice, repeated, sliced, joined and gathered.
  @Test(arguments: [DType.bfloat16, .float16]) func gradientsPassThrough16Bits(_ dtype: DType) throws {
    let x = Tensor([1, 2, 3] as [Float], shape: [3])
    let half = x.cast(to: dtype)
    let twice = half.cast(to: .float32)
    let rows = half.broadcast(to: [2, 3]).rows(Tensor([1, 1, 0] as [Int32], shape: [3])).cast(to: .float32)
    let parts = Tensor.concatenated([half[1...], half.reversed(axes: [0])], axis: 0).cast(to: .float32)
    let value = (twice * twice).sum() + rows.sum() + (parts * 10).sum()
    let found = [x, half].map { gradients(of: value, withRespectTo: [$0])[0] }
    // 2x, three rows, and 10 for each part that has the element.
    let expected: [Float] = [2 + 3 + 10, 4 + 3 + 20, 6 + 3 + 20]
    #expect(try found[0]?.values() == expected)
    #expect(found[1]?.dtype == dtype)
    #expect(try found[1]?.values() == expected)
  }

  @Test func notANumberIsPrintedWithoutSign() {
    #expect(Tensor([-Float.nan, .nan], shape: [2]).description == "Tensor [2] float32 [nan, nan]")
  }

  /// Numbers that all types hold, those of bool as 0 and 1.
  private static func numbers(_ count: Int, _ dtype: DType) -> [Double] {
    let numbers = (0..<count).map { index -> Int in dtype == .bool ? index * 5 % 3 % 2 : index * 7 % 100 }
    return numbers.map { Double($0) }
  }

  private static func tensor(_ shape: Shape, _ dtype: DType) -> Tensor {
    Tensor(numbers(shape.elementCount, dtype), shape: shape.dimensions).cast(to: dtype)
  }

  @Test func arraysOfEveryElementAreTensors() throws {
    #expect(try Tensor([1.5, -2], shape: [2]).values() == [1.5, -2])
    #expect(Tensor([1, 2, 3], shape: [3]).dtype == .float32)
    #expect(try Tensor([0.1] as [Double], shape: [1]).values(as: Double.self) == [0.1])
    #expect(try Tensor([-128, 127] as [Int8], shape: [2]).values(as: Int8.self) == [-128, 127])
    #expect(try Tensor([0, 255] as [UInt8], shape: [2]).values(as: UInt8.self) == [0, 255])
    #expect(try Tensor([.min, .max] as [Int32], shape: [2]).values(as: Int32.self) == [.min, .max])
    #expect(try Tensor([.min, .max] as [Int64], shape: [2]).values(as: Int64.self) == [.min, .max])
    #expect(try Tensor([true, false], shape: [2]).values(as: Bool.self) == [true, false])
    #expect(try Tensor(0.1 as Double).scalar(as: Double.self) == 0.1)
    #expect(try Tensor(true).scalar(as: Bool.self))
    #expect(try Tensor([0.1], shape: [1]).cast(to: .bfloat16).values() == [0.10009765625])
    #expect(try Tensor([0.1], shape: [1]).cast(to: .float16).scalar() == 0.0999755859375)
  }

  @Test(arguments: DType.allCases) func elementsAreMoved(_ dtype: DType) throws {
    let x = Self.tensor([3, 4, 5], dtype)
    let y = Self.tensor([3, 2, 5], dtype)
    let flags = Tensor([true, false, true], shape: [3, 1, 1])
    let results = [
      x, x.transposed, x.permuted([2, 0, 1]).reshaped(to: [10, 6]), x.reversed(axes: [0, 2]),
      x[1, ...(-2), .stride(by: 2)], x[.stride(by: -1), 0], x.sliced(starts: [1, 1, 0], shape: [2, 3, 5]),
      x.padded(before: [1, 0, 2], after: [0, 1, 0], with: 1), Tensor.concatenated([x, y], axis: 1),
      Tensor.stacked([x, x.reversed()], axis: 1), x[0].unsqueezed(axis: 1).broadcast(to: [4, 3, 5]),
      Tensor.where(flags, x, x.reversed()), x.tril(), x.split(sizes: [1, 3], axis: 1)[1].transposed,
      x.reshaped(to: [12, 5]).rows(Tensor([3, 0, -1, 12, 11] as [Int32], shape: [5])).wholeNumbers,
      x.replacing(axis: 1, at: Tensor(3 as Int32), with: y), Tensor.zeros([2], dtype: dtype),
      Tensor.ones([2, 3], dtype: dtype).transposed, Tensor.eye(3, dtype: dtype), Tensor.zeros([0, 2], dtype: dtype),
    ]
    let expected = try ReferenceInterpreter().evaluate(results)
    for (result, expected) in zip(results, expected) {
      #expect(result.dtype == dtype || dtype.isFloatingPoint, "\(result.node.op)")
      #expect(try result.numbers() == expected.floats.map { $0 }, "\(result.node.op)")
    }
  }

  @Test(arguments: DType.allCases) func elementsAreCompared(_ dtype: DType) throws {
    let (x, y) = (Self.tensor([4, 5], dtype), Self.tensor([4, 5], dtype).reversed(axes: [1]))
    let (a, b) = (try x.numbers(), try y.numbers())
    let comparisons: [(Tensor, (Double, Double) -> Bool)] = [
      (x.less(than: y), { $0 < $1 }), (x.lessOrEqual(to: y), { $0 <= $1 }), (x.equal(to: y), { $0 == $1 }),
      (x.greater(than: y), { $0 > $1 }), (.!x.less(than: y), { !($0 < $1) }),
      (x.less(than: y) .| x.equal(to: y), { $0 <= $1 }), (x.lessOrEqual(to: y) .& x.equal(to: y), { $0 == $1 }),
      (x.transposed.less(than: y.transposed).transposed, { $0 < $1 }),
    ]
    for (found, expected) in comparisons {
      #expect(found.dtype == .bool)
      #expect(try found.values(as: Bool.self) == zip(a, b).map(expected))
    }
  }

  @Test(arguments: DType.allCases) func variablesHoldEveryType(_ dtype: DType) throws {
    let first = Self.tensor([2, 3], dtype)
    let variable = try Variable(first, name: "v")
    #expect(variable.dtype == dtype)
    #expect(variable.isFinite)
    let before = variable.tensor
    try evaluate([], assigning: [(variable, variable.tensor.reversed())])
    #expect(try variable.tensor.bits() == first.bits().reversed())
    #expect(try before.bits() == first.bits())
    let part = Self.tensor([2, 1], dtype)
    let graph = try CompiledGraph(
      computing: [variable.tensor.transposed],
      assigning: [(variable, variable.tensor.replacing(axis: 1, at: Tensor(0 as Int32), with: part))], inputs: [])
    for _ in 0..<2 { _ = try graph.run([]) }
    #expect(try graph.run([])[0].bits() == variable.tensor.transposed.bits())
    #expect(try variable.tensor[0, 0].bits() == part[0, 0].bits())
  }

  @Test(arguments: DType.allCases) func compiledGraphsTakeEveryType(_ dtype: DType) throws {
    let input = Tensor.standIn(like: Self.tensor([2, 3], dtype))
    let graph = try CompiledGraph(
      computing: [input.transposed, input.equal(to: input)], assigning: [], inputs: [input])
    for round in 0..<3 {
      let data = Self.tensor([2 + round, 3], dtype).sliced(starts: [round, 0], shape: [2, 3])
      let results = try graph.run([data])
      #expect(try results[0].bits() == data.transposed.bits())
      #expect(try results[1].values(as: Bool.self) == Array(repeating: true, count: 6))
    }
  }

  @Test func numbersAreMadeInAnyType() throws {
    #expect(try Tensor.arange(to: 3, dtype: .int64).values(as: Int64.self) == [0, 1, 2])
    #expect(
      try Tensor.arange(from: 1 << 40, to: 1 << 40 + 2, dtype: .int64).values(as: Int64.self) == [1 << 40, 1 << 40 + 1])
    #expect(try Tensor.arange(from: 5, to: 0, by: -2, dtype: .uint8).values(as: UInt8.self) == [5, 3, 1])
    #expect(Tensor.arange(to: 200, dtype: .int8).failure != nil)
    #expect(try Tensor.arange(to: 1, by: 0.1, dtype: .float64).values(as: Double.self)[3] == 0.1 * 3)
    #expect(try Tensor.linspace(from: 0, to: 1, count: 4, dtype: .float64).values(as: Double.self)[1] == 1.0 / 3)
    #expect(Tensor.linspace(from: 0, to: 1, count: 4, dtype: .int32).failure != nil)
    #expect(try Tensor.full([2], 0.1, dtype: .float64).values(as: Double.self) == [0.1, 0.1])
    let labels = Tensor([1, 0] as [Int32], shape: [2])
    #expect(try labels.oneHot(classes: 2, dtype: .bool).values(as: Bool.self) == [false, true, true, false])
    let (single, double) = Random.$current.withValue(Random(seed: 1)) {
      (
        Tensor.randomNormal([5]),
        Random.$current.withValue(Random(seed: 1)) { Tensor.randomNormal([5], dtype: .float64) }
      )
    }
    #expect(try double.values(as: Double.self) == single.values().map { Double($0) })
  }

  @Test func descriptionsNameTheType() {
    #expect("\(Tensor([true, false], shape: [2]))" == "Tensor [2] bool [true, false]")
    #expect("\(Tensor([0.1] as [Double], shape: [1]))" == "Tensor [1] float64 [0.1]")
    #expect("\(Tensor([1, 2.5], shape: [2]).cast(to: .bfloat16))" == "Tensor [2] bfloat16 [1, 2.5]")
    #expect("\(Tensor([-1] as [Int64], shape: [1]))" == "Tensor [1] int64 [-1]")
  }
}

extension Tensor {
  /// Without the NaN that an index outside of a table gives, which does not equal itself.
  fileprivate var wholeNumbers: Tensor {
    guard dtype.isFloatingPoint else { return self }
    let numbers = cast(to: .float64)
    return Tensor.where(numbers.equal(to: numbers), numbers, -1)
  }
}
