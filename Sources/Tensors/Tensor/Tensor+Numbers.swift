// Numbers as operands: what is written in the program is part of the plan, what is computed there is data.
extension Tensor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self = .fill(value) }
  public init(integerLiteral value: Int) { self = .fill(Double(value)) }

  /// A number that never changes: part of the plan, so that the compiler knows it. Another value is another plan.
  public static func constant(_ value: Float) -> Tensor { .fill(Double(value)) }

  /// A `Float` operand: data, since it may be another number in the next step.
  static func number(_ value: Float) -> Tensor { areNumbersConstant ? constant(value) : Tensor(value) }

  /// Whether `Float` operands are constants: in an optimizer's rule, whose numbers that change are step scalars.
  @TaskLocal package static var areNumbersConstant = false
}
