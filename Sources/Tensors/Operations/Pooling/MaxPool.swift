/// The greatest of each window; the first of equals takes the gradient.
struct MaxPool: CompositeOperation, WindowOperation {
  let window: Window

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] { [try pooledType(operands[0])] }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (windows, mask) = firstGreatest(operands[0], window)
    return [Tensor.where(mask, windows, Tensor.fill(0)).sum(axes: [4])]
  }

  /// `MaxPoolGradient` of the images and u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [.record(MaxPoolGradient(window: window), [step.operands[0], step.upstream])]
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { operands[0].shape.elementCount > 0 }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitPooling(.maximum, instruction, window)
  }
}

/// The gradient of max-pooling.
///
/// operands: images, upstream → images' shape
struct MaxPoolGradient: CompositeOperation {
  let window: Window

  func types(of operands: [TensorType]) -> [TensorType] { [operands[0]] }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (images, upstream) = (operands[0], operands[1])
    let (windows, mask) = firstGreatest(images, window)
    let taken = Tensor.where(mask, upstream.reshaped(to: Shape(upstream.shape + [1])), Tensor.fill(0))
    let kernel = [window.kernel.height, window.kernel.width]
    let apart = taken.reshaped(to: Shape(windows.shape.dropLast() + kernel))
    return [.record(Fold(window: window, height: images.shape[2], width: images.shape[3]), [apart])]
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool {
    operands.allSatisfy { $0.shape.elementCount > 0 }
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitPooling(.maximumGradient, instruction, window, isGradient: true)
  }
}

/// Windows [n, c, oh, ow, kh · kw], and whether each element is the first greatest of its window.
private func firstGreatest(_ images: Tensor, _ window: Window) -> (windows: Tensor, mask: Tensor) {
  let apart = Tensor.record(Unfold(window: window, outside: Constant(-.infinity)), [images])
  let kernel = window.kernel.height * window.kernel.width
  let windows = apart.reshaped(to: Shape(apart.shape.dropLast(2) + [kernel]))
  let first = candidates(windows, window, images.shape).argmax(axis: 4)
  let mask = first.reshaped(to: Shape(first.shape + [1])).equal(to: .iota([kernel], axis: 0))
  return (windows, mask)
}

/// Values [n, c, oh, ow, kh · kw] whose first greatest element in each window is in the image: padding is minus
/// infinity, which a pixel may be too.
private func candidates(_ windows: Tensor, _ window: Window, _ images: Shape) -> Tensor {
  if window.paddingBegin == 0 { return windows }
  let isInside = Tensor.record(Unfold(window: window), [.ones(images, dtype: windows.dtype)]).reshaped(
    to: windows.shape)
  let isGreatest = windows.equal(to: windows.max(axes: [4], keepingAxes: true))
  let isNaN = .!windows.equal(to: windows)
  return isInside * (isGreatest .| isNaN).cast(to: windows.dtype)
}

extension Tensor {
  /// The greatest of each window; the first of equals takes the gradient.
  public func maxPooled(
    kernel: Pair, stride: Pair, paddingBegin: Pair = 0, paddingEnd: Pair = 0, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    let pool = MaxPool(
      window: Window(kernel: kernel, stride: stride, paddingBegin: paddingBegin, paddingEnd: paddingEnd))
    let site = CallSite(file, line)
    // ReLU and adding a value for each channel are monotonic, so they commute with the maximum, and so does the
    // gradient. Done after pooling, they and their gradients process the few elements that are left.
    guard let inside = operands(from: Unary.relu)?[0] else { return .record(pool, [self], site) }
    guard let (image, bias) = inside.channelBias else { return Tensor.record(pool, [inside], site).relu() }
    return (Tensor.record(pool, [image], site) + bias).relu()
  }

  /// For a sum of images and a value for each channel, the two.
  private var channelBias: (image: Tensor, bias: Tensor)? {
    guard let terms = operands(from: Binary.add) else { return nil }
    let (image, bias) = (terms[0], terms[1])
    guard image.shape == shape, bias.shape.rank == 4, [0, 2, 3].allSatisfy({ bias.shape[$0] == 1 }) else { return nil }
    return (image, bias)
  }

  /// The operands, if this is a result of that operation.
  private func operands(from op: some Operation) -> [Tensor]? { op.isEqual(to: node.op) ? node.inputs : nil }
}
