// Some 5 to 20 ns an element on one thread; float32 and float64.
extension Tensor {
  /// The tangent of an angle in radians.
  public func tan() -> Tensor { library(Tangent.self) }
  /// The angle from −π/2 to π/2 whose sine is x; NaN beyond ±1.
  public func asin() -> Tensor { library(ArcSine.self) }
  /// The angle from 0 to π whose cosine is x; NaN beyond ±1.
  public func acos() -> Tensor { library(ArcCosine.self) }
  /// The angle from −π/2 to π/2 whose tangent is x.
  public func atan() -> Tensor { library(ArcTangent.self) }
  /// The hyperbolic sine, (eˣ − e⁻ˣ) / 2.
  public func sinh() -> Tensor { library(HyperbolicSine.self) }
  /// The hyperbolic cosine, (eˣ + e⁻ˣ) / 2.
  public func cosh() -> Tensor { library(HyperbolicCosine.self) }
  /// The number whose hyperbolic sine is x.
  public func asinh() -> Tensor { library(AreaSine.self) }
  /// The number from 0 on whose hyperbolic cosine is x; NaN below 1.
  public func acosh() -> Tensor { library(AreaCosine.self) }
  /// The number whose hyperbolic tangent is x: infinite at ±1, NaN beyond.
  public func atanh() -> Tensor { library(AreaTangent.self) }
  /// 2ˣ
  public func exp2() -> Tensor { library(BinaryExp.self) }
  /// The logarithm to the base 2: minus infinity at 0, NaN below.
  public func log2() -> Tensor { library(BinaryLog.self) }
  /// The logarithm to the base 10: minus infinity at 0, NaN below.
  public func log10() -> Tensor { library(CommonLog.self) }
  /// log(1 + x), accurate also near 0: minus infinity at −1, NaN below.
  public func log1p() -> Tensor { library(LogOnePlus.self) }
  /// eˣ − 1, accurate also near 0.
  public func expm1() -> Tensor { library(ExpMinusOne.self) }
  /// The complementary error function 1 − erf(x), accurate also where it is small.
  public func erfc() -> Tensor { library(ComplementaryErrorFunction.self) }
  /// The number whose error function is x: infinite at ±1, NaN beyond.
  public func erfInverse() -> Tensor { library(InverseErrorFunction.self) }
  /// log |Γ(x)|, the logarithm of (x − 1)! for whole numbers; infinite at 0, −1, −2, …
  public func lgamma() -> Tensor { library(LogGamma.self) }
  /// log(1 / (1 + e⁻ˣ)), accurate also where the sigmoid is near 0 or 1. The gradient is sigmoid(−x).
  public func logSigmoid(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    -(-self).softplus(file: file, line: line)
  }

  /// The remainder of the division by another tensor with the sign of the divisor, as PyTorch's `remainder` and Python's
  /// `%`. Operands broadcast. Integers divided by 0 leave 0, floats NaN.
  ///
  /// Exact, also of large quotients. The gradients are 1 and −floor(x / divisor).
  public func remainder(_ divisor: Tensor) -> Tensor {
    let rest = fmod(divisor)
    let (divisor, zero) = (divisor.matching(rest.dtype), Tensor.fill(0, [], rest.dtype))
    let isOpposite = rest.less(than: zero) .^ divisor.less(than: zero)
    return .where(isOpposite .& .!rest.equal(to: zero), rest + divisor, rest)
  }

  /// The remainder of the division by another tensor with the sign of the dividend, as C's `fmod`. Operands broadcast.
  /// Integers divided by 0 leave 0, floats NaN.
  ///
  /// Exact, also of large quotients. The gradients are 1 and −truncate(x / divisor).
  public func fmod(_ divisor: Tensor) -> Tensor { library(Remainder.self, divisor) }

  /// |x| with the sign of another tensor's elements, of zeros too. Operands broadcast. The gradient passes to x alone.
  public func copySign(of other: Tensor) -> Tensor {
    let (a, b) = Tensor.matched(self, other)
    let zero = Tensor.fill(0, [], b.dtype)
    // The reciprocal tells the sign of a zero.
    let isNegative = b.less(than: zero) .| (b.equal(to: zero) .& b.reciprocal().less(than: zero))
    let magnitude = a.abs()
    return .where(isNegative, -magnitude, magnitude)
  }

  /// Where it is not a number: bool. Integers are numbers.
  public func isNaN() -> Tensor { .!equal(to: self) }
  /// Where it is infinite, of either sign.
  public func isInfinite() -> Tensor { magnitude { $0.equal(to: .fill(.infinity, [], dtype)) } }
  /// Where it is neither infinite nor NaN.
  public func isFinite() -> Tensor { magnitude { .!$0.less(than: .fill(.infinity, [], dtype)) }.not }

  private var not: Tensor { .!self }

  /// A condition of |x|; false of integers, all of which are finite.
  private func magnitude(_ condition: (Tensor) -> Tensor) -> Tensor {
    if failure != nil { return self }
    guard dtype.isFloatingPoint else { return .zeros(shape, dtype: .bool) }
    return dtype.isDifferentiable ? condition(abs()) : cast(to: .float32).magnitude(condition)
  }
}

/// The angle of the point (x, y) from the first axis, from −π to π. Operands broadcast.
public func atan2(_ y: Tensor, _ x: Tensor) -> Tensor { y.library(ArcTangent2.self, x) }
/// √(a² + b²) of each pair, without overflow of the squares. Operands broadcast.
public func hypot(_ a: Tensor, _ b: Tensor) -> Tensor { a.library(Hypotenuse.self, b) }
