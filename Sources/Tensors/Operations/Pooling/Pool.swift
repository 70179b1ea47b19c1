/// The greatest of each window, where the first of equals takes the gradient, or the mean; padding counts as zeros there.
struct Pool: KernelOperation, WindowOperation {
  enum Kind { case maximum, average }

  let kind: Kind
  let window: Window
  var name: String { kind == .maximum ? "maxPool" : "averagePool" }

  /// Padding as wide as the kernel would give windows entirely in the padding, whose maximum does not exist; a
  /// convolution gives 0 there.
  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (n, c, height, width) = try image(operands[0])
    let out = try positions(height, width)
    let reach = window.reach
    for padding in [window.paddingBegin, window.paddingEnd]
    where padding.height >= reach.height || padding.width >= reach.width {
      throw TensorError("\(name): padding must be less than the kernel's reach of \(reach.height)×\(reach.width)")
    }
    return [TensorType([n, c, out.height, out.width], operands[0].dtype)]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    if kind == .average { return [Tensor.record(Unfold(window: window), [operands[0]]).mean(axes: [4, 5])] }
    let windows = elements(of: operands[0])
    let first = candidates(windows, operands[0].shape).argmax(axis: 4)
    let isFirst = first.oneHot(classes: windows.shape[4], dtype: .bool)
    return [Tensor.where(isFirst, windows, Tensor.fill(0)).sum(axes: [4])]
  }

  /// The first greatest of each window, counted from its first element on in row-major order: int32 [n, c, oh, ow].
  func firstGreatest(of images: Tensor) -> Tensor { candidates(elements(of: images), images.shape).argmax(axis: 4) }

  /// The elements of each window, minus infinity outside: [n, c, oh, ow, kh · kw].
  private func elements(of images: Tensor) -> Tensor {
    let windows = Tensor.record(Unfold(window: window, outside: Constant(-.infinity)), [images])
    return windows.reshaped(to: Shape(windows.shape.dropLast(2) + [window.kernel.height * window.kernel.width]))
  }

  /// Values [n, c, oh, ow, kh · kw] whose first greatest element in each window is in the image: padding is minus
  /// infinity, which a pixel may be too.
  private func candidates(_ windows: Tensor, _ images: Shape) -> Tensor {
    if window.paddingBegin == 0 { return windows }
    let isInside = Tensor.record(Unfold(window: window), [.ones(images, dtype: windows.dtype)]).reshaped(
      to: windows.shape)
    let isGreatest = windows.equal(to: windows.max(axes: [4], keepingAxes: true))
    let isNaN = .!windows.equal(to: windows)
    return isInside * (isGreatest .| isNaN).cast(to: windows.dtype)
  }

  /// `PoolGradient` of u and, of the greatest, the images.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let images = step.operands[0]
    let gradient = PoolGradient(forward: self, shape: images.shape)
    return [.record(gradient, (kind == .maximum ? [images] : []) + [step.upstream])]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.folded(self) }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitPooling(self, instruction, isGradient: false)
  }
}

/// The gradient of pooling.
///
/// operands: images, of the greatest only, and upstream → images' shape
struct PoolGradient: KernelOperation {
  let forward: Pool
  let shape: Shape
  var name: String { forward.kind == .maximum ? "maxPoolGradient" : "averagePoolGradient" }

  func types(of operands: [TensorType]) -> [TensorType] { [TensorType(shape, operands[0].dtype)] }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let images = operands.count > 1 ? operands[0] : .zeros(shape, dtype: operands[0].dtype)
    return forward.gradientDefinition(of: [images], [operands.last])
  }

  /// Of the mean, which is linear, `Pool` of u; of the greatest that of the definition.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    forward.kind == .average ? [.record(forward, [step.upstream])] : try definitionGradients(step)
  }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    step.folded(PoolGradient(forward: forward, shape: Shape([step.count.times(shape[0])] + shape.dropFirst())))
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitPooling(forward, instruction, isGradient: true)
  }
}
