import CKernels

/// The indices of the elements along the last axis in ascending or descending order, or of the first `count` of them;
/// int32. Of equal elements the first comes first, and NaN is the greatest.
struct Argsort: PrimitiveOperation {
  var isDescending = false
  let count: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (shape, dtype) = (operands[0].shape, operands[0].dtype)
    guard dtype.hasArithmetic || dtype == .bool else { throw needsArithmetic(operands, integers: true) }
    guard shape.rank > 0, 0...shape[-1] ~= count, shape[-1] <= Int(Int32.max) else {
      throw TensorError("\(name): the last axis of \(shape) does not have \(count) elements")
    }
    return [TensorType(Shape(shape.dropLast() + [count]), .int32)]
  }

  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    throw TensorError("argsort has no derivative: its result is positions")
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(self) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    func order<Element>(_ x: [Element], _ isLess: (Element, Element) -> Bool) -> HostArray {
      let lines =
        operands.shapes[0].elementCount == 0 ? [] : lines(of: operands.shapes[0], along: operands.shapes[0].rank - 1)
      return .ints(
        lines.flatMap { line in
          line.indices.sorted { a, b in
            let (first, second) = isDescending ? (x[line[b]], x[line[a]]) : (x[line[a]], x[line[b]])
            return isLess(first, second) || !isLess(second, first) && a < b
          }.prefix(count).map { Int64($0) }
        })
    }
    return switch operands.arrays[0] {
    case .floats(let x): order(x) { $0 < $1 || $1.isNaN && !$0.isNaN }
    case .ints(let x): order(x, <)
    }
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let x = try lowering.contiguous(instruction.inputs[0])
    let (width, total) = (x.shape[-1], x.shape.elementCount)
    let kernel = ArgsortKernel(
      type: x.dtype, isDescending: isDescending, rows: width == 0 ? 0 : total / width, width: width, count: count)
    lowering.emit(kernel, [x], instruction)
  }
}

private struct ArgsortKernel: PlainKernel {
  let type: DType
  let isDescending: Bool
  let rows: Int, width: Int, count: Int

  var title: String { "argsort \(count < width ? "\(count) of " : "")\([rows, width])\(type.suffix)" }
  var cost: Cost { Cost(flops: 8 * rows * width, bytes: rows * (width * type.byteCount + 4 * count)) }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) throws(TensorError) {
    let status = backprop_argsort(
      type.code, isDescending ? 1 : 0, Int64(rows), Int64(width), Int64(count), operands.start[0], operands.ints(1))
    guard status == 0 else { throw TensorError("argsort: no memory is left to sort rows of \(width) elements") }
  }
}

extension Tensor {
  /// The indices of the elements along an axis in ascending or descending order: int32 of the tensor's shape. Of equal
  /// elements the first comes first; NaN is greater than all numbers, as in PyTorch. A negative axis counts from the end.
  ///
  /// A sort by digits: some 6 ns an element on one thread, in any order of the elements.
  public func argsorted(
    axis: Int = -1, descending: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    ordered(axis, "argsorted", CallSite(file, line)) { order, _ in order(descending, nil) }
  }

  /// The elements along an axis in ascending or descending order, NaN as the greatest; see `argsorted`. The gradient passes
  /// to where an element came from.
  public func sorted(
    axis: Int = -1, descending: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    ordered(axis, "sorted", CallSite(file, line)) { order, axis in
      gather(order(descending, nil), along: axis, file: file, line: line)
    }
  }

  /// The `count` greatest elements along an axis from the greatest on, or the least ones from the least on, and their
  /// int32 indices. Of equal elements the first comes first, and NaN is the greatest.
  ///
  /// Both have the tensor's shape with `count` along the axis. The gradient passes to where an element came from. A small
  /// part of the elements costs a comparison of each and a sort of few.
  public func topK(
    _ count: Int, axis: Int = -1, largest: Bool = true, file: StaticString = #fileID, line: UInt = #line
  ) -> (values: Tensor, indices: Tensor) {
    let site = CallSite(file, line)
    let indices = ordered(axis, "topK", site) { order, axis in
      0...shape[axis] ~= count
        ? order(largest, count)
        : .failed(
          TensorError("topK: axis \(axis) of \(shape) has no \(count) elements; 0 to \(shape[axis]) are valid"))
    }.called(at: site)
    return (gather(indices, along: axis, file: file, line: line), indices)
  }

  /// Calls `body` with what sorts along an axis, and the axis.
  private func ordered(
    _ axis: Int, _ name: String, _ site: CallSite, _ body: ((Bool, Int?) -> Tensor, Int) -> Tensor
  ) -> Tensor {
    checked(site) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: name)
      let last = shape.rank - 1
      // Floats of 16 bits are compared as float32, which holds them all.
      let keys = dtype.isFloatingPoint && !dtype.isDifferentiable ? cast(to: .float32) : self
      func order(_ isDescending: Bool, _ count: Int?) -> Tensor {
        let sort = Argsort(isDescending: isDescending, count: count ?? shape[axis])
        if axis == last { return .record(sort, [keys], site) }
        return Tensor.record(sort, [keys.transposed(axis, last)], site).transposed(axis, last)
      }
      return body(order, axis)
    }
  }
}
