// The library-sized operations of networks.

extension Tensor {
  /// The matrix product over the last two axes; leading axes broadcast. 2·m·n·k operations.
  public func matmul(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if shape.rank > 2, other.shape.rank == 2, shape[-1] == other.shape[0] {  // one product instead of many
      let rows = Shape(shape.dropLast()).elementCount
      return Tensor.product(reshaped(to: [rows, shape[-1]]), other, CallSite(file, line))
        .reshaped(to: Shape(shape.dropLast() + [other.shape[1]]))
    }
    return .product(self, other, CallSite(file, line))
  }

  /// Cross-correlation, which networks call convolution: [n, c, h, w] ∗ [o, c / groups, kh, kw] → [n, o, oh, ow].
  public func convolved(
    with weights: Tensor, stride: Pair = 1, paddingBegin: Pair = 0, paddingEnd: Pair = 0, dilation: Pair = 1,
    groups: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let window = Window(
      kernel: Pair(weights.shape[2], weights.shape[3]), stride: stride, paddingBegin: paddingBegin,
      paddingEnd: paddingEnd, dilation: dilation)
    return .record(.convolution(window, groups: groups), [self, weights], CallSite(file, line))
  }

  /// The greatest of each window; the first of equals takes the gradient.
  public func maxPooled(
    kernel: Pair, stride: Pair, paddingBegin: Pair = 0, paddingEnd: Pair = 0, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    let window = Window(kernel: kernel, stride: stride, paddingBegin: paddingBegin, paddingEnd: paddingEnd)
    let site = CallSite(file, line)
    // ReLU and adding a value for each channel are monotonic, so they commute with the maximum, and so does the
    // gradient. Done after pooling, they and their gradients process the few elements that are left.
    guard case .unary(.relu) = node.op else { return .record(.maxPool(window), [self], site) }
    let inside = node.inputs[0]
    guard case .binary(.add) = inside.node.op, let (image, bias) = inside.channelBias else {
      return Tensor.record(.maxPool(window), [inside], site).relu()
    }
    return (Tensor.record(.maxPool(window), [image], site) + bias).relu()
  }

  /// For a sum of images and a value for each channel, the two.
  private var channelBias: (image: Tensor, bias: Tensor)? {
    let (image, bias) = (node.inputs[0], node.inputs[1])
    guard image.shape == shape, bias.shape.rank == 4, [0, 2, 3].allSatisfy({ bias.shape[$0] == 1 }) else { return nil }
    return (image, bias)
  }

  /// The mean of each window; padding counts as zeros.
  public func averagePooled(
    kernel: Pair, stride: Pair, paddingBegin: Pair = 0, paddingEnd: Pair = 0, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    let window = Window(kernel: kernel, stride: stride, paddingBegin: paddingBegin, paddingEnd: paddingEnd)
    return .record(.averagePool(window), [self], CallSite(file, line))
  }

  /// (x − mean) / √(variance + ε) · scale + shift over the batch and all positions of each channel (axis 1).
  ///
  /// Returns the batch's means and biased variances too, [channels] each.
  /// Source: Ioffe & Szegedy, "Batch Normalization", ICML 2015, algorithm 1.
  public func batchNormalized(
    scale: Tensor, shift: Tensor, epsilon: Double = 1e-5, file: StaticString = #fileID, line: UInt = #line
  ) -> (output: Tensor, mean: Tensor, variance: Tensor) {
    let all = Tensor.recordAll(.batchNorm(epsilon: epsilon), [self, scale, shift], CallSite(file, line))
    return (all[0], all[1], all[2])
  }

  /// eˣ / Σ eˣ along the last axis.
  public func softmax(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(.softmax, [self], CallSite(file, line))
  }

  /// log(softmax(x)) along the last axis, without overflow.
  public func logSoftmax(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(.logSoftmax, [self], CallSite(file, line))
  }

  /// Numbers in [0, 1) from the current generator.
  public static func randomUniform(_ shape: Shape) -> Tensor { random(.uniform, shape) }
  /// Numbers of mean 0 and variance 1 from the current generator.
  public static func randomNormal(_ shape: Shape) -> Tensor { random(.normal, shape) }

  private static func random(_ distribution: Distribution, _ shape: Shape) -> Tensor {
    let type = TensorType([4], .int32)
    do throws(TensorError) {
      let words = try Storage(Random.current.nextKey(), for: "a random key")
      let key = Node(.data(type), inputs: [], types: [type], leaf: .key(words))
      return record(.random(distribution, shape), [Tensor(key)])
    } catch {
      return .failed(error)
    }
  }
}

/// −log softmax(logits)[label] of each example: logits [batch, classes], labels int32 [batch] → [batch]. Natural
/// logarithm; a label that is not a class gives NaN. A row whose upstream gradient is 0, as of one that is masked, has
/// gradient 0 whatever its label and logits are.
public func crossEntropyLosses(
  logits: Tensor, labels: Tensor, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  .record(.crossEntropy, [logits, labels], CallSite(file, line))
}
