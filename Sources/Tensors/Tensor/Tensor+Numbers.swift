// Numbers as operands: what is written in the program is part of the plan, what is computed there is data.
extension Tensor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self = .fill(value) }
  public init(integerLiteral value: Int) { self = .fill(Double(value)) }

  /// A number that never changes: part of the plan, so that the compiler knows it. Another value is another plan.
  public static func constant(_ value: Double) -> Tensor { .fill(value) }

  /// The same for a `Float`.
  @_disfavoredOverload public static func constant(_ value: Float) -> Tensor { .fill(Double(value)) }

  /// A `Float` operand: data, since it may be another number in the next step.
  static func number(_ value: Float) -> Tensor { areNumbersConstant ? constant(value) : Tensor(value) }

  /// Whether it is one number that never changes, which takes the type of what it is combined with.
  var isNumber: Bool { shape.rank == 0 && node.op.constant != nil }

  /// The type in which it is combined with a number: its own where that has fractions, otherwise float32, so that nothing
  /// is cut off.
  var typeWithNumbers: DType { dtype.isFloatingPoint ? dtype : .float32 }

  /// Whether it is a number that this type of whole numbers has.
  private func isWhole(in dtype: DType) -> Bool {
    dtype.isInteger && isNumber && dtype.holds(node.op.constant ?? .nan)
  }

  /// The same as this type, where it is a number; an error where the type does not have it.
  func matching(_ dtype: DType) -> Tensor {
    guard self.dtype != dtype, isNumber, let value = node.op.constant else { return self }
    guard dtype.holds(value) else {
      return .failed(TensorError("\(value) is no \(dtype) number; use cast(to: .float32) first"))
    }
    return .fill(value, [], dtype)
  }

  /// Both in one type, where one of them is a number; whole numbers stay in it where a whole number is in its range and
  /// they are only compared.
  static func matched(_ a: Tensor, _ b: Tensor, comparing: Bool = false) -> (Tensor, Tensor) {
    guard a.dtype != b.dtype, a.failure == nil, b.failure == nil else { return (a, b) }
    if comparing, b.isWhole(in: a.dtype) { return (a, b.matching(a.dtype)) }
    if comparing, a.isWhole(in: b.dtype) { return (a.matching(b.dtype), b) }
    if b.isNumber { return (a.cast(to: a.typeWithNumbers), b.matching(a.typeWithNumbers)) }
    if a.isNumber { return (a.matching(b.typeWithNumbers), b.cast(to: b.typeWithNumbers)) }
    return (a, b)
  }

  /// Whether `Float` operands are constants: in an optimizer's rule, whose numbers that change are step scalars.
  @TaskLocal package static var areNumbersConstant = false
}
