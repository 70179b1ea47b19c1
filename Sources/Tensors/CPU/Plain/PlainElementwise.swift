import CKernels

/// A function of each element or each pair, `where` or a copy, for elements that fused kernels do not take.
struct PlainElementwise: PlainKernel {
  enum Function {
    /// What the instruction of fused kernels does to floats.
    case instruction(backprop_opcode)
    case select, copy
  }

  let function: Function
  let type: DType
  let inputCount: Int
  let layout: PlainLayout

  var title: String {
    switch function {
    case .instruction: "elementwise \(layout.shapeText) \(type)"
    case .select: "where \(layout.shapeText) \(type)"
    case .copy: "copy \(layout.shapeText) \(type)"
    }
  }
  var cost: Cost { Cost(flops: layout.count, bytes: layout.count * type.byteCount * (inputCount + 1)) }

  func run(_ operands: KernelOperands) {
    let (all, bytes) = (operands.start, Int64(type.byteCount))
    withUnsafePointer(to: layout.cValue) {
      switch function {
      case .instruction(let opcode):
        backprop_plain_elementwise(type.code, opcode, $0, all[0], inputCount == 2 ? all[1] : nil, all[inputCount])
      case .select: backprop_plain_select(bytes, $0, operands[0], all[1], all[2], all[3])
      case .copy: backprop_plain_copy(bytes, $0, all[0], all[1])
      }
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
      rank: Int32(shape.rank), shape: eight(shape.dimensions), strides: (strides[0], strides[1], strides[2], strides[3])
    )
    count = shape.elementCount
  }

  /// The shape for titles.
  var shapeText: String {
    let sizes = cValue.shape
    let all = [sizes.0, sizes.1, sizes.2, sizes.3, sizes.4, sizes.5, sizes.6, sizes.7]
    return "\(Array(all.prefix(Int(cValue.rank))))"
  }
}
