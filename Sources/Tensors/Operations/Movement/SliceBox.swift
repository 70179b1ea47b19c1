/// The box that begins at `starts` and has this shape.
struct SliceBox: PrimitiveOperation {
  let starts: [Int]
  let shape: Shape
  var name: String { "slice" }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let whole = operands[0].shape
    guard starts.count == whole.rank, shape.rank == whole.rank,
      whole.indices.allSatisfy({
        starts[$0] >= 0 && shape[$0] >= 0 && starts[$0] <= whole[$0] && shape[$0] <= whole[$0] - starts[$0]
      })
    else { throw TensorError("slice: a box \(shape) at \(starts) does not lie inside \(whole)") }
    return [TensorType(shape, operands[0].dtype)]
  }

  /// u with zeros around it.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let whole = step.operands[0].shape
    let after = whole.indices.map { whole[$0] - starts[$0] - shape[$0] }
    return [step.upstream.padded(before: starts, after: after)]
  }

  func reference<Scalar: Number>(_ operands: ReferenceOperands<Scalar>) -> HostArray<Scalar> {
    let strides = operands.shapes[0].rowMajorStrides
    let start = zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
    return operands.arrays[0].gathering(offsets(shape, strides, from: start))
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    lowering.views[instruction.firstOutput] = try lowering.view(instruction.inputs[0]).box(starts, shape)
  }
}

extension Tensor {
  /// The box of this shape that begins at `starts`.
  public func sliced(starts: [Int], shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(SliceBox(starts: starts, shape: shape), [self], CallSite(file, line))
  }
}
