import CKernels
import RealModule

// Functions of the C library, a type each: name, number in C, reference and derivatives.

protocol LibraryFunction: Sendable {
  /// In messages and profiles.
  static var name: String { get }
  static var code: backprop_function { get }
  static var isForFloats: Bool { get }
  static var isForIntegers: Bool { get }
  /// The reference; the second operand of a function of one number is the first again.
  static func value(_ a: Double, _ b: Double) -> Double
  static func whole(_ a: Int64, _ b: Int64) -> Int64
  static func gradients(_ u: Tensor, _ operands: [Tensor], _ y: Tensor) -> [Tensor?]
}

extension LibraryFunction {
  static var isForFloats: Bool { true }
  static var isForIntegers: Bool { false }
  static func whole(_ a: Int64, _ b: Int64) -> Int64 { 0 }
}

/// A function of one number.
protocol UnaryLibraryFunction: LibraryFunction {
  static func value(_ x: Double) -> Double
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor?
}

extension UnaryLibraryFunction {
  static func value(_ a: Double, _ b: Double) -> Double { value(a) }
  static func gradients(_ u: Tensor, _ operands: [Tensor], _ y: Tensor) -> [Tensor?] { [gradient(u, operands[0], y)] }

  /// All functions of one number.
  static var allFunctions: [any UnaryLibraryFunction.Type] { unaryLibraryFunctions }
}

let unaryLibraryFunctions: [any UnaryLibraryFunction.Type] = [
  Tangent.self, ArcSine.self, ArcCosine.self, ArcTangent.self, HyperbolicSine.self, HyperbolicCosine.self,
  AreaSine.self, AreaCosine.self, AreaTangent.self, BinaryExp.self, BinaryLog.self, CommonLog.self, LogOnePlus.self,
  ExpMinusOne.self, ComplementaryErrorFunction.self, InverseErrorFunction.self, LogGamma.self,
]

/// sin x / cos x
enum Tangent: UnaryLibraryFunction {
  static let name = "tan", code = BACKPROP_TAN
  static func value(_ x: Double) -> Double { Double.tan(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * (1 + y.square()) }
}
/// The angle from −π/2 to π/2 whose sine is x.
enum ArcSine: UnaryLibraryFunction {
  static let name = "asin", code = BACKPROP_ASIN
  static func value(_ x: Double) -> Double { Double.asin(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * ((1 - x) * (1 + x)).rsqrt() }
}
/// The angle from 0 to π whose cosine is x.
enum ArcCosine: UnaryLibraryFunction {
  static let name = "acos", code = BACKPROP_ACOS
  static func value(_ x: Double) -> Double { Double.acos(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { -(u * ((1 - x) * (1 + x)).rsqrt()) }
}
/// The angle from −π/2 to π/2 whose tangent is x.
enum ArcTangent: UnaryLibraryFunction {
  static let name = "atan", code = BACKPROP_ATAN
  static func value(_ x: Double) -> Double { Double.atan(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u / (1 + x.square()) }
}
/// (eˣ − e⁻ˣ) / 2
enum HyperbolicSine: UnaryLibraryFunction {
  static let name = "sinh", code = BACKPROP_SINH
  static func value(_ x: Double) -> Double { Double.sinh(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * x.cosh() }
}
/// (eˣ + e⁻ˣ) / 2
enum HyperbolicCosine: UnaryLibraryFunction {
  static let name = "cosh", code = BACKPROP_COSH
  static func value(_ x: Double) -> Double { Double.cosh(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * x.sinh() }
}
/// The number whose hyperbolic sine is x.
enum AreaSine: UnaryLibraryFunction {
  static let name = "asinh", code = BACKPROP_ASINH
  static func value(_ x: Double) -> Double { Double.asinh(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u / hypot(x, 1) }
}
/// The number from 0 on whose hyperbolic cosine is x.
enum AreaCosine: UnaryLibraryFunction {
  static let name = "acosh", code = BACKPROP_ACOSH
  static func value(_ x: Double) -> Double { Double.acosh(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * (x - 1).rsqrt() * (x + 1).rsqrt() }
}
/// The number whose hyperbolic tangent is x.
enum AreaTangent: UnaryLibraryFunction {
  static let name = "atanh", code = BACKPROP_ATANH
  static func value(_ x: Double) -> Double { Double.atanh(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u / ((1 - x) * (1 + x)) }
}
/// 2ˣ
enum BinaryExp: UnaryLibraryFunction {
  static let name = "exp2", code = BACKPROP_EXP2
  static func value(_ x: Double) -> Double { Double.exp2(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * y * .fill(Double.log(2), [], x.dtype) }
}
/// The logarithm to the base 2.
enum BinaryLog: UnaryLibraryFunction {
  static let name = "log2", code = BACKPROP_LOG2
  static func value(_ x: Double) -> Double { Double.log2(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    u / x * .fill(1 / Double.log(2), [], x.dtype)
  }
}
/// The logarithm to the base 10.
enum CommonLog: UnaryLibraryFunction {
  static let name = "log10", code = BACKPROP_LOG10
  static func value(_ x: Double) -> Double { Double.log10(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    u / x * .fill(1 / Double.log(10), [], x.dtype)
  }
}
/// log(1 + x)
enum LogOnePlus: UnaryLibraryFunction {
  static let name = "log1p", code = BACKPROP_LOG1P
  static func value(_ x: Double) -> Double { Double.log(onePlus: x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u / (1 + x) }
}
/// eˣ − 1
enum ExpMinusOne: UnaryLibraryFunction {
  static let name = "expm1", code = BACKPROP_EXPM1
  static func value(_ x: Double) -> Double { Double.expMinusOne(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * (y + 1) }
}
/// 1 − erf(x)
enum ComplementaryErrorFunction: UnaryLibraryFunction {
  static let name = "erfc", code = BACKPROP_ERFC
  static func value(_ x: Double) -> Double { Double.erfc(x) }
  /// −u · 2 / √π · e^(−x²)
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    // Beyond ±20 it is constant; derivatives would be made of infinities times 0 there.
    let x = minimum(maximum(x, .fill(-20, [], x.dtype)), .fill(20, [], x.dtype))
    return u * .fill(-2 / Double.pi.squareRoot(), [], x.dtype) * (-x.square()).exp()
  }
}
/// The number whose error function is x.
enum InverseErrorFunction: UnaryLibraryFunction {
  static let name = "erfInverse", code = BACKPROP_ERF_INVERSE
  /// By halving an interval, with the complement where it has more digits.
  static func value(_ x: Double) -> Double {
    guard abs(x) < 1 else { return abs(x) == 1 ? x * .infinity : .nan }
    var (low, high) = (0.0, 6.0)
    while low < high, low.nextUp < high {
      let middle = low + (high - low) / 2
      let isBelow = abs(x) > 0.5 ? Double.erfc(middle) > 1 - abs(x) : Double.erf(middle) < abs(x)
      if isBelow { low = middle } else { high = middle }
      if high < 1e-300 { break }
    }
    return x < 0 ? -low : low
  }
  /// u · √π / 2 · e^(y²)
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    u * .fill(Double.pi.squareRoot() / 2, [], x.dtype) * y.square().exp()
  }
}
/// The logarithm of the magnitude of the gamma function.
enum LogGamma: UnaryLibraryFunction {
  static let name = "lgamma", code = BACKPROP_LOG_GAMMA
  static func value(_ x: Double) -> Double { Double.logGamma(x) }
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { u * x.digamma() }
}

/// The angle of the point (b, a), from −π to π.
enum ArcTangent2: LibraryFunction {
  static let name = "atan2", code = BACKPROP_ATAN2
  static func value(_ a: Double, _ b: Double) -> Double { Double.atan2(y: a, x: b) }
  /// u b / (a² + b²) and −u a / (a² + b²)
  static func gradients(_ u: Tensor, _ operands: [Tensor], _ y: Tensor) -> [Tensor?] {
    let radius = hypot(operands[0], operands[1])
    return [u * (operands[1] / radius / radius), -(u * (operands[0] / radius / radius))]
  }
}
/// √(a² + b²)
enum Hypotenuse: LibraryFunction {
  static let name = "hypot", code = BACKPROP_HYPOT
  static func value(_ a: Double, _ b: Double) -> Double { Double.hypot(a, b) }
  /// u a / y and u b / y
  static func gradients(_ u: Tensor, _ operands: [Tensor], _ y: Tensor) -> [Tensor?] {
    operands.map { u * ($0 / y) }
  }
}
/// The remainder of a / b with the sign of a.
enum Remainder: LibraryFunction {
  static let name = "fmod", code = BACKPROP_FMOD
  static let isForIntegers = true
  static func value(_ a: Double, _ b: Double) -> Double { a.truncatingRemainder(dividingBy: b) }
  static func whole(_ a: Int64, _ b: Int64) -> Int64 { b == 0 || b == -1 ? 0 : a % b }
  /// u and −u · truncate(a / b)
  static func gradients(_ u: Tensor, _ operands: [Tensor], _ y: Tensor) -> [Tensor?] {
    [u, -(u * (operands[0] / operands[1]).truncated())]
  }
}

/// A function of the bits of integers, which has no gradient.
protocol BitFunction: LibraryFunction {}
extension BitFunction {
  static var isForFloats: Bool { false }
  static var isForIntegers: Bool { true }
  static func value(_ a: Double, _ b: Double) -> Double { .nan }
  static func gradients(_ u: Tensor, _ operands: [Tensor], _ y: Tensor) -> [Tensor?] { [nil, nil] }
}
/// The bits that both have.
enum BitAnd: BitFunction {
  static let name = "bitAnd", code = BACKPROP_AND
  static func whole(_ a: Int64, _ b: Int64) -> Int64 { a & b }
}
/// The bits that either has.
enum BitOr: BitFunction {
  static let name = "bitOr", code = BACKPROP_OR
  static func whole(_ a: Int64, _ b: Int64) -> Int64 { a | b }
}
/// The bits that one has and the other has not.
enum BitXor: BitFunction {
  static let name = "bitXor", code = BACKPROP_XOR
  static func whole(_ a: Int64, _ b: Int64) -> Int64 { a ^ b }
}
/// The bits moved up.
enum ShiftLeft: BitFunction {
  static let name = "shiftedLeft", code = BACKPROP_SHIFT_LEFT
  static func whole(_ a: Int64, _ b: Int64) -> Int64 { 0..<64 ~= b ? a << b : 0 }
}
/// The bits moved down.
enum ShiftRight: BitFunction {
  static let name = "shiftedRight", code = BACKPROP_SHIFT_RIGHT
  static func whole(_ a: Int64, _ b: Int64) -> Int64 { 0..<64 ~= b ? a >> b : a < 0 ? -1 : 0 }
}
