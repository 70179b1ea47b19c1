import CKernels
import RealModule

/// What references calculate in.
typealias Number = Real & BinaryFloatingPoint

/// A function of one number that is applied to each element: all that is to be known of it.
protocol UnaryFunction: Sendable {
  /// In messages and profiles.
  static var name: String { get }
  /// What fused kernels do it by.
  static var instruction: backprop_opcode { get }
  /// The same for int32; `nil`: not for int32.
  static var integerInstruction: backprop_opcode? { get }
  /// The reference, in the precision of `x`.
  static func value<Scalar: Number>(_ x: Scalar) -> Scalar
  static func value(_ x: Int32) -> Int32
  /// u · dy/dx for y = f(x); `nil`: the derivative is 0 almost everywhere.
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor?
}

extension UnaryFunction {
  static var integerInstruction: backprop_opcode? { nil }
  static func value(_ x: Int32) -> Int32 { x }
}

/// A function of two numbers that is applied to each pair of elements, with broadcasting.
protocol BinaryFunction: Sendable {
  static var name: String { get }
  static var instruction: backprop_opcode { get }
  /// The same for int32, wrapping around; `nil`: not for int32.
  static var integerInstruction: backprop_opcode? { get }
  /// Whether it gives the float 1 or 0, also of int32.
  static var isComparison: Bool { get }
  static func value<Scalar: Number>(_ a: Scalar, _ b: Scalar) -> Scalar
  static func value(_ a: Int32, _ b: Int32) -> Int32
  /// The gradients of a and b for y = f(a, b).
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?]
}

extension BinaryFunction {
  static var integerInstruction: backprop_opcode? { nil }
  static var isComparison: Bool { false }
  static func value(_ a: Int32, _ b: Int32) -> Int32 { 0 }
}

/// One of the functions of one number, as a graph holds it: equal where the function is the same.
struct Unary: Hashable, Sendable, CaseIterable {
  let function: any UnaryFunction.Type
  var name: String { function.name }

  static let negate = Unary(function: Negate.self), absolute = Unary(function: Absolute.self)
  static let sign = Unary(function: Sign.self), exp = Unary(function: Exp.self), log = Unary(function: Log.self)
  static let sqrt = Unary(function: SquareRoot.self), rsqrt = Unary(function: ReciprocalSquareRoot.self)
  static let reciprocal = Unary(function: Reciprocal.self), square = Unary(function: Square.self)
  static let tanh = Unary(function: HyperbolicTangent.self), sigmoid = Unary(function: Sigmoid.self)
  static let relu = Unary(function: ReLU.self), sin = Unary(function: Sine.self), cos = Unary(function: Cosine.self)
  static let erf = Unary(function: ErrorFunction.self), floor = Unary(function: Floor.self)
  static let geluTanh = Unary(function: GELUTanh.self)
  static let geluTanhDerivative = Unary(function: GELUTanhDerivative.self)

  static let allCases: [Unary] = [
    .negate, .absolute, .sign, .exp, .log, .sqrt, .rsqrt, .reciprocal, .square, .tanh, .sigmoid, .relu, .sin, .cos,
    .erf,
    .floor, .geluTanh, .geluTanhDerivative,
  ]

  static func == (a: Unary, b: Unary) -> Bool { a.function == b.function }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(function)) }
}

/// One of the functions of two numbers, as a graph holds it.
struct Binary: Hashable, Sendable, CaseIterable {
  let function: any BinaryFunction.Type
  var name: String { function.name }

  static let add = Binary(function: Add.self), subtract = Binary(function: Subtract.self)
  static let multiply = Binary(function: Multiply.self), divide = Binary(function: Divide.self)
  static let power = Binary(function: Power.self)
  static let maximum = Binary(function: Maximum.self), minimum = Binary(function: Minimum.self)
  static let less = Binary(function: Less.self), lessOrEqual = Binary(function: LessOrEqual.self)
  static let equal = Binary(function: Equal.self)

  static let allCases: [Binary] = [
    .add, .subtract, .multiply, .divide, .power, .maximum, .minimum, .less, .lessOrEqual, .equal,
  ]

  static func == (a: Binary, b: Binary) -> Bool { a.function == b.function }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(function)) }
}
