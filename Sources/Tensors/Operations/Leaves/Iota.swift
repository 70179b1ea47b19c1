/// 0, 1, 2, … along an axis, the same along all others; int32.
struct Iota: PrimitiveOperation {
  let shape: Shape
  let axis: Int

  func types(of operands: [TensorType]) -> [TensorType] { [TensorType(shape, .int32)] }
  func gradients(_ step: BackwardStep) -> [Tensor?] { [] }

  private var strides: [Int] { shape.indices.map { $0 == axis ? 1 : 0 } }

  func reference<Scalar: Number>(_ operands: ReferenceOperands<Scalar>) -> HostArray<Scalar> {
    .ints(offsets(shape, strides).map { Int32($0) })
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) {
    lowering.views[instruction.firstOutput] = lowering.constantView(
      (0..<max(shape[axis], 0)).map { UInt32($0) }, shape: shape, strides: strides)
  }
}

extension Tensor {
  /// 0, 1, 2, … along an axis: int32.
  static func iota(_ shape: Shape, axis: Int) -> Tensor { record(Iota(shape: shape, axis: axis), []) }

  /// 0, 1, 2, … as int32 [count].
  package static func positions(_ count: Int) -> Tensor {
    do throws(TensorError) {
      guard 0...Int(Int32.max) ~= count else {
        throw TensorError("positions: there can be 0 to 2³¹ − 1 of them, not \(count)")
      }
      try Memory.check(count * 4, for: "an array of \(count) positions")
      return Tensor((0..<count).map { Int32($0) }, shape: [count])
    } catch { return .failed(error) }
  }
}
