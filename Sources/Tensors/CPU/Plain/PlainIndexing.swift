import CKernels

/// `gather` of elements of any type.
struct PlainGather: PlainKernel {
  let type: DType
  let rows: Int, width: Int, count: Int

  var title: String { "gather \(count) of \([rows, width]) \(type)" }
  var cost: Cost { Cost(bytes: 2 * count * width * type.byteCount + 4 * count) }

  func run(_ operands: KernelOperands) {
    backprop_plain_gather(
      type.code, Int64(rows), Int64(width), Int64(count), operands.start[0], operands.ints(1), operands.start[2])
  }
}

/// `scatterAdd` of a type with arithmetic.
struct PlainScatterAdd: PlainKernel {
  let type: DType
  let rows: Int, width: Int, count: Int

  var title: String { "scatter-add \(count) to \([rows, width]) \(type)" }
  var cost: Cost { Cost(flops: count * width, bytes: (rows + count) * width * type.byteCount + 4 * count) }

  func run(_ operands: KernelOperands) {
    backprop_plain_scatter_add(
      type.code, Int64(rows), Int64(width), Int64(count), operands.ints(0), operands.start[1], operands.start[2])
  }
}

/// `replaceSlice` of elements of any size.
struct PlainReplaceSlice: PlainKernel {
  let elementBytes: Int
  let outer: Int, size: Int, count: Int, inner: Int

  var title: String { "replace \(count) of \([outer, size, inner]), \(elementBytes) bytes each" }
  var cost: Cost { Cost(bytes: 2 * outer * count * inner * elementBytes) }

  func run(_ operands: KernelOperands) {
    backprop_plain_replace_slice(
      Int64(elementBytes), Int64(outer), Int64(size), Int64(count), Int64(inner), operands.start[0], operands.ints(1),
      operands.start[2])
  }
}
