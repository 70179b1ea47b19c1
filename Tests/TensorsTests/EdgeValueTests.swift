import Foundation
import RealModule
import Testing

@testable import Tensors

private let denormal = Float(bitPattern: 71362)  // 1e-40

/// Numbers where functions are peculiar.
private let edges: [Float] = [
  0, -0.0, 1, -1, 0.5, -2.5, denormal, -denormal, 1e-30, -1e-30, 30, -30, 3e8, -3e8, 1e30, -1e30,
  .greatestFiniteMagnitude,
  -.greatestFiniteMagnitude, .infinity, -.infinity,
]

/// A function of one number and its first two derivatives, as formulas in double precision that share nothing with the
/// gradient rules. The limit where the formula has none.
private struct Formula: Sendable {
  let value: @Sendable (Double) -> Double
  let first: @Sendable (Double) -> Double
  let second: @Sendable (Double) -> Double
}

private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// Where x is infinite, these; elsewhere the formula.
private func limits(_ below: Double, _ above: Double, _ formula: @escaping @Sendable (Double) -> Double)
  -> @Sendable (Double) -> Double
{
  { x in x == .infinity ? above : x == -.infinity ? below : formula(x) }
}

private let gelu: (factor: Double, cubic: Double) = ((2 / Double.pi).squareRoot(), 0.044715)

private func geluParts(_ x: Double) -> (t: Double, slope: Double, bend: Double) {
  let (f, c) = (gelu.factor, gelu.cubic)
  return (tanh(f * (x + c * x * x * x)), f * (1 + 3 * c * x * x), 6 * c * f * x)
}

private let geluFirst: @Sendable (Double) -> Double = limits(0, 1) { x in
  let (t, slope, _) = geluParts(x)
  return (1 + t) / 2 + (t * t == 1 ? 0 : x * (1 - t * t) * slope / 2)
}

private let geluSecond: @Sendable (Double) -> Double = limits(0, 0) { x in
  let (t, slope, bend) = geluParts(x)
  return t * t == 1 ? 0 : (1 - t * t) * (slope + x * bend / 2 - x * t * slope * slope)
}

extension Unary {
  fileprivate var formula: Formula {
    let zero: @Sendable (Double) -> Double = { _ in 0 }
    switch self {
    case .negate: return Formula(value: { -$0 }, first: { _ in -1 }, second: zero)
    case .absolute:
      return Formula(value: { abs($0) }, first: { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }, second: zero)
    case .sign: return Formula(value: { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }, first: zero, second: zero)
    case .floor: return Formula(value: { $0.rounded(.down) }, first: zero, second: zero)
    case .exp: return Formula(value: { Double.exp($0) }, first: { Double.exp($0) }, second: { Double.exp($0) })
    case .log: return Formula(value: { Double.log($0) }, first: { 1 / $0 }, second: { -1 / ($0 * $0) })
    case .sqrt:
      return Formula(
        value: { $0.squareRoot() }, first: { 0.5 / $0.squareRoot() }, second: { -0.25 / ($0 * $0.squareRoot()) })
    case .rsqrt:
      return Formula(
        value: { 1 / $0.squareRoot() }, first: { -0.5 / ($0 * $0.squareRoot()) },
        second: { 0.75 / ($0 * $0 * $0.squareRoot()) })
    case .reciprocal:
      return Formula(value: { 1 / $0 }, first: { -1 / ($0 * $0) }, second: { 2 / ($0 * $0 * $0) })
    case .square: return Formula(value: { $0 * $0 }, first: { 2 * $0 }, second: { _ in 2 })
    case .tanh:
      return Formula(
        value: { Double.tanh($0) }, first: { 1 - Double.tanh($0) * Double.tanh($0) },
        second: { -2 * Double.tanh($0) * (1 - Double.tanh($0) * Double.tanh($0)) })
    case .sigmoid:
      return Formula(
        value: { logistic($0) }, first: { logistic($0) * logistic(-$0) },
        second: { logistic($0) * logistic(-$0) * (1 - 2 * logistic($0)) })
    case .relu: return Formula(value: { max($0, 0) }, first: { $0 > 0 ? 1 : 0 }, second: zero)
    case .sin: return Formula(value: { Double.sin($0) }, first: { Double.cos($0) }, second: { -Double.sin($0) })
    case .cos: return Formula(value: { Double.cos($0) }, first: { -Double.sin($0) }, second: { -Double.cos($0) })
    case .erf:
      let factor = 2 / Double.pi.squareRoot()
      return Formula(
        value: { Double.erf($0) }, first: { factor * Double.exp(-$0 * $0) },
        second: limits(0, 0) { -2 * $0 * factor * Double.exp(-$0 * $0) })
    case .geluTanh:
      return Formula(
        value: limits(0, .infinity) { $0 * (1 + geluParts($0).t) / 2 }, first: geluFirst, second: geluSecond)
    case .geluTanhSlope:  // its own derivatives are those of GELU, one further
      return Formula(value: geluFirst, first: geluSecond, second: { _ in .nan })
    }
  }

  /// Where a derivative is something else on purpose, and why.
  fileprivate func exception(order: Int, at x: Double) -> String? {
    switch (self, order) {
    case (.geluTanhSlope, 2): "the third derivative of GELU has no formula here"
    case (.erf, 2) where x.isInfinite: "0 · ∞ is NaN, in PyTorch too"
    case (.sqrt, 2) where x == 0 && x.sign == .minus, (.rsqrt, 1...2) where x == 0 && x.sign == .minus:
      "an infinity at −0, whose sign has no meaning"
    case (.rsqrt, 2) where x < 0, (.sqrt, 2) where x < 0: "not defined below 0"
    default: nil
    }
  }
}

/// Every operation at the edges of float32: value, first and second gradient. Denormal numbers count as zero.
@Suite struct EdgeValueTests {
  /// What a float32 can hold of a number; denormal numbers are zero.
  private func rounded(_ x: Double) -> Float {
    let y = Float(x)
    return y.isSubnormal ? (y < 0 ? -0.0 : 0) : y
  }

  /// Whether a value is the expected one but for rounding. A number that is less than the least normal one may be 0.
  private func agrees(_ found: Float, _ expected: Double, _ tolerance: Float) -> Bool {
    let wanted = rounded(expected)
    if found == wanted || (found.isNaN && wanted.isNaN) { return true }
    return abs(found - wanted) <= tolerance * max(abs(wanted), 0) + 2e-38
  }

  @Test(arguments: Unary.allCases) func functionsAndTheirDerivatives(_ kind: Unary) throws {
    let x = Tensor(edges, shape: [edges.count])
    let value = x.unary(kind)
    let first = gradients(of: value.sum(), withRespectTo: [x])[0] ?? .zeros(x.shape)
    let second = gradients(of: first.sum(), withRespectTo: [x])[0] ?? .zeros(x.shape)
    let formula = kind.formula
    for (order, (found, expected)) in zip([value, first, second], [formula.value, formula.first, formula.second])
      .enumerated()
    {
      for (x, y) in zip(edges, try found.values()) {
        let point = Double(rounded(Double(x)))
        guard kind.exception(order: order, at: point) == nil else { continue }
        let wanted = expected(point)
        // Derivatives of what levels off are differences: 1 − tanh², which has the absolute error of its terms.
        let slack: Float = order > 0 && [.tanh, .sigmoid, .geluTanh, .geluTanhSlope, .erf].contains(kind) ? 1e-6 : 0
        #expect(
          agrees(y, wanted, 4e-6) || abs(y - rounded(wanted)) <= slack,
          "\(kind), derivative \(order) at \(x): \(y) instead of \(wanted)")
      }
    }
  }

  @Test(arguments: Unary.allCases) func nothingIsANumber(_ kind: Unary) throws {
    #expect(try Tensor([.nan], shape: [1]).unary(kind).values()[0].isNaN)
  }

  /// Pairs of edges against the same arithmetic in double precision.
  @Test(arguments: Binary.allCases) func operatorsOfTwoNumbers(_ kind: Binary) throws {
    let numbers = edges + [.nan]
    let pairs = numbers.flatMap { a in numbers.map { (a, $0) } }
    let found = try Tensor(pairs.map(\.0), shape: [pairs.count])
      .binary(kind, Tensor(pairs.map(\.1), shape: [pairs.count])).values()
    for ((a, b), y) in zip(pairs, found) {
      let (p, q) = (Double(rounded(Double(a))), Double(rounded(Double(b))))
      let wanted: Double =
        switch kind {
        case .add: p + q
        case .subtract: p - q
        case .multiply: p * q
        case .divide: p / q
        case .power: pow(p, q)
        case .maximum: p.isNaN || q.isNaN ? .nan : max(p, q)
        case .minimum: p.isNaN || q.isNaN ? .nan : min(p, q)
        case .less: p < q ? 1 : 0
        case .lessOrEqual: p <= q ? 1 : 0
        case .equal: p == q ? 1 : 0
        }
      #expect(agrees(y, wanted, 4e-6), "\(kind) of \(a) and \(b): \(y) instead of \(wanted)")
    }
  }

  /// d/dx xⁿ and d²/dx² xⁿ at 0 and beside it, for exponents that are constants and such as are data.
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

  /// An int32 tensor counts as float32 beside a number.
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
    #expect(try x.padded(before: [1], after: [0], with: -7).intValues() == [-7, 3, -2, .max])
    #expect(
      try Tensor([1e10, -1e10, .nan, -2.7], shape: [4]).cast(to: .int32).intValues() == [.max, .min, 0, -2])
  }

  /// A caller's arithmetic is its own, before, after and when an evaluation throws.
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
      let norm = try x.euclideanNorm().scalar()
      #expect(abs(norm / (1e30 * Float(count * columns).squareRoot()) - 1) < 1e-6)
      let small = try (x * 1e-30 * 1e-25).euclideanNorm().scalar()
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
    #expect(try empty.euclideanNorm().values() == [0])
    #expect(empty.max(axes: [0]).failure != nil)
    let one = Tensor([-4], shape: [1, 1])
    #expect(try one.mean(axes: [0]).values() == [-4])
    #expect(try one.euclideanNorm().values() == [4])
    #expect(try one.softmax().values() == [1])
    #expect(try one.logSoftmax().values() == [0])
    #expect(try one.argmax(axis: 1).intValues() == [0])
  }

  @Test func theGradientOfANormAtZeroIsZero() throws {
    let x = Tensor([0, 0], shape: [2])
    #expect(try gradients(of: x.euclideanNorm(), withRespectTo: [x])[0]?.values() == [0, 0])
    let y = Tensor([3e20, 4e20], shape: [2])
    let slope = try #require(try gradients(of: y.euclideanNorm(), withRespectTo: [y])[0]?.values())
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
    let sums = Tensor.record(.scatterAdd(rows: 2), [Tensor.full([count], 1).cast(to: .int32), column])
    let values = try sums.values()
    #expect(values[0] == 0)
    #expect(abs(values[1] / expected - 1) < 2e-6)
  }

  @Test func longProductsHaveTheirGradients() throws {
    let (m, k, n) = (2, 40_001, 3)
    let a = Tensor((0..<m * k).map { Float($0 % 7) - 3 }, shape: [m, k])
    let b = Tensor((0..<k * n).map { Float($0 % 5) - 2 }, shape: [k, n])
    let product = a.matmul(b)
    let short = Tensor.record(.matmul, [a, b])
    #expect(try product.values() == short.values())
    for (x, y) in zip(
      gradients(of: product.square().sum(), withRespectTo: [a, b]),
      gradients(of: short.square().sum(), withRespectTo: [a, b]))
    {
      #expect(try x?.values() == y?.values())
    }
  }
}
