import CKernels

/// A function that is applied to each element: its name, reference, derivatives and instruction.
protocol ElementwiseFunction: Sendable {
  /// In messages and profiles.
  static var name: String { get }
  /// The instruction of fused kernels.
  static var instruction: backprop_opcode { get }
  /// The same for int32, where they have one.
  static var integerInstruction: backprop_opcode? { get }
  /// Whether it is less work than to fetch its operands.
  static var isCheap: Bool { get }
}

extension ElementwiseFunction {
  static var integerInstruction: backprop_opcode? { nil }
}

/// A function of one number.
protocol UnaryFunction: ElementwiseFunction {
  typealias Whole = @Sendable (Int64) -> Int64
  /// The reference.
  static func value(_ x: Double) -> Double
  /// The same for whole numbers, where they have a result that is one; what exceeds their type wraps around afterwards.
  static var whole: Whole? { get }
  /// u · dy/dx for y = f(x); `nil`: the derivative is 0 almost everywhere.
  static func gradient(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor?
}

extension UnaryFunction {
  static var isCheap: Bool { false }
  static var whole: Whole? { nil }
  static var isForIntegers: Bool { whole != nil }
}

/// A function of two numbers that is applied to each pair of elements, with broadcasting.
protocol BinaryFunction: ElementwiseFunction {
  typealias Whole = @Sendable (Int64, Int64) -> Int64
  /// Whether bools have one, taken as 0 and 1, that is a bool.
  static var isForBools: Bool { get }
  /// Whether it gives a bool, of operands of any type.
  static var isComparison: Bool { get }
  static func value(_ a: Double, _ b: Double) -> Double
  /// The same for whole numbers, where they have a result that is one; what exceeds their type wraps around afterwards.
  static var whole: Whole? { get }
  /// The gradients of a and b for y = f(a, b).
  static func gradients(_ u: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?]
  /// The numbers e with f(a, e) = a and with f(e, b) = b for all a and b.
  static var rightIdentity: Double? { get }
  static var leftIdentity: Double? { get }
  /// As `Operation.rewritten`.
  static func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]?
}

extension BinaryFunction {
  static var isForIntegers: Bool { whole != nil }
  static var isForBools: Bool { false }
  static var isComparison: Bool { false }
  static var isCheap: Bool { true }
  static var rightIdentity: Double? { nil }
  static var leftIdentity: Double? { nil }
  static func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? { nil }
  static var whole: Whole? { nil }
}
