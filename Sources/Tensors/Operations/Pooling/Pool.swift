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
    let apart = Tensor.record(Unfold(window: window, outside: Constant(-.infinity)), [operands[0]])
    let kernel = window.kernel.height * window.kernel.width
    let windows = apart.reshaped(to: Shape(apart.shape.dropLast(2) + [kernel]))
    let first = candidates(windows, operands[0].shape).argmax(axis: 4)
    return [Tensor.where(first.oneHot(classes: kernel, dtype: .bool), windows, Tensor.fill(0)).sum(axes: [4])]
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

extension Tensor {
  /// The mean of each window; padding counts as zeros.
  public func averagePooled(
    kernel: Pair, stride: Pair, paddingBegin: Pair = 0, paddingEnd: Pair = 0, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    let window = Window(kernel: kernel, stride: stride, paddingBegin: paddingBegin, paddingEnd: paddingEnd)
    return .record(Pool(kind: .average, window: window), [self], CallSite(file, line))
  }

  /// The greatest of each window; the first of equals takes the gradient.
  public func maxPooled(
    kernel: Pair, stride: Pair, paddingBegin: Pair = 0, paddingEnd: Pair = 0, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    let window = Window(kernel: kernel, stride: stride, paddingBegin: paddingBegin, paddingEnd: paddingEnd)
    func pooled(_ images: Tensor) -> Tensor {
      .record(Pool(kind: .maximum, window: window), [images], CallSite(file, line))
    }
    // ReLU and adding a value for each channel are monotonic, so they commute with the maximum, and so does the
    // gradient. Done after pooling, they and their gradients process the few elements that are left.
    guard let inside = operands(from: Unary(ReLU.self))?[0] else { return pooled(self) }
    guard let terms = inside.operands(from: Binary(Add.self)), terms[0].shape == inside.shape, terms[1].shape.rank == 4,
      [0, 2, 3].allSatisfy({ terms[1].shape[$0] == 1 })
    else { return pooled(inside).relu() }
    return (pooled(terms[0]) + terms[1]).relu()
  }

  /// The operands, if this is a result of that operation.
  private func operands(from op: some Operation) -> [Tensor]? { op.isEqual(to: node.op) ? node.inputs : nil }
}
