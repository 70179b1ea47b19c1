import Testing

@testable import Tensors

private let denormal = Float(bitPattern: 71362)  // 1e-40

/// Cases outside the table of operations: exponents that are data, callers, sizes. Denormal numbers count as zero.
@Suite struct EdgeValueTests {
  /// d/dx xⁿ and d²/dx² xⁿ at 0 and near it, for exponents that are constants and ones that are data.
  @Test(
    arguments: [
      (0, [0, 0, 0], [0, 0, 0]), (1, [1, 1, 1], [0, 0, 0]), (2, [0, 4, -2], [2, 2, 2]), (3, [0, 12, 3], [0, 12, -6]),
    ] as [(Float, [Float], [Float])])
  func powersAtZero(_ exponent: Float, _ first: [Float], _ second: [Float]) throws {
    for n in [Tensor.full([], exponent), Tensor(exponent)] {
      let x = Tensor([0, 2, -1], shape: [3])
      let slope = try #require(gradients(of: x.power(n).sum(), withRespectTo: [x])[0])
      #expect(try slope.values() == first)
      let curve = gradients(of: slope.sum(), withRespectTo: [x])[0] ?? .zeros([3])
      #expect(try curve.values() == second)
    }
    let base = Tensor([0, 0, 0], shape: [3])
    let n = Tensor([0, 2, -1], shape: [3])
    #expect(
      try gradients(of: base.power(n).sum(), withRespectTo: [n])[0]?.values() == [0, 0, -.infinity],
      "as PyTorch")
  }

  /// An int32 tensor is converted to float32 when combined with a number.
  @Test func wholeNumbersBesideFloats() throws {
    let x = Tensor([3, -2, .max] as [Int32], shape: [3])
    #expect(try (x * 0.5).values() == [1.5, -1, 1_073_741_824])
    #expect(try (x + 1e10).values() == [1e10 + 3, 1e10 - 2, 1e10 + 2_147_483_648])
    #expect(try (2.5 - x).values() == [-0.5, 4.5, -2_147_483_648])
    #expect(try (x / 2).values() == [1.5, -1, 1_073_741_824])
    #expect(try (x * .nan).values().allSatisfy { $0.isNaN })
    #expect((x + Tensor([0.5], shape: [1])).failure != nil)
    #expect(maximum(x, Tensor([0.5], shape: [1])).failure != nil)
    #expect(x.padded(before: [1], after: [0], with: 0.5).failure != nil)
    #expect(try x.padded(before: [1], after: [0], with: -7).values(as: Int32.self) == [-7, 3, -2, .max])
    #expect(
      try Tensor([1e10, -1e10, .nan, -2.7], shape: [4]).cast(to: .int32).values(as: Int32.self) == [.max, .min, 0, -2])
  }

  /// A caller's floating-point environment is restored, also when an evaluation throws.
  @Test func theCallersArithmeticStays() throws {
    let tiny = 1e-308
    func difference() -> Double { tiny * 1.1 - tiny }
    let before = difference()
    #expect(before > 0)
    _ = try (Tensor.ones([100_000]) * 2).sum().scalar()
    #expect(difference() == before)
    _ = try? Tensor.ones([2]).reshaped(to: [3]).values()
    _ = try Random(seed: 1).normal(count: 100_000)
    #expect(difference() == before)
    // Tensors take them as zero.
    #expect(try (Tensor([denormal], shape: [1]) * 1e30).values() == [0])
  }

  // MARK: Reductions

  @Test(arguments: [1, 3, 70, 5000] as [Int]) func meansAndNormsDoNotRunOver(_ count: Int) throws {
    for columns in [1, 5, 20, 70] {
      let large = Tensor([Float](repeating: 3e38, count: count * columns), shape: [count, columns])
      #expect(try large.mean(axes: [0]).values().allSatisfy { $0 == 3e38 })
      let x = Tensor([Float](repeating: 1e30, count: count * columns), shape: [count * columns])
      let norm = try x.norm().scalar()
      #expect(abs(norm / (1e30 * Float(count * columns).squareRoot()) - 1) < 1e-6)
      let small = try (x * 1e-30 * 1e-25).norm().scalar()
      #expect(abs(small / (1e-25 * Float(count * columns).squareRoot()) - 1) < 1e-6)
    }
    #expect(try Tensor([3e38, 3e38, -3e38], shape: [3]).sum().scalar() == 3e38)
    #expect(try Tensor([.infinity, 1], shape: [2]).sum().scalar() == .infinity)
    #expect(try Tensor([.infinity, -.infinity], shape: [2]).mean().scalar().isNaN)
  }

  @Test func emptyAndSingleAxes() throws {
    let empty = Tensor.zeros([0, 3])
    #expect(try empty.sum(axes: [0]).values() == [0, 0, 0])
    #expect(try empty.mean(axes: [0]).values().allSatisfy { $0.isNaN })
    #expect(try empty.norm().values() == [0])
    #expect(empty.max(axes: [0]).failure != nil)
    let one = Tensor([-4], shape: [1, 1])
    #expect(try one.mean(axes: [0]).values() == [-4])
    #expect(try one.norm().values() == [4])
    #expect(try one.softmax().values() == [1])
    #expect(try one.logSoftmax().values() == [0])
    #expect(try one.argmax(axis: 1).values(as: Int32.self) == [0])
  }

  @Test func theGradientOfANormAtZeroIsZero() throws {
    let x = Tensor([0, 0], shape: [2])
    #expect(try gradients(of: x.norm(), withRespectTo: [x])[0]?.values() == [0, 0])
    let y = Tensor([3e20, 4e20], shape: [2])
    let slope = try #require(try gradients(of: y.norm(), withRespectTo: [y])[0]?.values())
    #expect(abs(slope[0] - 0.6) < 1e-6 && abs(slope[1] - 0.8) < 1e-6)
  }

  /// Equal numbers, whose rounding errors all have one sign: sums, products and sums of gathered rows.
  @Test(arguments: [1_000_000, 20_000_000]) func longSumsStayExact(_ count: Int) throws {
    let share: Float = 0.1
    let expected = Float(count) * share
    let x = Tensor.full([count], share).reshaped(to: [count])
    #expect(abs(try x.sum().scalar() / expected - 1) < 2e-6)
    let column = x.reshaped(to: [count, 1])
    let product = try x.reshaped(to: [1, count]).matmul(.ones([count, 1])).scalar()
    #expect(abs(product / expected - 1) < 2e-5)
    let sums = Tensor.record(
      ScatterAdd(rows: 2), [Tensor.full([count], 1).cast(to: .int32), column])
    let values = try sums.values()
    #expect(values[0] == 0)
    #expect(abs(values[1] / expected - 1) < 2e-6)
  }

  @Test func longProductsHaveTheirGradients() throws {
    let (m, k, n) = (2, 40_001, 3)
    let a = Tensor((0..<m * k).map { Float($0 % 7) - 3 }, shape: [m, k])
    let b = Tensor((0..<k * n).map { Float($0 % 5) - 2 }, shape: [k, n])
    let product = a.matmul(b)
    let short = Tensor.record(Matmul(), [a, b])
    #expect(try product.values() == short.values())
    for (x, y) in zip(
      gradients(of: product.square().sum(), withRespectTo: [a, b]),
      gradients(of: short.square().sum(), withRespectTo: [a, b]))
    {
      #expect(try x?.values() == y?.values())
    }
  }
}
