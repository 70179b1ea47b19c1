import CKernels
import RealModule

// Functions of two numbers, a type each: name, instructions of fused kernels, reference and derivatives.

/// a + b
enum Add: BinaryFunction {
  static let name = "add", instruction = BACKPROP_ADD_F
  static let integerInstruction: backprop_opcode? = BACKPROP_ADD_I
  static func value(_ a: Double, _ b: Double) -> Double { a + b }
  static let whole: Whole? = { $0 &+ $1 }
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] { [u, u] }
}
/// a − b
enum Subtract: BinaryFunction {
  static let name = "subtract", instruction = BACKPROP_SUBTRACT_F
  static let rightIdentity: Double? = 0
  static let integerInstruction: backprop_opcode? = BACKPROP_SUBTRACT_I
  static func value(_ a: Double, _ b: Double) -> Double { a - b }
  static let whole: Whole? = { $0 &- $1 }
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] { [u, -u] }
}
/// a · b
enum Multiply: BinaryFunction {
  static let name = "multiply", instruction = BACKPROP_MULTIPLY_F
  static let isForBools = true, rightIdentity: Double? = 1, leftIdentity: Double? = 1
  static let integerInstruction: backprop_opcode? = BACKPROP_MULTIPLY_I
  static func value(_ a: Double, _ b: Double) -> Double { a * b }
  static let whole: Whole? = { $0 &* $1 }
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] { [u * b, u * a] }
}
/// a / b
enum Divide: BinaryFunction {
  static let name = "divide", instruction = BACKPROP_DIVIDE_F
  static let isCheap = false, rightIdentity: Double? = 1
  static func value(_ a: Double, _ b: Double) -> Double { a / b }
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] { [u / b, -(u * y / b)] }
}
/// aᵇ, as C's `pow`: a negative number has whole powers only, and x⁰ is 1.
enum Power: BinaryFunction {
  static let name = "power", instruction = BACKPROP_POWER_F
  static let isCheap = false

  static func value(_ a: Double, _ b: Double) -> Double {
    if let whole = Int(exactly: b) { return Double.pow(a, whole) }
    guard a < 0 else { return Double.pow(a, b) }
    // Large numbers are even, and infinities count as such.
    let isEven = b == b.rounded(.towardZero)
    if a == -1 && isEven { return 1 }
    return isEven || a == -.infinity ? Double.pow(-a, b) : .nan
  }
  /// u b a^(b − 1) and u y log a, whose logarithm is 0 at a = 0 for b ≥ 0, minus infinity there for b < 0, and taken as
  /// 0 for negative a.
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] {
    let zero = Tensor.fill(0)
    let isZero = a.equal(to: zero)
    let base = Tensor.where(zero.less(than: a), a, 1 - (isZero .& b.less(than: zero)).cast(to: a.dtype))
    return [baseGradient(u, a, b, isZero), u * (y * base.log())]
  }

  /// Also where a is 0: a⁰ is constant, and a⁰ and a¹ have no pole at 0.
  private static func baseGradient(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ isZero: Tensor) -> Tensor {
    if let exponent = b.node.op.constant {
      switch exponent {
      case 0: return Tensor.fill(0)
      case 1: return u
      case 2: return u * a * 2
      default: return u * Tensor.fill(exponent) * a.power(.fill(exponent - 1))
      }
    }
    // b a^(b − 1) is 0 · ∞ where both are 0, and u · b might be infinite where the power is 0.
    let isConstant = isZero .& b.equal(to: Tensor.fill(0))
    return u * (b * a.power(.where(isConstant, Tensor.fill(0), b - 1)))
  }
}
/// The greater of the two; NaN where either is.
enum Maximum: BinaryFunction {
  static let name = "maximum", instruction = BACKPROP_MAXIMUM_F
  static let integerInstruction: backprop_opcode? = BACKPROP_MAXIMUM_I
  static let isForBools = true
  static func value(_ a: Double, _ b: Double) -> Double { a.isNaN || a > b ? a : b }
  static let whole: Whole? = { max($0, $1) }
  /// u goes to the operand that is the result; equal operands share it.
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] {
    [u * share(of: a, against: b, y), u * share(of: b, against: a, y)]
  }
}
/// The lesser of the two; NaN where either is.
enum Minimum: BinaryFunction {
  static let name = "minimum", instruction = BACKPROP_MINIMUM_F
  static let integerInstruction: backprop_opcode? = BACKPROP_MINIMUM_I
  static let isForBools = true
  static func value(_ a: Double, _ b: Double) -> Double { a.isNaN || a < b ? a : b }
  static let whole: Whole? = { min($0, $1) }
  /// u goes to the operand that is the result; equal operands share it.
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] {
    [u * share(of: a, against: b, y), u * share(of: b, against: a, y)]
  }
}

/// 1 where this operand is the result, ½ where both are equal.
private func share(of operand: Tensor, against other: Tensor, _ y: Tensor) -> Tensor {
  let isResult = operand.equal(to: y).cast(to: y.dtype)
  return isResult * (1 - 0.5 * operand.equal(to: other).cast(to: y.dtype))
}

/// Whether a < b.
enum Less: BinaryFunction {
  static let name = "less", instruction = BACKPROP_LESS_F
  static let integerInstruction: backprop_opcode? = BACKPROP_LESS_I
  static let isForBools = true, isComparison = true
  static let whole: Whole? = { $0 < $1 ? 1 : 0 }
  static func value(_ a: Double, _ b: Double) -> Double { a < b ? 1 : 0 }
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] { [nil, nil] }
}
/// Whether a ≤ b.
enum LessOrEqual: BinaryFunction {
  static let name = "lessOrEqual", instruction = BACKPROP_LESS_EQUAL_F
  static let integerInstruction: backprop_opcode? = BACKPROP_LESS_EQUAL_I
  static let isForBools = true, isComparison = true
  static let whole: Whole? = { $0 <= $1 ? 1 : 0 }
  static func value(_ a: Double, _ b: Double) -> Double { a <= b ? 1 : 0 }
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] { [nil, nil] }
}
/// Whether a = b.
enum Equal: BinaryFunction {
  static let name = "equal", instruction = BACKPROP_EQUAL_F
  static let integerInstruction: backprop_opcode? = BACKPROP_EQUAL_I
  static let isForBools = true, isComparison = true
  static let whole: Whole? = { $0 == $1 ? 1 : 0 }
  static func value(_ a: Double, _ b: Double) -> Double { a == b ? 1 : 0 }
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] { [nil, nil] }
}
// Operands broadcast: shapes are aligned at the last axis, and sizes are equal or 1. Two tensors must be of one type; a
// number takes the type of the tensor that it is combined with. Combined with a number, whole numbers are converted to
// float32, so that nothing is truncated, but compared as they are where the number is one of theirs. Sums and products of integers wrap around, and there is no quotient of them. A
// literal (`x * 2`) is part of the plan; a `Float` is an operand, which may differ from step to step.
extension Tensor {
  func binary(_ function: any BinaryFunction.Type, _ other: Tensor) -> Tensor {
    let (a, b) = Tensor.matched(self, other, comparing: function.isComparison)
    return .record(Binary(function), [a, b])
  }

  private func with(_ number: Float, _ combine: (Tensor, Tensor) -> Tensor) -> Tensor {
    combine(cast(to: typeWithNumbers), .number(number).cast(to: typeWithNumbers))
  }

  /// a + b for each pair of elements. Shapes are aligned at the last axis, and an axis of size 1 is repeated.
  public static func + (a: Tensor, b: Tensor) -> Tensor { a.binary(Add.self, b) }
  /// a − b for each pair of elements.
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.binary(Subtract.self, b) }
  /// a · b for each pair of elements; `matmul` is the product of matrices.
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.binary(Multiply.self, b) }
  /// a / b for each pair of elements.
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.binary(Divide.self, b) }
  /// a + b with a number that may be another one in the next step; see `constant(_:)` for one that stays.
  @_disfavoredOverload public static func + (a: Tensor, b: Float) -> Tensor { a.with(b) { $0 + $1 } }
  /// a − b with a number that may be another one in the next step; see `constant(_:)` for one that stays.
  @_disfavoredOverload public static func - (a: Tensor, b: Float) -> Tensor { a.with(b) { $0 - $1 } }
  /// a · b with a number that may be another one in the next step; see `constant(_:)` for one that stays.
  @_disfavoredOverload public static func * (a: Tensor, b: Float) -> Tensor { a.with(b) { $0 * $1 } }
  /// a / b with a number that may be another one in the next step; see `constant(_:)` for one that stays.
  @_disfavoredOverload public static func / (a: Tensor, b: Float) -> Tensor { a.with(b) { $0 / $1 } }
  /// a + b with a number that may be another one in the next step; see `constant(_:)` for one that stays.
  @_disfavoredOverload public static func + (a: Float, b: Tensor) -> Tensor { b.with(a) { $1 + $0 } }
  /// a − b with a number that may be another one in the next step; see `constant(_:)` for one that stays.
  @_disfavoredOverload public static func - (a: Float, b: Tensor) -> Tensor { b.with(a) { $1 - $0 } }
  /// a · b with a number that may be another one in the next step; see `constant(_:)` for one that stays.
  @_disfavoredOverload public static func * (a: Float, b: Tensor) -> Tensor { b.with(a) { $1 * $0 } }
  /// a / b with a number that may be another one in the next step; see `constant(_:)` for one that stays.
  @_disfavoredOverload public static func / (a: Float, b: Tensor) -> Tensor { b.with(a) { $1 / $0 } }
  /// xʸ, as C's `pow`: a negative number has whole powers only, and x⁰ is 1. At x = 0 the gradient is that of the power: 0
  /// for x⁰ and for exponents above 1.
  public func power(_ exponent: Tensor) -> Tensor { binary(Power.self, exponent) }
  /// The same for one exponent.
  @_disfavoredOverload public func power(_ exponent: Float) -> Tensor { with(exponent) { $0.power($1) } }

  /// Whether each element is less: bool. Comparisons are constant almost everywhere, so no gradient passes.
  public func less(than other: Tensor) -> Tensor { binary(Less.self, other) }
  /// Whether each element is less than the other's or equal; see `less(than:)`.
  public func lessOrEqual(to other: Tensor) -> Tensor { binary(LessOrEqual.self, other) }
  /// Whether each element equals the other's; NaN equals nothing. See `less(than:)`.
  public func equal(to other: Tensor) -> Tensor { binary(Equal.self, other) }
  /// Whether each element is greater than the other's; see `less(than:)`.
  public func greater(than other: Tensor) -> Tensor { other.binary(Less.self, self) }
}

/// The greater of each pair; NaN where either is. Equal values share the gradient.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { a.binary(Maximum.self, b) }
/// The lesser of each pair; NaN where either is. Equal values share the gradient.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { a.binary(Minimum.self, b) }
