/// The convolution of images with weights, y = x ∗ w: [n, c, h, w] ∗ [o, c / groups, kh, kw] → [n, o, oh, ow]; or its
/// gradient with respect to x or w.
///
/// operands: x and w; of the gradients upstream and w, or x and upstream
struct Convolution: CompositeOperation, WindowOperation {
  let window: Window
  let groups: Int
  var direction = ConvolutionShape.Direction.forward
  /// The shape of a gradient.
  var shape: Shape = []

  var name: String {
    switch direction {
    case .forward: "convolution"
    case .backwardData: "convolutionInputGradient"
    case .backwardWeights: "convolutionWeightGradient"
    }
  }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard direction == .forward else { return [TensorType(shape, operands[0].dtype)] }
    let (n, _, height, width) = try image(operands[0])
    let weights = operands[1].shape
    guard weights.rank == 4, weights[2] == window.kernel.height, weights[3] == window.kernel.width else {
      throw TensorError("convolution: weights must be [out, in, height, width], not \(weights)")
    }
    try Self.check(operands[0].shape, weights, groups)
    guard operands[1].dtype == operands[0].dtype else {
      throw wrongType(operands, needs: "images and weights of one type", hint: "use cast(to:)")
    }
    let out = try positions(height, width)
    return [TensorType([n, weights[0], out.height, out.width], operands[0].dtype)]
  }

  /// That weights [o, c / groups, …] fit images [n, c, …].
  static func check(_ images: Shape, _ weights: Shape, _ groups: Int) throws(TensorError) {
    guard groups > 0, images[1] == weights[1].times(groups), weights[0] % groups == 0 else {
      throw TensorError(
        "convolution: \(images) ∗ \(weights) — the images have \(images[1]) channels, the weights take "
          + "\(weights[1].times(groups))" + (groups == 1 ? "" : " in \(groups) groups"))
    }
  }

  /// One matrix product a group, of the receptive fields of all output positions and the weights.
  func definition(_ operands: [Tensor]) -> [Tensor] {
    let forward = Convolution(window: window, groups: groups)
    switch direction {
    case .forward: break
    case .backwardData:
      let images = Tensor.zeros(shape, dtype: operands[0].dtype)
      return [forward.gradientDefinition(of: [images, operands[1]], [operands[0]])[0]]
    case .backwardWeights:
      let weights = Tensor.zeros(shape, dtype: operands[0].dtype)
      return [forward.gradientDefinition(of: [operands[0], weights], [operands[1]])[1]]
    }
    let windows = Tensor.record(Unfold(window: window), [operands[0]])
    let (n, c, height, width) = (windows.shape[0], windows.shape[1], windows.shape[2], windows.shape[3])
    let (o, kernel) = (operands[1].shape[0], window.kernel.height * window.kernel.width)
    let fields = windows.reshaped(to: [n, groups, c / groups, height, width, kernel])
      .permuted([1, 0, 3, 4, 2, 5])
      .reshaped(to: [groups, n * height * width, c / groups * kernel])
    let weights = operands[1].reshaped(to: [groups, o / groups, c / groups * kernel])
    let y = fields.matmul(weights.transposed)
      .reshaped(to: [groups, n, height, width, o / groups])
      .permuted([1, 0, 4, 2, 3])
      .reshaped(to: [n, o, height, width])
    return [y]
  }

  /// y = x ∗ w is linear in x and in w, so the convolution and its two gradients are each other's: in place of an
  /// operand or the result there is u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (a, b, u) = (step.operands[0], step.operands[1], step.upstream)
    func part(_ direction: ConvolutionShape.Direction, _ operands: [Tensor], _ shape: Shape = []) -> Tensor {
      .record(Convolution(window: window, groups: groups, direction: direction, shape: shape), operands)
    }
    return switch direction {
    case .forward: [part(.backwardData, [u, b], a.shape), part(.backwardWeights, [a, u], b.shape)]
    case .backwardData: [part(.forward, [u, b]), part(.backwardWeights, [u, a], b.shape)]
    case .backwardWeights: [part(.backwardData, [b, u], a.shape), part(.forward, [a, u])]
    }
  }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    guard direction != .backwardWeights, !step.isMapped[1] else { return mappedDefinition(of: self, step) }
    var all = self
    if direction == .backwardData { all.shape.dimensions[0] = step.count.times(shape[0]) }
    return step.folded(all, shared: [1])
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { target.hasConvolutions(of: operands) }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let isOfWeights = direction == .backwardWeights
    let a = try lowering.imageView(instruction.inputs[0])
    let b = try isOfWeights ? lowering.imageView(instruction.inputs[1]) : lowering.contiguous(instruction.inputs[1])
    let result =
      isOfWeights ? lowering.result(instruction.firstOutput) : lowering.channelsLast(instruction.firstOutput)
    let (source, weights, destination) =
      switch direction {
      case .forward: (a, b, result)
      case .backwardData: (result, b, a)
      case .backwardWeights: (a, result, b)
      }
    let shape = ConvolutionShape(
      direction: direction, source: source.layout, weights: weights.layout, destination: destination.layout,
      window: window, groups: groups)
    lowering.emit(ConvolutionKernel(shape: shape, method: lowering.target.method(for: shape)), [a, b], [result])
  }
}
