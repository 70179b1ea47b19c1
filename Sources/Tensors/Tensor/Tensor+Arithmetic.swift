// Elementwise operations. Operands broadcast: shapes are aligned at the last axis, and sizes are equal or 1.
//
// Two tensors must be of one type. Combined with a `Float`, an int32 tensor is converted to float32, so that nothing is
// truncated. Sums and products of int32 wrap around.

extension Tensor {
  func unary(_ kind: Unary) -> Tensor { .record(.unary(kind), [self]) }
  func binary(_ kind: Binary, _ other: Tensor) -> Tensor { .record(.binary(kind), [self, other]) }
  private static func number(_ value: Float) -> Tensor { .fill(Double(value)) }
  /// The operand that is combined with a `Float`.
  private var float: Tensor { cast(to: .float32) }

  public static func + (a: Tensor, b: Tensor) -> Tensor { a.binary(.add, b) }
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.binary(.subtract, b) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.binary(.multiply, b) }
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.binary(.divide, b) }
  public static func + (a: Tensor, b: Float) -> Tensor { a.float + number(b) }
  public static func - (a: Tensor, b: Float) -> Tensor { a.float - number(b) }
  public static func * (a: Tensor, b: Float) -> Tensor { a.float * number(b) }
  public static func / (a: Tensor, b: Float) -> Tensor { a.float / number(b) }
  public static func + (a: Float, b: Tensor) -> Tensor { number(a) + b.float }
  public static func - (a: Float, b: Tensor) -> Tensor { number(a) - b.float }
  public static func * (a: Float, b: Tensor) -> Tensor { number(a) * b.float }
  public static func / (a: Float, b: Tensor) -> Tensor { number(a) / b.float }
  public static prefix func - (a: Tensor) -> Tensor { a.unary(.negate) }

  public func exp() -> Tensor { unary(.exp) }
  public func log() -> Tensor { unary(.log) }
  public func sqrt() -> Tensor { unary(.sqrt) }
  /// 1 / √x
  public func rsqrt() -> Tensor { unary(.rsqrt) }
  public func square() -> Tensor { unary(.square) }
  public func reciprocal() -> Tensor { unary(.reciprocal) }
  public func tanh() -> Tensor { unary(.tanh) }
  /// 1 / (1 + e⁻ˣ)
  public func sigmoid() -> Tensor { unary(.sigmoid) }
  /// max(x, 0); the derivative at 0 is 0.
  public func relu() -> Tensor { unary(.relu) }
  public func abs() -> Tensor { unary(.absolute) }
  /// −1, 0 or 1.
  public func sign() -> Tensor { unary(.sign) }
  /// The error function.
  public func erf() -> Tensor { unary(.erf) }
  /// x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, GELU's approximation by tanh.
  ///
  /// Source: Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016.
  public func geluTanh() -> Tensor { unary(.geluTanh) }
  public func sin() -> Tensor { unary(.sin) }
  public func cos() -> Tensor { unary(.cos) }
  /// The greatest integer that is not above.
  public func floor() -> Tensor { unary(.floor) }
  public func power(_ exponent: Tensor) -> Tensor { binary(.power, exponent) }

  /// 1 where this is less, 0 elsewhere. Comparisons are constant almost everywhere, so no gradient passes.
  public func less(than other: Tensor) -> Tensor { binary(.less, other) }
  public func lessOrEqual(to other: Tensor) -> Tensor { binary(.lessOrEqual, other) }
  public func equal(to other: Tensor) -> Tensor { binary(.equal, other) }
  public func greater(than other: Tensor) -> Tensor { other.binary(.less, self) }

  /// The same values as another type; to `int32` toward zero, saturating for numbers out of range, and
  /// 0 for NaN.
  public func cast(to dtype: DType) -> Tensor { dtype == self.dtype ? self : .record(.cast(dtype), [self]) }
  /// The same values, taken as constants by derivatives.
  public func stoppingGradient() -> Tensor { .record(.stopGradient, [self]) }
}

/// The greater of each pair; NaN where either is. Equal values share the gradient.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { a.binary(.maximum, b) }
/// The lesser of each pair; NaN where either is. Equal values share the gradient.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { a.binary(.minimum, b) }
/// `a` where the condition is not 0, elsewhere `b`.
public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor { .where(condition, a, b) }

extension Tensor {
  /// `select` where `Op.select` hides it.
  static func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    .record(.select, [condition, a, b])
  }
}
