import CKernels

/// The elements with these indices along an axis.
///
/// operands: x [..., n, ...], indices int32 [..., m, ...], equal on the other axes → [..., m, ...]; an index outside the
/// axis gives NaN, and 0 of whole numbers.
struct GatherAlong: PrimitiveOperation {
  let axis: Int
  var name: String { "gather along" }
  var indices: IndexOperand? { IndexOperand(operand: 1, axis: axis) }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (x, indices) = (operands[0], operands[1])
    guard x.shape.indices.contains(axis) else { throw x.shape.noAxis(axis, for: name) }
    guard x.dtype != .bool, indices.dtype == .int32, indices.shape.fits(x.shape, but: axis) else {
      throw TensorError("\(name): needs int32 indices of the shape \(x.shape) but for axis \(axis), not \(indices)")
    }
    return [TensorType(indices.shape, x.dtype)]
  }

  /// `ScatterAlong` of u, added to zeros.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (x, indices, u) = (step.operands[0], step.operands[1], step.upstream)
    let zeros = Tensor.fill(0, x.shape, u.dtype)
    return [.record(ScatterAlong(axis: axis, kind: .add), [zeros, indices, u]), nil]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(GatherAlong(axis: axis + 1)) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let places = places(operands.arrays[1].ints, operands.type.shape, in: operands.shapes[0], along: axis)
    return switch operands.arrays[0] {
    case .floats(let x): .floats(places.map { $0.map { x[$0] } ?? .nan })
    case .ints(let x): .ints(places.map { $0.map { x[$0] } ?? 0 })
    }
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let x = try lowering.contiguous(instruction.inputs[0])
    let indices = try lowering.contiguous(instruction.inputs[1])
    let kernel = GatherAlongKernel(type: x.dtype, size: x.shape[axis], lines: AxisLines(indices.shape, axis))
    lowering.emit(kernel, [x, indices], instruction)
  }
}

private struct GatherAlongKernel: PlainKernel {
  let type: DType
  let size: Int
  let lines: AxisLines

  var title: String { "gather \(lines) of \(size)\(type.suffix)" }
  var cost: Cost { Cost(bytes: lines.elementCount * (2 * type.byteCount + 4)) }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) {
    backprop_gather_along(
      Int64(type.byteCount), Int64(lines.outer), Int64(size), Int64(lines.count), Int64(lines.inner), operands.start[0],
      operands.ints(1), type.bits(of: .nan), operands.start[2])
  }
}

extension Shape {
  /// Whether it equals another shape on all axes but one.
  func fits(_ other: Shape, but axis: Int) -> Bool {
    rank == other.rank && indices.allSatisfy { $0 == axis || self[$0] == other[$0] }
  }
}

/// Where in an array of this shape the element is that each index names along an axis: for references. `nil`: outside.
func places(_ numbers: [Int64], _ shape: Shape, in whole: Shape, along axis: Int) -> [Int?] {
  let strides = whole.rowMajorStrides
  let starts = offsets(shape, shape.indices.map { $0 == axis ? 0 : strides[$0] })
  return zip(numbers, starts).map { number, start in
    0..<Int64(whole[axis]) ~= number ? start + Int(number) * strides[axis] : nil
  }
}

extension Tensor {
  /// The elements with these indices along an axis: y[i, j, k] = x[i, indices[i, j, k], k] for the middle axis of three.
  ///
  /// int32 indices have the tensor's shape but for the axis, where there may be any number of them; the result has their
  /// shape. A negative axis counts from the end. An index outside the axis gives NaN, in types without it 0 or false. The
  /// gradients of an element that is chosen repeatedly add up. `take` chooses whole slices.
  public func gather(_ indices: Tensor, along axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if failure == nil, dtype == .bool {
      return cast(to: .uint8).gather(indices, along: axis, file: file, line: line).cast(to: .bool)
    }
    return .record(GatherAlong(axis: shape.normalized(axis) ?? axis), [self, indices], CallSite(file, line))
  }
}
