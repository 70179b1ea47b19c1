import CKernels

/// A function of each element, or of each pair, by a plain kernel.
struct PlainElementwise: PlainKernel {
  let type: DType
  /// The instruction that does the same to floats.
  let function: backprop_opcode
  let hasTwoOperands: Bool
  let layout: PlainLayout

  var title: String { "elementwise \(layout.shapeText) \(type)" }
  var cost: Cost { Cost(flops: layout.count, bytes: layout.count * type.byteCount * (hasTwoOperands ? 3 : 2)) }

  func run(_ operands: KernelOperands) {
    let second = hasTwoOperands ? operands.start[1] : nil
    withUnsafePointer(to: layout.cValue) {
      backprop_plain_elementwise(
        type.code, function, $0, operands.start[0], second, operands.start[operands.count - 1])
    }
  }
}

/// `where` for elements of any size.
struct PlainSelect: PlainKernel {
  let elementBytes: Int
  let layout: PlainLayout

  var title: String { "where \(layout.shapeText), \(elementBytes) bytes each" }
  var cost: Cost { Cost(flops: layout.count, bytes: layout.count * (4 + 3 * elementBytes)) }

  func run(_ operands: KernelOperands) {
    withUnsafePointer(to: layout.cValue) {
      backprop_plain_select(
        Int64(elementBytes), $0, operands[0], operands.start[1], operands.start[2], operands.start[3])
    }
  }
}

/// A copy of elements of any size from one layout to another.
struct PlainCopy: PlainKernel {
  let elementBytes: Int
  let layout: PlainLayout

  var title: String { "copy \(layout.shapeText), \(elementBytes) bytes each" }
  var cost: Cost { Cost(bytes: 2 * layout.count * elementBytes) }

  func run(_ operands: KernelOperands) {
    withUnsafePointer(to: layout.cValue) {
      backprop_plain_copy(Int64(elementBytes), $0, operands.start[0], operands.start[1])
    }
  }
}

/// Elements one after the other as another type.
struct PlainCast: PlainKernel {
  let from: DType, to: DType
  let count: Int

  var title: String { "cast \(count) from \(from) to \(to)" }
  var cost: Cost { Cost(flops: count, bytes: count * (from.byteCount + to.byteCount)) }

  func run(_ operands: KernelOperands) {
    backprop_plain_cast(from.code, to.code, Int64(count), operands.start[0], operands.start[1])
  }
}

/// A shape, and the strides over it of operands and result.
struct PlainLayout: BitwiseCopyable, Sendable {
  let cValue: backprop_plain_layout
  let count: Int

  /// All views have this shape.
  init(_ shape: Shape, _ views: [View]) {
    let strides = views.map { eight($0.strides) } + [eight([]), eight([])]
    cValue = backprop_plain_layout(
      rank: Int32(shape.rank), shape: eight(shape.dimensions), strides: (strides[0], strides[1], strides[2], strides[3]))
    count = shape.elementCount
  }

  /// The shape for titles.
  var shapeText: String {
    let sizes = cValue.shape
    let all = [sizes.0, sizes.1, sizes.2, sizes.3, sizes.4, sizes.5, sizes.6, sizes.7]
    return "\(Array(all.prefix(Int(cValue.rank))))"
  }
}
