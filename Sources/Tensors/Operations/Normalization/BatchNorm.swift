import CKernels

/// (x − mean) / √(variance + ε) · scale + shift over all axes but the channels'.
///
/// operands: x [n, c, …], scale [c], shift [c] → y, mean [c], variance [c]
struct BatchNorm: KernelOperation {
  let epsilon: Double
  var resultCount: Int { 3 }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let shape = operands[0].shape
    guard shape.rank >= 2, operands[0].dtype.isDifferentiable else {
      throw TensorError("batchNorm: needs float32 or float64 [batch, channels, …], not \(operands[0])")
    }
    try check(epsilon: epsilon, operands, along: 1)
    guard shape[0] * shape.dropFirst(2).reduce(1, *) > 0 else {
      throw TensorError("batchNorm: \(shape) has no values to take a mean of")
    }
    return operands
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let x = operands[0]
    let axes = x.shape.indices.filter { $0 != 1 }
    func alongChannels(_ tensor: Tensor) -> Tensor {
      tensor.reshaped(to: Shape(x.shape.indices.map { $0 == 1 ? x.shape[1] : 1 }))
    }
    let mean = x.mean(axes: axes, keepingAxes: true)
    let centered = x - mean
    let variance = centered.square().mean(axes: axes, keepingAxes: true)
    let normalized = centered * (variance + Tensor.fill(epsilon)).rsqrt()
    let y = normalized * alongChannels(operands[1]) + alongChannels(operands[2])
    return [y] + [mean, variance].map { $0.reshaped(to: operands[1].shape) }
  }

  /// `BatchNormGradient`, where the loss depends on y alone; otherwise those of the definition.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    guard step.isOfFirstResult else { return try definitionGradients(step) }
    let (x, scale, results) = (step.operands[0], step.operands[1], step.results)
    return Tensor.recordAll(BatchNormGradient(epsilon: epsilon), [x, results[1], results[2], scale, step.upstream])
  }

  /// Only the statistics: the rest of it became elementwise arithmetic (`rewritten`).
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let x = try lowering.imageView(instruction.inputs[0])
    let (outer, channels, inner) = x.channelSizes
    let results = [lowering.result(instruction.firstOutput + 1), lowering.result(instruction.firstOutput + 2)]
    lowering.emit(BatchNormKernel(outer: outer, channels: channels, inner: inner), [x], results)
  }
}

/// The gradients of batch normalization.
///
/// operands: x, mean, variance, scale, upstream → gradients of x, scale, shift. With scale / √(variance + ε) and shift,
/// which only the compiler adds, the upstream is that of ReLU after the normalization.
struct BatchNormGradient: KernelOperation {
  let epsilon: Double
  var resultCount: Int { 3 }

  func types(of operands: [TensorType]) -> [TensorType] { [operands[0], operands[1], operands[1]] }

  /// That of the forward pass: dx = scale / √(variance + ε) · (u − mean(u) − x̂ · mean(u x̂)). Source: Ioffe & Szegedy,
  /// "Batch Normalization", ICML 2015, section 3, simplified.
  func definition(_ operands: [Tensor]) -> [Tensor] {
    BatchNorm(epsilon: epsilon).gradientDefinition(of: [operands[0], operands[3], operands[3]], [operands[4]])
  }

  /// Only the sums, likewise.
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let inputs = instruction.inputs
    var (x, u) = (try lowering.imageView(inputs[0]), try lowering.imageView(inputs[4]))
    if x.isRowMajor != u.isRowMajor { (x, u) = (lowering.rowMajor(x), lowering.rowMajor(u)) }
    let statistics = try lowering.contiguous(Array(inputs[1...2]))
    let relu = inputs.count > 5 ? try lowering.contiguous(Array(inputs[5...6])) : [nil, nil]
    let (outer, channels, inner) = x.channelSizes
    let results = [lowering.result(instruction.firstOutput + 1), lowering.result(instruction.firstOutput + 2)]
    let kernel = BatchNormKernel(outer: outer, channels: channels, inner: inner, epsilon: epsilon)
    lowering.emit(kernel, [x] + statistics + [u] + relu, results)
  }
}

extension View {
  /// Dense images as [outer, channels, inner].
  fileprivate var channelSizes: (outer: Int, channels: Int, inner: Int) {
    let pixels = shape[2] * shape[3]
    return isRowMajor ? (shape[0], shape[1], pixels) : (shape[0] * pixels, shape[1], 1)
  }
}

/// Mean and biased variance of each channel, or, with epsilon, the gradients of scale and shift.
private struct BatchNormKernel: PlainKernel {
  let outer: Int, channels: Int, inner: Int
  var epsilon: Double?

  var title: String {
    "\(epsilon == nil ? "mean and variance" : "batch normalization sums") \([outer, channels, inner])"
  }
  var cost: Cost {
    let readings = epsilon == nil ? 1 : 2
    return Cost(flops: 4 * outer * channels * inner, elements: readings * (outer * inner + 2) * channels)
  }

  func run(_ o: KernelOperands) {
    let (outer, channels, inner) = (Int64(outer), Int64(channels), Int64(inner))
    if let epsilon {
      backprop_batch_norm_sums(
        outer, channels, inner, Float(epsilon), o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7])
    } else {
      backprop_moments(outer, channels, inner, o[0], o[1], o[2])
    }
  }
}

extension Tensor {
  /// (x − mean) / √(variance + ε) · scale + shift over the batch and all positions of each channel (axis 1).
  ///
  /// Returns the batch's means and biased variances too, [channels] each.
  /// Source: Ioffe & Szegedy, "Batch Normalization", ICML 2015, algorithm 1.
  public func batchNormalized(
    scale: Tensor, shift: Tensor, epsilon: Double = 1e-5, file: StaticString = #fileID, line: UInt = #line
  ) -> (output: Tensor, mean: Tensor, variance: Tensor) {
    let all = Tensor.recordAll(BatchNorm(epsilon: epsilon), [self, scale, shift], CallSite(file, line))
    return (all[0], all[1], all[2])
  }
}
