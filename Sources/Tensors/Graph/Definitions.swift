extension Op {
  /// What a library-sized operation means, in primitive operations; `nil` for the primitive ones.
  ///
  /// The definition is the oracle that kernels are tested against, what runs where no kernel serves, and what is
  /// differentiated where the operation has no rule of its own.
  func definition(_ inputs: [Tensor]) -> [Tensor]? {
    switch self {
    case .data, .variable, .fill, .iota, .random, .failed, .unary, .binary, .select, .cast, .stopGradient, .reshape,
      .permute, .broadcast, .slice, .pad, .concatenate, .reduce, .argmax, .matmul, .windows, .fold:
      return nil

    case .convolution(let window, let groups):
      let (x, w) = (inputs[0], inputs[1])
      let columns = ConvolutionColumns(x.shape, w.shape, window, groups)
      let product = columns.unfold(x).matmul(columns.matrix(w).transposed)  // [g, n·oh·ow, o / g]
      return [columns.image(product)]
    case .convolutionInputGradient(let window, let groups, let shape):
      let (u, w) = (inputs[0], inputs[1])
      let columns = ConvolutionColumns(shape, w.shape, window, groups)
      return [columns.fold(columns.rows(u).matmul(columns.matrix(w)))]
    case .convolutionWeightGradient(let window, let groups, let shape):
      let (x, u) = (inputs[0], inputs[1])
      let columns = ConvolutionColumns(x.shape, shape, window, groups)
      return [columns.rows(u).transposed.matmul(columns.unfold(x)).reshaped(to: shape)]

    case .maxPool(let window):
      let windows = Tensor.record(.windows(window, outside: Constant(-.infinity)), [inputs[0]])
      let flat = windows.flattened(from: 4)
      return [select(firstGreatest(flat), flat, Tensor.fill(0)).sum(axes: [4])]
    case .maxPoolGradient(let window):
      let (x, u) = (inputs[0], inputs[1])
      let windows = Tensor.record(.windows(window, outside: Constant(-.infinity)), [x])
      let mask = firstGreatest(windows.flattened(from: 4)).reshaped(to: windows.shape)
      let shares = select(mask, u.reshaped(to: Shape(u.shape + [1, 1])), Tensor.fill(0))
      return [.record(.fold(window, height: x.shape[2], width: x.shape[3]), [shares])]
    case .averagePool(let window):
      return [Tensor.record(.windows(window, outside: Constant(0)), [inputs[0]]).mean(axes: [4, 5])]
    case .averagePoolGradient(let window, let shape):
      let (u, kernel) = (inputs[0], window.kernel)
      let share = u * Tensor.fill(1 / Double(kernel.height * kernel.width))
      let spread = share.reshaped(to: Shape(u.shape + [1, 1]))
        .broadcast(to: Shape(u.shape + [kernel.height, kernel.width]))
      return [.record(.fold(window, height: shape[2], width: shape[3]), [spread])]

    case .batchNorm(let epsilon):
      let (x, channels) = (inputs[0], BatchNormAxes(inputs[0].shape))
      let mean = x.mean(axes: channels.others)
      let centered = x - channels.spread(mean)
      let variance = centered.square().mean(axes: channels.others)
      let inverse = (variance + Tensor.fill(epsilon)).rsqrt()
      return [centered * channels.spread(inverse * inputs[1]) + channels.spread(inputs[2]), mean, variance]
    case .batchNormGradient(let epsilon):
      let (x, mean, variance, scale, u) = (inputs[0], inputs[1], inputs[2], inputs[3], inputs[4])
      let channels = BatchNormAxes(x.shape)
      let inverse = (variance + Tensor.fill(epsilon)).rsqrt()
      let normalized = (x - channels.spread(mean)) * channels.spread(inverse)
      let shiftGradient = u.sum(axes: channels.others)
      let scaleGradient = (u * normalized).sum(axes: channels.others)
      let share = Tensor.fill(1 / Double(channels.count))
      let rest = channels.spread(shiftGradient * share) + normalized * channels.spread(scaleGradient * share)
      return [(u - rest) * channels.spread(scale * inverse), scaleGradient, shiftGradient]

    case .softmax:
      let powers = shifted(inputs[0]).exp()
      return [powers / powers.sum(axes: [-1], keepingAxes: true)]
    case .logSoftmax:
      let x = shifted(inputs[0])
      return [x - x.exp().sum(axes: [-1], keepingAxes: true).log()]
    case .crossEntropy:
      let (logits, labels) = (inputs[0], inputs[1])
      let picked = select(oneHot(labels, logits.shape), logits.logSoftmax(), Tensor.fill(0)).sum(axes: [1])
      return [select(isClass(labels, logits.shape[1]), -picked, Tensor.fill(.nan))]
    case .crossEntropyGradient:
      let (logits, labels, u) = (inputs[0], inputs[1], inputs[2])
      let rows = Shape([logits.shape[0], 1])
      let slope = (logits.softmax() - oneHot(labels, logits.shape)) * u.reshaped(to: rows)
      return [select(isClass(labels, logits.shape[1]).reshaped(to: rows), slope, Tensor.fill(.nan))]
    }
  }
}

/// 1 at the first greatest element along the last axis.
private func firstGreatest(_ x: Tensor) -> Tensor {
  let positions = Tensor.record(.iota(Shape([x.shape[-1]]), axis: 0), [])
  return positions.equal(to: x.argmax(axis: -1).reshaped(to: Shape(x.shape.dropLast() + [1])))
}

/// x less its greatest along the last axis, so that powers do not overflow. A constant shift changes no gradient.
private func shifted(_ x: Tensor) -> Tensor {
  x.shape.elementCount == 0 ? x : x - x.max(axes: [-1], keepingAxes: true).stoppingGradient()
}

private func oneHot(_ labels: Tensor, _ shape: Shape) -> Tensor {
  labels.reshaped(to: [shape[0], 1]).equal(to: .record(.iota(Shape([shape[1]]), axis: 0), []))
}

private func isClass(_ labels: Tensor, _ classes: Int) -> Tensor {
  Tensor.fill(-1, [], .int32).less(than: labels) * labels.less(than: .fill(Double(classes), [], .int32))
}

/// Batch normalization's axes: everything but axis 1.
private struct BatchNormAxes {
  let shape: Shape
  init(_ shape: Shape) { self.shape = shape }

  var others: [Int] { shape.indices.filter { $0 != 1 } }
  /// How many values share a channel.
  var count: Int { others.reduce(1) { $0 * shape[$1] } }
  /// [channels] → [1, channels, 1, …]
  func spread(_ x: Tensor) -> Tensor { x.reshaped(to: Shape(shape.indices.map { $0 == 1 ? shape[1] : 1 })) }
}

/// A convolution as a matrix product: each window of the images is a row.
private struct ConvolutionColumns {
  let images: Shape, weights: Shape, window: Window, groups: Int
  let out: (height: Int, width: Int)

  init(_ images: Shape, _ weights: Shape, _ window: Window, _ groups: Int) {
    (self.images, self.weights, self.window, self.groups) = (images, weights, window, groups)
    out = window.positions(height: images[2], width: images[3])
  }

  private var size: Int { weights[1] * weights[2] * weights[3] }  // of a window in one group
  private var rowCount: Int { images[0] * out.height * out.width }

  /// [n, c, h, w] → [g, n·oh·ow, c/g·kh·kw]
  func unfold(_ x: Tensor) -> Tensor {
    Tensor.record(.windows(window, outside: Constant(0)), [x])
      .reshaped(to: [images[0], groups, weights[1], out.height, out.width, weights[2], weights[3]])
      .permuted([1, 0, 3, 4, 2, 5, 6]).reshaped(to: [groups, rowCount, size])
  }

  /// The transpose of `unfold`.
  func fold(_ columns: Tensor) -> Tensor {
    let windows = columns.reshaped(to: [groups, images[0], out.height, out.width, weights[1], weights[2], weights[3]])
      .permuted([1, 0, 4, 2, 3, 5, 6])
      .reshaped(to: [images[0], images[1], out.height, out.width, weights[2], weights[3]])
    return .record(.fold(window, height: images[2], width: images[3]), [windows])
  }

  /// [o, c/g, kh, kw] → [g, o/g, c/g·kh·kw]
  func matrix(_ w: Tensor) -> Tensor { w.reshaped(to: [groups, weights[0] / groups, size]) }

  /// [n, o, oh, ow] → [g, n·oh·ow, o/g]
  func rows(_ y: Tensor) -> Tensor {
    y.reshaped(to: [images[0], groups, weights[0] / groups, out.height, out.width])
      .permuted([1, 0, 3, 4, 2]).reshaped(to: [groups, rowCount, weights[0] / groups])
  }

  /// The transpose of `rows`.
  func image(_ rows: Tensor) -> Tensor {
    rows.reshaped(to: [groups, images[0], out.height, out.width, weights[0] / groups])
      .permuted([1, 0, 4, 2, 3]).reshaped(to: [images[0], weights[0], out.height, out.width])
  }
}
