extension Op {
  /// What a library-sized operation means in primitive ones; `nil` for the primitives themselves.
  ///
  /// The definition is the kernel's reference in tests, replaces it where there is none, and is differentiated where
  /// the operation has no gradient rule. Definitions may use library-sized operations whose own definition is
  /// primitive. The inputs have the types that shape inference accepted.
  func definition(_ inputs: [Tensor]) -> [Tensor]? {
    switch self {
    case .data, .variable, .fill, .iota, .random, .failed, .unary, .binary, .select, .cast, .stopGradient, .reshape,
      .permute, .broadcast, .slice, .pad, .concatenate, .reduce, .argmax, .gather, .scatterAdd, .replaceSlice, .matmul,
      .unfold,
      .fold:
      return nil

    case .convolution(let window, let groups):
      return [convolutionDefinition(inputs[0], inputs[1], window, groups: groups)]
    case .convolutionInputGradient(let window, let groups, let shape):
      return [convolutionInputGradientDefinition(inputs[0], inputs[1], window, groups: groups, shape)]
    case .convolutionWeightGradient(let window, let groups, let shape):
      return [convolutionWeightGradientDefinition(inputs[0], inputs[1], window, groups: groups, shape)]

    case .maxPool(let window):
      let (windows, mask) = firstGreatest(inputs[0], window)
      return [Tensor.where(mask, windows, Tensor.fill(0)).sum(axes: [4])]
    case .maxPoolGradient(let window):
      let (images, upstream) = (inputs[0], inputs[1])
      let (windows, mask) = firstGreatest(images, window)
      let taken = Tensor.where(mask, upstream.reshaped(to: Shape(upstream.shape + [1])), Tensor.fill(0))
      let kernel = [window.kernel.height, window.kernel.width]
      return [folded(taken.reshaped(to: Shape(windows.shape.dropLast() + kernel)), window, images.shape)]
    case .averagePool(let window):
      return [Tensor.record(.unfold(window, outside: Constant(0)), [inputs[0]]).mean(axes: [4, 5])]
    case .averagePoolGradient(let window, let shape):
      let kernel = [window.kernel.height, window.kernel.width]
      let share = inputs[0] / Tensor.fill(Double(kernel[0] * kernel[1]))
      let everywhere = share.reshaped(to: Shape(share.shape + [1, 1])).broadcast(to: Shape(share.shape + kernel))
      return [folded(everywhere, window, shape)]

    case .batchNorm(let epsilon):
      return batchNormDefinition(inputs[0], scale: inputs[1], shift: inputs[2], epsilon)
    case .batchNormGradient(let epsilon):
      return batchNormGradientDefinition(
        inputs[0], mean: inputs[1], variance: inputs[2], scale: inputs[3], upstream: inputs[4], epsilon)

    case .softmax:
      guard inputs[0].shape[-1] > 0 else { return [inputs[0]] }
      let powers = belowGreatest(inputs[0]).exp()
      return [powers / powers.sum(axes: [-1], keepingAxes: true)]
    case .logSoftmax:
      guard inputs[0].shape[-1] > 0 else { return [inputs[0]] }
      let shifted = belowGreatest(inputs[0])
      return [shifted - shifted.exp().sum(axes: [-1], keepingAxes: true).log()]
    case .crossEntropy:
      let (logits, labels) = (inputs[0], inputs[1])
      let hot = oneHot(labels, classes: logits.shape[1])
      let losses = -Tensor.where(hot, logits.logSoftmax(), Tensor.fill(0)).sum(axes: [1])
      return [Tensor.where(hot.sum(axes: [1]), losses, Tensor.fill(.nan))]  // no class is hot: the label is invalid
    case .crossEntropyGradient:
      let (logits, labels, upstream) = (inputs[0], inputs[1], inputs[2])
      let hot = oneHot(labels, classes: logits.shape[1])
      let column = upstream.reshaped(to: [labels.shape[0], 1])
      let isMasked = column.equal(to: Tensor.fill(0))
      // Logits of a masked row may be anything.
      let isFinite = (logits - logits).sum(axes: [1], keepingAxes: true).equal(to: Tensor.fill(0))
      let shielded = Tensor.where(isMasked * (1 - isFinite), Tensor.fill(0), logits)
      let otherwise = Tensor.where(isMasked, Tensor.fill(0), Tensor.fill(.nan))
      let gradient = (shielded.softmax() - hot) * column
      return [Tensor.where(hot.sum(axes: [1], keepingAxes: true), gradient, otherwise)]

    case .layerNorm(let epsilon):
      return layerNormDefinition(inputs[0], scale: inputs[1], shift: inputs[2], epsilon)
    case .layerNormGradient:
      return layerNormGradientDefinition(
        inputs[0], mean: inputs[1], inverse: inputs[2], scale: inputs[3], upstream: inputs[4])
    case .recurrence(let cell, let reversed):
      return recurrenceDefinition(cell, reversed: reversed, RecurrenceInputs(inputs))
    case .recurrenceGradient(let cell, let reversed):
      return recurrenceGradientDefinition(cell, reversed: reversed, RecurrenceGradientInputs(cell, inputs))
    case .attention(let causal, let scale):
      return AttentionDefinition(inputs[...], causal: causal, scale: scale).forward()
    case .attentionGradient(let causal, let scale):
      return AttentionDefinition(inputs[...], causal: causal, scale: scale)
        .backward(y: inputs[4], logsumexp: inputs[5], upstream: inputs[6])
    }
  }
}

// MARK: Convolutions, as one matrix product a group

/// The receptive field of each output position: [groups, positions of all images, channels of a group · kernel].
private func columns(_ images: Tensor, _ window: Window, groups: Int) -> Tensor {
  let windows = Tensor.record(.unfold(window, outside: Constant(0)), [images])
  let (n, c, height, width) = (windows.shape[0], windows.shape[1], windows.shape[2], windows.shape[3])
  let kernel = window.kernel.height * window.kernel.width
  return windows.reshaped(to: [n, groups, c / groups, height, width, kernel])
    .permuted([1, 0, 3, 4, 2, 5])
    .reshaped(to: [groups, n * height * width, c / groups * kernel])
}

/// Weights [o, c / groups, kh, kw] as [groups, o / groups, channels of a group · kernel].
private func rows(_ weights: Tensor, groups: Int) -> Tensor {
  let shape = weights.shape
  return weights.reshaped(to: [groups, shape[0] / groups, shape[1] * shape[2] * shape[3]])
}

private func convolutionDefinition(_ images: Tensor, _ weights: Tensor, _ window: Window, groups: Int) -> Tensor {
  let out = window.positions(height: images.shape[2], width: images.shape[3])
  let (n, o) = (images.shape[0], weights.shape[0])
  return columns(images, window, groups: groups)
    .matmul(rows(weights, groups: groups).transposed)
    .reshaped(to: [groups, n, out.height, out.width, o / groups])
    .permuted([1, 0, 4, 2, 3])
    .reshaped(to: [n, o, out.height, out.width])
}

private func convolutionInputGradientDefinition(
  _ upstream: Tensor, _ weights: Tensor, _ window: Window, groups: Int, _ shape: Shape
) -> Tensor {
  let (n, o, height, width) = (upstream.shape[0], upstream.shape[1], upstream.shape[2], upstream.shape[3])
  let (kernel, c) = (window.kernel, weights.shape[1] * groups)
  let windows = upstream.reshaped(to: [n, groups, o / groups, height, width])
    .permuted([1, 0, 3, 4, 2])
    .reshaped(to: [groups, n * height * width, o / groups])
    .matmul(rows(weights, groups: groups))
    .reshaped(to: [groups, n, height, width, c / groups, kernel.height, kernel.width])
    .permuted([1, 0, 4, 2, 3, 5, 6])
    .reshaped(to: [n, c, height, width, kernel.height, kernel.width])
  return folded(windows, window, shape)
}

private func convolutionWeightGradientDefinition(
  _ images: Tensor, _ upstream: Tensor, _ window: Window, groups: Int, _ shape: Shape
) -> Tensor {
  let (n, o, height, width) = (upstream.shape[0], upstream.shape[1], upstream.shape[2], upstream.shape[3])
  return upstream.reshaped(to: [n, groups, o / groups, height, width])
    .permuted([1, 2, 0, 3, 4])
    .reshaped(to: [groups, o / groups, n * height * width])
    .matmul(columns(images, window, groups: groups))
    .reshaped(to: shape)
}

private func folded(_ windows: Tensor, _ window: Window, _ images: Shape) -> Tensor {
  .record(.fold(window, height: images[2], width: images[3]), [windows])
}

// MARK: Pooling

/// Windows [n, c, oh, ow, kh · kw], and 1 at the first greatest element of each, 0 elsewhere.
private func firstGreatest(_ images: Tensor, _ window: Window) -> (windows: Tensor, mask: Tensor) {
  let apart = Tensor.record(.unfold(window, outside: Constant(-.infinity)), [images])
  let kernel = window.kernel.height * window.kernel.width
  let windows = apart.reshaped(to: Shape(apart.shape.dropLast(2) + [kernel]))
  let first = candidates(windows, window, images.shape).argmax(axis: 4)
  let mask = first.reshaped(to: Shape(first.shape + [1])).equal(to: .record(.iota([kernel], axis: 0), []))
  return (windows, mask)
}

/// Values [n, c, oh, ow, kh · kw] whose first greatest element in each window is in the image: padding is minus
/// infinity, which a pixel may be too.
private func candidates(_ windows: Tensor, _ window: Window, _ images: Shape) -> Tensor {
  if window.paddingBegin == 0 { return windows }
  let isInside = Tensor.record(.unfold(window, outside: Constant(0)), [.ones(images)]).reshaped(to: windows.shape)
  let isGreatest = windows.equal(to: windows.max(axes: [4], keepingAxes: true))
  let isNaN = 1 - windows.equal(to: windows)
  return isInside * (isGreatest + isNaN)
}

// MARK: Batch normalization

/// The axes that statistics are taken over: all but the channels'.
private func statisticsAxes(_ shape: Shape) -> [Int] { shape.indices.filter { $0 != 1 } }

/// A value for each channel, so that it broadcasts with `shape`.
private func alongChannels(_ tensor: Tensor, _ shape: Shape) -> Tensor {
  tensor.reshaped(to: Shape(shape.indices.map { $0 == 1 ? shape[1] : 1 }))
}

private func batchNormDefinition(_ x: Tensor, scale: Tensor, shift: Tensor, _ epsilon: Double) -> [Tensor] {
  let axes = statisticsAxes(x.shape)
  let mean = x.mean(axes: axes, keepingAxes: true)
  let centered = x - mean
  let variance = centered.square().mean(axes: axes, keepingAxes: true)
  let normalized = centered * (variance + Tensor.fill(epsilon)).rsqrt()
  let y = normalized * alongChannels(scale, x.shape) + alongChannels(shift, x.shape)
  return [y, mean.reshaped(to: scale.shape), variance.reshaped(to: scale.shape)]
}

/// Source: Ioffe & Szegedy, "Batch Normalization", ICML 2015, section 3 (the chain rule), simplified:
/// dx = scale / √(variance + ε) · (u − mean(u) − x̂ · mean(u x̂)).
private func batchNormGradientDefinition(
  _ x: Tensor, mean: Tensor, variance: Tensor, scale: Tensor, upstream: Tensor, _ epsilon: Double
) -> [Tensor] {
  let axes = statisticsAxes(x.shape)
  let inverse = alongChannels((variance + Tensor.fill(epsilon)).rsqrt(), x.shape)
  let normalized = (x - alongChannels(mean, x.shape)) * inverse
  let product = upstream * normalized
  let centered = upstream - upstream.mean(axes: axes, keepingAxes: true)
  let scaled = centered - normalized * product.mean(axes: axes, keepingAxes: true)
  return [
    scaled * inverse * alongChannels(scale, x.shape), product.sum(axes: axes), upstream.sum(axes: axes),
  ]
}

// MARK: Layer normalization

private func layerNormDefinition(_ x: Tensor, scale: Tensor, shift: Tensor, _ epsilon: Double) -> [Tensor] {
  let mean = x.mean(axes: [-1], keepingAxes: true)
  let centered = x - mean
  let inverse = (centered.square().mean(axes: [-1], keepingAxes: true) + Tensor.fill(epsilon)).rsqrt()
  let rows = Shape(x.shape.dropLast())
  return [centered * inverse * scale + shift, mean.reshaped(to: rows), inverse.reshaped(to: rows)]
}

/// Source: Ba, Kiros & Hinton, "Layer Normalization", 2016, by the chain rule: with v = upstream · scale,
/// dx = inverse · (v − mean(v) − x̂ · mean(v x̂)).
private func layerNormGradientDefinition(
  _ x: Tensor, mean: Tensor, inverse: Tensor, scale: Tensor, upstream: Tensor
) -> [Tensor] {
  let column = Shape(mean.shape.dimensions + [1])
  let rows = Array(mean.shape.indices)
  let inverse = inverse.reshaped(to: column)
  let normalized = (x - mean.reshaped(to: column)) * inverse
  let scaled = upstream * scale
  let centered = scaled - scaled.mean(axes: [-1], keepingAxes: true)
  let dx = inverse * (centered - normalized * (scaled * normalized).mean(axes: [-1], keepingAxes: true))
  return [dx, (upstream * normalized).sum(axes: rows), upstream.sum(axes: rows)]
}

// MARK: Classification

/// Minus the greatest of each row, so that powers do not overflow; a constant, as softmax does not depend on it.
private func belowGreatest(_ x: Tensor) -> Tensor {
  x - x.max(axes: [-1], keepingAxes: true).stoppingGradient()
}

/// [rows, classes]: 1 at each label, 0 elsewhere; all 0 where the label is not a class.
private func oneHot(_ labels: Tensor, classes: Int) -> Tensor {
  labels.reshaped(to: [labels.shape[0], 1]).equal(to: .record(.iota([classes], axis: 0), []))
}
