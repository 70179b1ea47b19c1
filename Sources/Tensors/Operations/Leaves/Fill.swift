/// The same number everywhere.
struct Fill: PrimitiveOperation {
  let number: Constant
  let type: TensorType

  var constant: Double? { number.value }
  func types(of operands: [TensorType]) -> [TensorType] { [type] }
  func gradients(_ step: BackwardStep) -> [Tensor?] { [] }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    .repeated(number.value, count: type.shape.elementCount, type.dtype)
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) {
    lowering.views[instruction.firstOutput] = lowering.number(
      number.value, lowering.ir.types[instruction.firstOutput])
  }
}

extension Tensor {
  /// The same number everywhere. The number is part of the plan; use `Tensor(_:)` for one that changes.
  public static func full(_ shape: Shape, _ value: Double, dtype: DType = .float32) -> Tensor {
    guard dtype.holds(value) else { return .failed(TensorError("full: \(value) is no \(dtype) number")) }
    return fill(value, shape, dtype)
  }
  /// The same for a `Float`.
  @_disfavoredOverload
  public static func full(_ shape: Shape, _ value: Float, dtype: DType = .float32) -> Tensor {
    full(shape, Double(value), dtype: dtype)
  }
  /// Zero everywhere, false for bools. Takes no memory where a kernel can use the number.
  public static func zeros(_ shape: Shape, dtype: DType = .float32) -> Tensor { fill(0, shape, dtype) }
  /// One everywhere, likewise.
  public static func ones(_ shape: Shape, dtype: DType = .float32) -> Tensor { fill(1, shape, dtype) }

  static func fill(_ value: Double, _ shape: Shape = [], _ dtype: DType = .float32) -> Tensor {
    record(Fill(number: Constant(value), type: TensorType(shape, dtype)), [])
  }

  /// Numbers that the sizes of an operation determine, as float32 or float64.
  static func constants(_ values: [Double], _ shape: [Int], _ dtype: DType) -> Tensor {
    dtype == .float64 ? Tensor(values, shape: shape) : Tensor(values.map { Float($0) }, shape: shape)
  }
}
