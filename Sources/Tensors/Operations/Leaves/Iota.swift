/// 0, 1, 2, … along an axis, the same along all others; int32.
struct Iota: PrimitiveOperation {
  let shape: Shape
  let axis: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    // A plan holds them as an array.
    guard shape[axis] <= Int(Int32.max) else {
      throw TensorError("\(name): an axis of \(shape) is longer than int32 counts")
    }
    try Memory.check(max(shape[axis], 0) * 4, for: "an array of \(shape[axis]) positions")
    return [TensorType(shape, .int32)]
  }
  func gradients(_ step: BackwardStep) -> [Tensor?] { [] }

  private var strides: [Int] { shape.indices.map { $0 == axis ? 1 : 0 } }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    .ints(offsets(shape, strides).map { Int64($0) })
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) {
    lowering.views[instruction.firstOutput] = lowering.constantView(
      (0..<max(shape[axis], 0)).lazy.map { UInt64($0) }, TensorType(shape, .int32), strides: strides)
  }
}

extension Tensor {
  /// 0, 1, 2, … along an axis: int32.
  static func iota(_ shape: Shape, axis: Int) -> Tensor { record(Iota(shape: shape, axis: axis), []) }
}
