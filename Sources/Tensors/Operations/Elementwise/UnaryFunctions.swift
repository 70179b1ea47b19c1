import CKernels
import RealModule

// Functions of one number, a type each: name, instruction of fused kernels, reference and derivative. A new one needs a
// type here, a place among all cases in `Unary` and, in C, its instruction.

/// −x
enum Negate: UnaryFunction {
  static let name = "negate", instruction = BACKPROP_NEGATE_F
  static let isCheap = true
  static let integerInstruction: backprop_opcode? = BACKPROP_NEGATE_I
  static func value(_ x: Double) -> Double { -x }
  static let whole: Whole? = { 0 &- $0 }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { -u }
}

/// |x|
enum Absolute: UnaryFunction {
  static let name = "absolute", instruction = BACKPROP_ABS_F
  static let isCheap = true
  static func value(_ x: Double) -> Double { abs(x) }
  static let whole: Whole? = { $0 < 0 ? 0 &- $0 : $0 }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * x.sign() }
}

/// −1, 0 or 1; NaN of NaN.
enum Sign: UnaryFunction {
  static let name = "sign", instruction = BACKPROP_SIGN_F
  static func value(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : x }
  static let whole: Whole? = { $0.signum() }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { nil }
}

/// eˣ
enum Exp: UnaryFunction {
  static let name = "exp", instruction = BACKPROP_EXP_F
  static func value(_ x: Double) -> Double { Double.exp(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * y }
}

/// The natural logarithm.
enum Log: UnaryFunction {
  static let name = "log", instruction = BACKPROP_LOG_F
  static func value(_ x: Double) -> Double { Double.log(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u / x }
}

/// √x
enum SquareRoot: UnaryFunction {
  static let name = "sqrt", instruction = BACKPROP_SQRT_F
  static func value(_ x: Double) -> Double { Double.sqrt(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * 0.5 / y }
}
/// 1 / √x
enum ReciprocalSquareRoot: UnaryFunction {
  static let name = "rsqrt", instruction = BACKPROP_RSQRT_F
  static func value(_ x: Double) -> Double { 1 / Double.sqrt(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * -0.5 * y * y.square() }
}

/// 1 / x
enum Reciprocal: UnaryFunction {
  static let name = "reciprocal", instruction = BACKPROP_RECIPROCAL_F
  static func value(_ x: Double) -> Double { 1 / x }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { -(u * y.square()) }
}

/// x²
enum Square: UnaryFunction {
  static let name = "square", instruction = BACKPROP_SQUARE_F
  static let isCheap = true
  static func value(_ x: Double) -> Double { x * x }
  static let whole: Whole? = { $0 &* $0 }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * x * 2 }
}

/// (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)
enum HyperbolicTangent: UnaryFunction {
  static let name = "tanh", instruction = BACKPROP_TANH_F
  static func value(_ x: Double) -> Double { Double.tanh(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * (1 - y.square()) }
}

/// 1 / (1 + e⁻ˣ)
enum Sigmoid: UnaryFunction {
  static let name = "sigmoid", instruction = BACKPROP_SIGMOID_F
  static func value(_ x: Double) -> Double { 1 / (1 + Double.exp(-x)) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * y * (1 - y) }
}

/// max(x, 0); the derivative at 0 is 0.
enum ReLU: UnaryFunction {
  static let name = "relu", instruction = BACKPROP_RELU_F
  static let isCheap = true
  static func value(_ x: Double) -> Double { x < 0 ? 0 : x }
  static let whole: Whole? = { max($0, 0) }
  /// u where y is above 0, 0 elsewhere.
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    .where(Tensor.fill(0).less(than: y), u, Tensor.fill(0))
  }
}

/// The sine of an angle in radians.
enum Sine: UnaryFunction {
  static let name = "sin", instruction = BACKPROP_SIN_F
  static func value(_ x: Double) -> Double { Double.sin(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * x.cos() }
}

/// The cosine of an angle in radians.
enum Cosine: UnaryFunction {
  static let name = "cos", instruction = BACKPROP_COS_F
  static func value(_ x: Double) -> Double { Double.cos(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { -(u * x.sin()) }
}

/// 2 / √π times the integral of e^(−t²) from 0 to x.
enum ErrorFunction: UnaryFunction {
  static let name = "erf", instruction = BACKPROP_ERF_F
  static func value(_ x: Double) -> Double { Double.erf(x) }
  /// u · 2 / √π · e^(−x²).
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    u * Tensor.fill(2 / Double.pi.squareRoot()) * (-bounded(x).square()).exp()
  }
}

/// The greatest integer that is not above x.
enum Floor: UnaryFunction {
  static let name = "floor", instruction = BACKPROP_FLOOR_F
  static func value(_ x: Double) -> Double { x.rounded(.down) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { nil }
}

/// The approximation of x · Φ(x) by tanh: x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.
///
/// Source: Hendrycks & Gimpel, "Gaussian Error Linear Units (GELUs)", 2016, section 2.
enum GELUTanh: UnaryFunction {
  static let name = "geluTanh", instruction = BACKPROP_GELU_F
  static func value(_ x: Double) -> Double { limitedProduct(1 + Double.tanh(argument(x).value), x) / 2 }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * x.unary(GELUTanhDerivative.self) }
  /// tanh's argument and its derivative.
  fileprivate static func argument(_ x: Double) -> (value: Double, derivative: Double) {
    let factor = Double.sqrt(2 / Double.pi)
    return (factor * (x + Double(0.044715) * x * x * x), factor * (1 + Double(3 * 0.044715) * x * x))
  }
}
/// The derivative of `GELUTanh`.
enum GELUTanhDerivative: UnaryFunction {
  static let name = "geluTanhDerivative", instruction = BACKPROP_GELU_DERIVATIVE_F
  static func value(_ x: Double) -> Double {
    let (argument, derivative) = GELUTanh.argument(x)
    let t = Double.tanh(argument)
    return (1 + t) / 2 + limitedProduct(1 - t * t, x * derivative) / 2
  }
  /// u · (1 − t²) (a' + x a'' / 2 − x t a'²) with t = tanh(a) for tanh's argument a.
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    let x = bounded(x)
    let factor = (2 / Double.pi).squareRoot()
    let argument = Tensor.fill(factor) * (x + Tensor.fill(0.044715) * x * x.square())
    let first = Tensor.fill(factor) * (1 + Tensor.fill(3 * 0.044715) * x.square())
    let second = Tensor.fill(6 * 0.044715 * factor) * x
    let t = argument.tanh()
    return u * ((1 - t.square()) * (first + x * second * 0.5 - x * t * first.square()))
  }
}

/// a · b, and 0 where a is: it falls to 0 faster than b grows.
private func limitedProduct(_ a: Double, _ b: Double) -> Double { a == 0 ? 0 : a * b }
/// x within −20...20, for functions that are constant beyond: their derivatives are made of infinities times 0 there.
private func bounded(_ x: Tensor) -> Tensor { minimum(maximum(x, .fill(-20)), .fill(20)) }
extension Tensor {
  func unary(_ function: any UnaryFunction.Type) -> Tensor { .record(Unary(function), [self]) }

  /// −x of each element.
  public static prefix func - (a: Tensor) -> Tensor { a.unary(Negate.self) }
  /// eˣ; infinite above 88.7 in float32.
  public func exp() -> Tensor { unary(Exp.self) }
  /// The natural logarithm: minus infinity at 0, NaN below.
  public func log() -> Tensor { unary(Log.self) }
  /// √x; NaN below 0. Its derivative at 0 is infinite.
  public func sqrt() -> Tensor { unary(SquareRoot.self) }
  /// 1 / √x
  public func rsqrt() -> Tensor { unary(ReciprocalSquareRoot.self) }
  /// x² of each element.
  public func square() -> Tensor { unary(Square.self) }
  /// 1 / x of each element; infinite at 0.
  public func reciprocal() -> Tensor { unary(Reciprocal.self) }
  /// The hyperbolic tangent, (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ).
  public func tanh() -> Tensor { unary(HyperbolicTangent.self) }
  /// 1 / (1 + e⁻ˣ)
  public func sigmoid() -> Tensor { unary(Sigmoid.self) }
  /// max(x, 0); the derivative at 0 is 0.
  public func relu() -> Tensor { unary(ReLU.self) }
  /// |x|; the derivative at 0 is 0.
  public func abs() -> Tensor { unary(Absolute.self) }
  /// −1, 0 or 1.
  public func sign() -> Tensor { unary(Sign.self) }
  /// The error function.
  public func erf() -> Tensor { unary(ErrorFunction.self) }
  /// x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, GELU's approximation by tanh.
  ///
  /// Source: Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016.
  public func geluTanh() -> Tensor { unary(GELUTanh.self) }
  /// The sine of an angle in radians.
  public func sin() -> Tensor { unary(Sine.self) }
  /// The cosine of an angle in radians.
  public func cos() -> Tensor { unary(Cosine.self) }
  /// The greatest integer that is not above.
  public func floor() -> Tensor { unary(Floor.self) }
}
