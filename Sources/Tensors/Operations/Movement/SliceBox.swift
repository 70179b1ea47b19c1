/// The box that begins at `starts` and has this shape.
struct SliceBox: PrimitiveOperation {
  let starts: [Int]
  let shape: Shape
  var name: String { "slice" }
  /// More tensors are not made of one.
  static let mostParts = 1 << 20

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

  func mapped(_ step: MappedStep) -> [Tensor]? {
    step.batched(SliceBox(starts: [0] + starts, shape: Shape([step.count] + shape.dimensions)))
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
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

  /// Parts of these sizes along an axis, which they must fill; a negative axis counts from the end. Where that is an
  /// error, as many failed tensors, and one where no sizes are given.
  public func split(sizes: [Int], axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> [Tensor] {
    parts(sizes.count, CallSite(file, line)) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "split")
      guard !sizes.isEmpty, sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, { $0.plus($1) }) == shape[axis] else {
        throw TensorError(
          "split: the sizes \(sizes) do not add up to axis \(axis) of \(shape), which is \(shape[axis])")
      }
      var starts = shape.map { _ in 0 }
      return sizes.map { size in
        defer { starts[axis] += size }
        let part = Shape(shape.indices.map { $0 == axis ? size : shape[$0] })
        return sliced(starts: starts, shape: part, file: file, line: line)
      }
    }
  }

  /// At most `count` parts along an axis, all of one size but for the last, which may be smaller; a negative axis counts
  /// from the end. Where the sizes do not fit, there are fewer parts: 5 elements in 4 parts are 2, 2 and 1, as in PyTorch.
  /// An axis of size 0 is one part.
  public func chunked(_ count: Int, axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> [Tensor] {
    parts(Swift.min(count, 1024), CallSite(file, line)) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "chunked")
      guard count > 0 else { throw TensorError("chunked: there must be at least 1 part of \(shape), not \(count)") }
      let whole = shape[axis]
      let size = Swift.max(whole / count + (whole % count == 0 ? 0 : 1), 1)
      guard whole == 0 || whole / size < SliceBox.mostParts else {
        throw TensorError("chunked: \(shape) in \(count) parts are more than 2²⁰ tensors")
      }
      let sizes = whole == 0 ? [0] : stride(from: 0, to: whole, by: size).map { Swift.min(size, whole - $0) }
      return split(sizes: sizes, axis: axis, file: file, line: line)
    }
  }

  /// What `body` makes, or as many failed tensors, at least one, so that indexing them does not trap.
  private func parts(_ count: Int, _ site: CallSite, _ body: () throws(TensorError) -> [Tensor]) -> [Tensor] {
    do throws(TensorError) {
      if let failure { throw failure }
      return try body()
    } catch {
      return Array(repeating: .failed(error.called(at: site)), count: Swift.max(count, 1))
    }
  }
}
