/// The mean of each window; padding counts as zeros.
struct AveragePool: CompositeOperation, WindowOperation {
  let window: Window

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] { [try pooledType(operands[0])] }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    [Tensor.record(Unfold(window: window), [operands[0]]).mean(axes: [4, 5])]
  }

  /// `AveragePoolGradient` of u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [.record(AveragePoolGradient(window: window, shape: step.operands[0].shape), [step.upstream])]
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { operands[0].shape.elementCount > 0 }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitPooling(.average, instruction, window)
  }
}

/// The gradient of average-pooling.
///
/// operand: upstream → images' shape
struct AveragePoolGradient: CompositeOperation {
  let window: Window
  let shape: Shape

  func types(of operands: [TensorType]) -> [TensorType] { [TensorType(shape, operands[0].dtype)] }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let kernel = [window.kernel.height, window.kernel.width]
    let share = operands[0] / Tensor.fill(Double(kernel[0] * kernel[1]))
    let everywhere = share.reshaped(to: Shape(share.shape + [1, 1])).broadcast(to: Shape(share.shape + kernel))
    return [.record(Fold(window: window, height: shape[2], width: shape[3]), [everywhere])]
  }

  /// `AveragePool` of u.
  func gradients(_ step: BackwardStep) -> [Tensor?] { [.record(AveragePool(window: window), [step.upstream])] }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { operands[0].shape.elementCount > 0 }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitPooling(.averageGradient, instruction, window, isGradient: true)
  }
}

extension Tensor {
  /// The mean of each window; padding counts as zeros.
  public func averagePooled(
    kernel: Pair, stride: Pair, paddingBegin: Pair = 0, paddingEnd: Pair = 0, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    let window = Window(kernel: kernel, stride: stride, paddingBegin: paddingBegin, paddingEnd: paddingEnd)
    return .record(AveragePool(window: window), [self], CallSite(file, line))
  }
}
