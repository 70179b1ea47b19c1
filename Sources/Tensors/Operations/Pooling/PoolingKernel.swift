import CKernels

extension Lowering {
  /// A pass over channels-last images. `isGradient`: its result are the images, and its last operand the windows.
  mutating func emitPooling(_ pool: Pool, _ instruction: IR.Instruction, isGradient: Bool) throws(TensorError) {
    var operands: [View] = []
    for input in instruction.inputs { operands.append(try channelsLastView(input)) }
    let result = channelsLast(instruction.firstOutput)
    let (images, windows) = isGradient ? (result, operands[operands.count - 1]) : (operands[0], result)
    let image = WindowedImage(image: images.shape, windows: windows.shape, pool.window)
    emit(PoolingKernel(kind: pool.kind, isGradient: isGradient, image: image), operands, [result])
  }
}

/// A pass over channels-last images: pooling or its gradient.
private struct PoolingKernel: PlainKernel {
  let kind: Pool.Kind
  let isGradient: Bool
  let image: WindowedImage

  var title: String { "\(kind == .maximum ? "max" : "average")-pool\(isGradient ? " gradient" : "") \(image.title)" }

  var cost: Cost {
    // The gradient of the maximum reads the images too.
    let readings = kind == .maximum && isGradient ? 2 : 1
    return Cost(flops: image.positions * image.area, elements: readings * image.pixels + image.positions)
  }

  func run(_ operands: KernelOperands) {
    withUnsafePointer(to: image.cValue) {
      switch (kind, isGradient) {
      case (.maximum, false): backprop_max_pool($0, operands[0], operands[1])
      case (.maximum, true): backprop_max_pool_gradient($0, operands[0], operands[1], operands[2])
      case (.average, false): backprop_average_pool($0, operands[0], operands[1])
      case (.average, true): backprop_average_pool_gradient($0, operands[0], operands[1])
      }
    }
  }
}
