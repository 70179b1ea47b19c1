// y = x ∗ w is linear in x and in w, so the convolution and its two gradients are each other's gradients.

/// The convolution of images with weights: [n, c, h, w] ∗ [o, c / groups, kh, kw] → [n, o, oh, ow]
struct Convolution: CompositeOperation, WindowOperation {
  let window: Window
  let groups: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (n, c, height, width) = try image(operands[0])
    let weights = operands[1].shape
    guard weights.rank == 4, weights[2] == window.kernel.height, weights[3] == window.kernel.width else {
      throw TensorError("convolution: weights must be [out, in, height, width], not \(weights)")
    }
    guard groups > 0, c == weights[1].times(groups), weights[0] % groups == 0 else {
      throw TensorError(
        "convolution: \(operands[0].shape) ∗ \(weights) — the images have \(c) channels, the weights take "
          + "\(weights[1].times(groups))" + (groups == 1 ? "" : " in \(groups) groups"))
    }
    guard operands[1].dtype == operands[0].dtype else {
      throw wrongType(operands, needs: "images and weights of one type", hint: "use cast(to:)")
    }
    let out = try positions(height, width)
    return [TensorType([n, weights[0], out.height, out.width], operands[0].dtype)]
  }

  /// One matrix product a group.
  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (images, weights) = (operands[0], operands[1])
    let out = window.positions(height: images.shape[2], width: images.shape[3])
    let (n, o) = (images.shape[0], weights.shape[0])
    let y = columns(of: images, window, groups: groups)
      .matmul(rows(of: weights, groups: groups).transposed)
      .reshaped(to: [groups, n, out.height, out.width, o / groups])
      .permuted([1, 0, 4, 2, 3])
      .reshaped(to: [n, o, out.height, out.width])
    return [y]
  }

  /// `ConvolutionInputGradient` of (u, w) and `ConvolutionWeightGradient` of (x, u).
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (x, w, u) = (step.operands[0], step.operands[1], step.upstream)
    return [
      .record(ConvolutionInputGradient(window: window, groups: groups, shape: x.shape), [u, w]),
      .record(ConvolutionWeightGradient(window: window, groups: groups, shape: w.shape), [x, u]),
    ]
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { target.hasConvolutions(of: operands) }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let (x, w) = (try lowering.imageView(instruction.inputs[0]), try lowering.rowMajorView(instruction.inputs[1]))
    let y = lowering.channelsLast(instruction.firstOutput)
    lowering.emit(.forward, source: x, weights: w, destination: y, window, groups: groups)
  }
}

/// A convolution's gradient with respect to its images.
///
/// operands: upstream [n, o, oh, ow], weights → [n, c, h, w]
struct ConvolutionInputGradient: CompositeOperation {
  let window: Window
  let groups: Int
  let shape: Shape

  func types(of operands: [TensorType]) -> [TensorType] { [TensorType(shape, operands[0].dtype)] }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (u, weights) = (operands[0], operands[1])
    let (n, o, height, width) = (u.shape[0], u.shape[1], u.shape[2], u.shape[3])
    let (kernel, c) = (window.kernel, weights.shape[1] * groups)
    let windows = u.reshaped(to: [n, groups, o / groups, height, width])
      .permuted([1, 0, 3, 4, 2])
      .reshaped(to: [groups, n * height * width, o / groups])
      .matmul(rows(of: weights, groups: groups))
      .reshaped(to: [groups, n, height, width, c / groups, kernel.height, kernel.width])
      .permuted([1, 0, 4, 2, 3, 5, 6])
      .reshaped(to: [n, c, height, width, kernel.height, kernel.width])
    return [.record(Fold(window: window, height: shape[2], width: shape[3]), [windows])]
  }

  /// Linear in both: `Convolution` of (upstream, w) and `ConvolutionWeightGradient` of (upstream, u).
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (u, w) = (step.operands[0], step.operands[1])
    return [
      .record(Convolution(window: window, groups: groups), [step.upstream, w]),
      .record(ConvolutionWeightGradient(window: window, groups: groups, shape: w.shape), [step.upstream, u]),
    ]
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { target.hasConvolutions(of: operands) }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let (u, w) = (try lowering.imageView(instruction.inputs[0]), try lowering.rowMajorView(instruction.inputs[1]))
    let x = lowering.channelsLast(instruction.firstOutput)
    lowering.emit(.backwardData, source: x, weights: w, destination: u, window, groups: groups)
  }
}

/// A convolution's gradient with respect to its weights.
///
/// operands: images, upstream → weights' shape
struct ConvolutionWeightGradient: CompositeOperation {
  let window: Window
  let groups: Int
  let shape: Shape

  func types(of operands: [TensorType]) -> [TensorType] { [TensorType(shape, operands[0].dtype)] }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (images, u) = (operands[0], operands[1])
    let (n, o, height, width) = (u.shape[0], u.shape[1], u.shape[2], u.shape[3])
    let product = u.reshaped(to: [n, groups, o / groups, height, width])
      .permuted([1, 2, 0, 3, 4])
      .reshaped(to: [groups, o / groups, n * height * width])
      .matmul(columns(of: images, window, groups: groups))
    return [product.reshaped(to: shape)]
  }

  /// Linear in both: `ConvolutionInputGradient` of (u, upstream) and `Convolution` of (x, upstream).
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (x, u) = (step.operands[0], step.operands[1])
    return [
      .record(ConvolutionInputGradient(window: window, groups: groups, shape: x.shape), [u, step.upstream]),
      .record(Convolution(window: window, groups: groups), [x, step.upstream]),
    ]
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { target.hasConvolutions(of: operands) }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let (x, u) = (try lowering.imageView(instruction.inputs[0]), try lowering.imageView(instruction.inputs[1]))
    let w = lowering.allocate(shape)
    lowering.views[instruction.firstOutput] = w
    lowering.emit(.backwardWeights, source: x, weights: w, destination: u, window, groups: groups)
  }
}

/// The receptive field of each output position: [groups, positions of all images, channels of a group · kernel].
private func columns(of images: Tensor, _ window: Window, groups: Int) -> Tensor {
  let windows = Tensor.record(Unfold(window: window), [images])
  let (n, c, height, width) = (windows.shape[0], windows.shape[1], windows.shape[2], windows.shape[3])
  let kernel = window.kernel.height * window.kernel.width
  return windows.reshaped(to: [n, groups, c / groups, height, width, kernel])
    .permuted([1, 0, 3, 4, 2, 5])
    .reshaped(to: [groups, n * height * width, c / groups * kernel])
}

/// Weights [o, c / groups, kh, kw] as [groups, o / groups, channels of a group · kernel].
private func rows(of weights: Tensor, groups: Int) -> Tensor {
  let shape = weights.shape
  return weights.reshaped(to: [groups, shape[0] / groups, shape[1] * shape[2] * shape[3]])
}

extension Lowering {
  /// A convolution between images, or a gradient of one: what it does not write, it reads.
  fileprivate mutating func emit(
    _ direction: ConvolutionShape.Direction, source: View, weights: View, destination: View, _ window: Window,
    groups: Int
  ) {
    let shape = ConvolutionShape(
      direction: direction, source: .init(source), weights: .init(weights), destination: .init(destination),
      window: window, groups: groups)
    let (inputs, output) =
      switch direction {
      case .forward: ([source, weights], destination)
      case .backwardData: ([destination, weights], source)
      case .backwardWeights: ([source, destination], weights)
      }
    steps.append(
      Step(
        kernel: ConvolutionKernel(shape: shape, method: target.method(for: shape)), inputs: inputs.map(\.start),
        outputs: [output.start]))
  }
}

extension Tensor {
  /// Cross-correlation, which networks call convolution: [n, c, h, w] ∗ [o, c / groups, kh, kw] → [n, o, oh, ow].
  public func convolved(
    with weights: Tensor, stride: Pair = 1, paddingBegin: Pair = 0, paddingEnd: Pair = 0, dilation: Pair = 1,
    groups: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let window = Window(
      kernel: Pair(weights.shape[2], weights.shape[3]), stride: stride, paddingBegin: paddingBegin,
      paddingEnd: paddingEnd, dilation: dilation)
    return .record(Convolution(window: window, groups: groups), [self, weights], CallSite(file, line))
  }
}
