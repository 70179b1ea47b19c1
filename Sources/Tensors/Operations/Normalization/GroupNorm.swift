import CKernels

/// (x − mean) / √(variance + ε) · scale + shift, with the statistics of each example over the channels of a group and
/// all their positions, or, without groups, of each row (layer normalization).
///
/// operands: x [n, c, ...] or rows [..., c], scale [c], shift [c] → y, mean [n, groups] or [...], 1 / √(variance + ε)
/// likewise
struct GroupNorm: KernelOperation {
  /// `nil`: the elements of a row are the channels of one group.
  var groups: Int?
  let epsilon: Double
  var name: String { groups == nil ? "layerNorm" : "groupNorm" }
  var resultCount: Int { 3 }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (shape, dtype) = (operands[0].shape, operands[0].dtype)
    let isFull = groups == nil ? shape[-1] > 0 : shape.rank >= 2 && shape.dropFirst().allSatisfy { $0 > 0 }
    guard isFull, dtype.isDifferentiable else {
      let needs =
        groups == nil
        ? "a float32 or float64 tensor with a last axis of at least 1"
        : "float32 or float64 [batch, channels, ...], none but the batch empty"
      throw TensorError("\(name): needs \(needs), not \(operands[0])")
    }
    if let groups, groups <= 0 || shape[1] % groups != 0 {
      throw TensorError("groupNorm: the \(shape[1]) channels of \(shape) do not divide into \(groups) groups")
    }
    try check(epsilon: epsilon, operands, along: groups == nil ? -1 : 1)
    let statistics = TensorType(groups.map { [shape[0], $0] } ?? Shape(shape.dropLast()), dtype)
    return [operands[0], statistics, statistics]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let x = operands[0]
    let sizes = GroupNormSizes(x.shape, groups: groups)
    let grouped = x.reshaped(to: sizes.grouped)
    let mean = grouped.mean(axes: [-1], keepingAxes: true)
    let centered = grouped - mean
    let inverse = (centered.square().mean(axes: [-1], keepingAxes: true) + Tensor.fill(epsilon)).rsqrt()
    let normalized = (centered * inverse).reshaped(to: sizes.whole)
    let y = normalized * operands[1].unsqueezed(axis: 1) + operands[2].unsqueezed(axis: 1)
    let statistics = groups.map { [sizes.outer, $0] } ?? Shape(x.shape.dropLast())
    return [y.reshaped(to: x.shape), mean.reshaped(to: statistics), inverse.reshaped(to: statistics)]
  }

  /// `GroupNormGradient`, where the loss depends on y alone; otherwise those of the definition.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    guard step.isOfFirstResult else { return try definitionGradients(step) }
    let (x, scale, results) = (step.operands[0], step.operands[1], step.results)
    return Tensor.recordAll(GroupNormGradient(forward: self), [x, results[1], results[2], scale, step.upstream])
  }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    guard !step.isMapped[1], !step.isMapped[2] else { return mappedDefinition(of: self, step) }
    return groups == nil ? Tensor.recordAll(self, step.operands) : step.folded(self, shared: [1, 2])
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let sizes = GroupNormSizes(lowering.ir.types[instruction.firstOutput].shape, groups: groups)
    let kernel = GroupNormKernel(sizes: sizes, isOfRows: groups == nil, epsilon: Float(epsilon))
    lowering.emit(kernel, try lowering.contiguous(instruction.inputs), instruction)
  }
}

/// The gradients of group and of layer normalization.
///
/// operands: x, mean, inverse deviation, scale, upstream → gradients of x, scale, shift
struct GroupNormGradient: KernelOperation {
  let forward: GroupNorm
  var name: String { forward.groups == nil ? "layerNormGradient" : "groupNormGradient" }
  var resultCount: Int { 3 }

  func types(of operands: [TensorType]) -> [TensorType] { [operands[0], operands[3], operands[3]] }

  /// By the chain rule: with v = upstream · scale, dx = inverse · (v − mean(v) − x̂ · mean(v x̂)), means over each group.
  func definition(_ operands: [Tensor]) -> [Tensor] {
    let sizes = GroupNormSizes(operands[0].shape, groups: forward.groups)
    let inverse = operands[2].reshaped(to: sizes.column)
    let normalized = (operands[0].reshaped(to: sizes.grouped) - operands[1].reshaped(to: sizes.column)) * inverse
    let upstream = operands[4].reshaped(to: sizes.whole)
    let scaled = (upstream * operands[3].unsqueezed(axis: 1)).reshaped(to: sizes.grouped)
    let centered = scaled - scaled.mean(axes: [-1], keepingAxes: true)
    let dx = inverse * (centered - normalized * (scaled * normalized).mean(axes: [-1], keepingAxes: true))
    let product = upstream * normalized.reshaped(to: sizes.whole)
    return [dx.reshaped(to: operands[0].shape), product.sum(axes: [0, 2]), upstream.sum(axes: [0, 2])]
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let sizes = GroupNormSizes(lowering.ir.types[instruction.firstOutput].shape, groups: forward.groups)
    let kernel = GroupNormKernel(sizes: sizes, isOfRows: forward.groups == nil, epsilon: nil)
    lowering.emit(kernel, try lowering.contiguous(instruction.inputs), instruction)
  }
}

/// Images [outer, channels, inner] whose channels are in groups.
private struct GroupNormSizes {
  let outer: Int, channels: Int, groups: Int, inner: Int
  var whole: Shape { [outer, channels, inner] }
  var grouped: Shape { [outer, groups, channels / groups * inner] }
  var column: Shape { [outer, groups, 1] }

  init(_ shape: Shape, groups: Int?) {
    let axis = groups == nil ? shape.rank - 1 : 1
    (outer, channels, self.groups) = (shape.prefix(axis).reduce(1, *), shape[axis], groups ?? 1)
    inner = shape.dropFirst(axis + 1).reduce(1, *)
  }
}

/// Group or layer normalization, or, without epsilon, its gradients.
private struct GroupNormKernel: PlainKernel {
  let sizes: GroupNormSizes
  let isOfRows: Bool
  let epsilon: Float?

  var title: String {
    let gradient = epsilon == nil ? " gradient" : ""
    if isOfRows { return "layer normalization\(gradient) \([sizes.outer, sizes.channels])" }
    return
      "group normalization\(gradient) \([sizes.outer, sizes.channels, sizes.inner]) in \(sizes.groups) groups"
  }

  var cost: Cost {
    let (count, statistics) = (sizes.outer * sizes.channels * sizes.inner, 2 * sizes.outer * sizes.groups)
    return epsilon == nil
      ? Cost(flops: 14 * count, elements: 3 * count + statistics + 3 * sizes.channels)
      : Cost(flops: 8 * count, elements: 2 * count + statistics + 2 * sizes.channels)
  }

  func run(_ o: KernelOperands) {
    let (outer, channels) = (Int64(sizes.outer), Int64(sizes.channels))
    let (groups, inner) = (Int64(sizes.groups), Int64(sizes.inner))
    switch (isOfRows, epsilon) {
    case (true, let epsilon?): backprop_layer_norm(outer, channels, epsilon, o[0], o[1], o[2], o[3], o[4], o[5])
    case (true, nil): backprop_layer_norm_gradient(outer, channels, o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7])
    case (false, let epsilon?):
      backprop_group_norm(outer, channels, groups, inner, epsilon, o[0], o[1], o[2], o[3], o[4], o[5])
    case (false, nil):
      backprop_group_norm_gradient(
        outer, channels, groups, inner, o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7])
    }
  }
}

extension Operation {
  /// Checks what normalizations have in common: ε, and scale and shift of the channels along an axis.
  func check(epsilon: Double, _ operands: [TensorType], along axis: Int) throws(TensorError) {
    guard epsilon >= 0, epsilon.isFinite else {
      throw TensorError("\(name): epsilon must be a finite number of at least 0, not \(epsilon)")
    }
    let (shape, what) = (operands[0].shape, axis < 0 ? "features" : "channels")
    let channels = TensorType([shape[axis]], operands[0].dtype)
    guard operands[1] == channels, operands[2] == channels else {
      let found = operands[1...2].map { $0.dtype == channels.dtype ? $0.shape.description : $0.description }
      throw TensorError("\(name): \(shape) has \(shape[axis]) \(what), scale and shift are \(found[0]) and \(found[1])")
    }
  }
}

extension Tensor {
  /// (x − mean) / √(variance + ε) · scale + shift over the last axis; scale and shift are [width].
  ///
  /// Source: Ba, Kiros & Hinton, "Layer Normalization", 2016.
  public func layerNormalized(
    scale: Tensor, shift: Tensor, epsilon: Double = 1e-5, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor { Tensor.recordAll(GroupNorm(epsilon: epsilon), [self, scale, shift], CallSite(file, line))[0] }

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
