import CKernels

/// (x − mean) / √(variance + ε) · scale + shift, with the statistics of each example over the channels of a group and
/// all their positions.
///
/// operands: x [n, c, ...], scale [c], shift [c] → y, mean [n, groups], 1 / √(variance + ε) [n, groups]
struct GroupNorm: CompositeOperation {
  let groups: Int
  let epsilon: Double
  var resultCount: Int { 3 }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    try check(epsilon: epsilon)
    let shape = operands[0].shape
    guard shape.rank >= 2, operands[0].dtype.isDifferentiable, shape.dropFirst().allSatisfy({ $0 > 0 }) else {
      throw TensorError(
        "groupNorm: needs float32 or float64 [batch, channels, ...], none but the batch empty, not \(operands[0])")
    }
    guard groups > 0, shape[1] % groups == 0 else {
      throw TensorError("groupNorm: the \(shape[1]) channels of \(shape) do not divide into \(groups) groups")
    }
    let channels = TensorType([shape[1]], operands[0].dtype)
    guard operands[1] == channels, operands[2] == channels else {
      throw TensorError(
        "groupNorm: \(shape) has \(shape[1]) channels, scale and shift are \(operands[1].described(beside: channels)) and \(operands[2].described(beside: channels))"
      )
    }
    let statistics = TensorType([shape[0], groups], operands[0].dtype)
    return [operands[0], statistics, statistics]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let x = operands[0]
    let (scale, shift) = (operands[1].ofChannels(x.shape), operands[2].ofChannels(x.shape))
    let grouped = x.grouped(groups)
    let mean = grouped.mean(axes: [-1], keepingAxes: true)
    let centered = grouped - mean
    let inverse = (centered.square().mean(axes: [-1], keepingAxes: true) + Tensor.fill(epsilon)).rsqrt()
    let statistics: Shape = [x.shape[0], groups]
    let y = (centered * inverse).reshaped(to: x.shape) * scale + shift
    return [y, mean.reshaped(to: statistics), inverse.reshaped(to: statistics)]
  }

  /// `GroupNormGradient`, where the loss depends on y alone; otherwise those of the definition.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    guard step.isOfFirstResult else { return try definitionGradients(step) }
    let (x, scale, results) = (step.operands[0], step.operands[1], step.results)
    return Tensor.recordAll(GroupNormGradient(), [x, results[1], results[2], scale, step.upstream])
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { true }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let sizes = GroupNormSizes(lowering.ir.types[instruction.firstOutput].shape, groups: groups)
    let kernel = GroupNormKernel(sizes: sizes, epsilon: epsilon)
    lowering.emit(kernel, try lowering.contiguous(instruction.inputs), instruction)
  }
}

/// The gradients of group normalization.
///
/// operands: x, mean, inverse deviation, scale, upstream → gradients of x, scale, shift
struct GroupNormGradient: CompositeOperation {
  var resultCount: Int { 3 }

  func types(of operands: [TensorType]) -> [TensorType] { [operands[0], operands[3], operands[3]] }

  /// Source: Wu & He, "Group Normalization", 2018, by the chain rule: with v = upstream · scale,
  /// dx = inverse · (v − mean(v) − x̂ · mean(v x̂)), means over each group.
  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (x, mean, scale, upstream) = (operands[0], operands[1], operands[3], operands[4])
    let groups = mean.shape[1]
    let column: Shape = [x.shape[0], groups, 1]
    let inverse = operands[2].reshaped(to: column)
    let normalized = (x.grouped(groups) - mean.reshaped(to: column)) * inverse
    let scaled = (upstream * scale.ofChannels(x.shape)).grouped(groups)
    let centered = scaled - scaled.mean(axes: [-1], keepingAxes: true)
    let dx = inverse * (centered - normalized * (scaled * normalized).mean(axes: [-1], keepingAxes: true))
    let others = x.shape.indices.filter { $0 != 1 }
    return [
      dx.reshaped(to: x.shape), (upstream * normalized.reshaped(to: x.shape)).sum(axes: others),
      upstream.sum(axes: others),
    ]
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { true }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let groups = lowering.ir.types[instruction.inputs[1]].shape[1]
    let sizes = GroupNormSizes(lowering.ir.types[instruction.firstOutput].shape, groups: groups)
    lowering.emit(GroupNormGradientKernel(sizes: sizes), try lowering.contiguous(instruction.inputs), instruction)
  }
}

extension Tensor {
  /// [n, c, ...] as [n, groups, elements of a group].
  fileprivate func grouped(_ groups: Int) -> Tensor {
    reshaped(to: [shape[0], groups, shape.dropFirst().reduce(1, *) / groups])
  }

  /// [c] as a shape that broadcasts to [n, c, ...].
  fileprivate func ofChannels(_ shape: Shape) -> Tensor {
    reshaped(to: Shape(self.shape.dimensions + shape.dropFirst(2).map { _ in 1 }))
  }
}

/// Images [outer, channels, inner] whose channels are in groups.
private struct GroupNormSizes {
  let outer: Int, channels: Int, groups: Int, inner: Int

  init(_ shape: Shape, groups: Int) {
    (outer, channels, self.groups) = (shape[0], shape[1], groups)
    inner = shape.dropFirst(2).reduce(1, *)
  }

  var elementCount: Int { outer * channels * inner }
  var text: String { "\([outer, channels, inner]) in \(groups) groups" }
}

private struct GroupNormKernel: PlainKernel {
  let sizes: GroupNormSizes
  let epsilon: Double

  var title: String { "group normalization \(sizes.text)" }
  var cost: Cost {
    Cost(
      flops: 8 * sizes.elementCount, elements: 2 * (sizes.elementCount + sizes.outer * sizes.groups + sizes.channels))
  }

  func run(_ operands: KernelOperands) {
    backprop_group_norm(
      Int64(sizes.outer), Int64(sizes.channels), Int64(sizes.groups), Int64(sizes.inner), Float(epsilon), operands[0],
      operands[1], operands[2], operands[3], operands[4], operands[5])
  }
}

private struct GroupNormGradientKernel: PlainKernel {
  let sizes: GroupNormSizes

  var title: String { "group normalization gradient \(sizes.text)" }
  var cost: Cost {
    Cost(
      flops: 14 * sizes.elementCount,
      elements: 3 * sizes.elementCount + 2 * sizes.outer * sizes.groups + 3 * sizes.channels)
  }

  func run(_ operands: KernelOperands) {
    backprop_group_norm_gradient(
      Int64(sizes.outer), Int64(sizes.channels), Int64(sizes.groups), Int64(sizes.inner), operands[0], operands[1],
      operands[2], operands[3], operands[4], operands[5], operands[6], operands[7])
  }
}

extension Tensor {
  /// (x − mean) / √(variance + ε) · scale + shift, with the statistics of each example over the channels of a group and
  /// all their positions: [n, c, ...], scale and shift [c] → the same shape. The groups must divide the channels.
  ///
  /// Source: Wu & He, "Group Normalization", ECCV 2018.
  public func groupNormalized(
    groups: Int, scale: Tensor, shift: Tensor, epsilon: Double = 1e-5, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.recordAll(GroupNorm(groups: groups, epsilon: epsilon), [self, scale, shift], CallSite(file, line))[0]
  }
}
