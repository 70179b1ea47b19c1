import Tensors

// Limits of gradients, before an update:
//
//   let gradients = valueAndGradient(of: model) { … }.gradients.clipped(toValue: 0.5)
//   try optimizer.update(along: gradients)
//
// They are recorded, so a `CompiledStep` has them in its plan. Gradients that are not finite stay so, and the loss shows it.

extension Gradients {
  /// Each number of the gradients from −`limit` to `limit`, as `clip_grad_value_` of PyTorch.
  public func clipped(toValue limit: Float) -> Gradients {
    mapped(limit > 0, "the value to clip at must be above 0, not \(limit)") { _, gradient in
      gradient.clamped(to: Double(-limit)...Double(limit))
    }
  }

  /// All gradients scaled alike where their common norm exceeds `limit`, as `clip_grad_norm_` of PyTorch; as an optimizer's
  /// `clipNorm`, whose limit may change from step to step.
  ///
  /// Source: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
  public func clipped(toNorm limit: Float) -> Gradients {
    let factor = clippingFactor(of: norm, at: .constant(Double(limit)))
    return mapped(limit > 0, "the norm to clip at must be above 0, not \(limit)") { _, gradient in
      gradient * factor.cast(to: gradient.dtype)
    }
  }

  /// Adaptive clipping: the gradient of each unit's weights has at most `factor` times the norm of these weights, of which
  /// at least `epsilon` is taken. It lets networks without normalization train on large batches.
  ///
  /// A unit's weights are a column of a matrix [inputs, outputs], a slice along the first axis of weights with more axes
  /// [outputs, …], and all numbers of a vector. Leave the last layer out, as the source does, by `where`.
  ///
  /// Source: Brock, De, Smith & Simonyan, "High-Performance Large-Scale Image Recognition Without Normalization", ICML 2021,
  /// equation 3.
  public func clippedAdaptively(
    by factor: Float = 0.01, epsilon: Float = 1e-3, where condition: (Parameter) -> Bool = { _ in true }
  ) -> Gradients {
    let isRight = factor > 0 && factor.isFinite && epsilon > 0 && epsilon.isFinite
    return mapped(isRight, "factor and epsilon must be numbers above 0, not \(factor) and \(epsilon)") {
      parameter, gradient in
      guard condition(parameter) else { return gradient }
      func unitNorm(_ x: Tensor) -> Tensor {
        let axes = x.shape.rank < 2 ? Array(x.shape.indices) : x.shape.rank == 2 ? [0] : Array(1..<x.shape.rank)
        return x.square().sum(axes: axes, keepingAxes: true).sqrt()
      }
      let size = unitNorm(gradient)
      let limit = maximum(unitNorm(parameter.tensor), .constant(Double(epsilon))) * .constant(Double(factor))
      let scaled = gradient * (limit / maximum(size, .constant(1e-6)))
      return Tensor.where(limit.less(than: size), scaled, gradient)
    }
  }

  /// The gradients that `transform` makes of those that there are; failed ones where `isRight` is not.
  private func mapped(
    _ isRight: Bool, _ message: @autoclosure () -> String, _ transform: (Parameter, Tensor) -> Tensor
  ) -> Gradients {
    let failure = isRight ? nil : TensorError("gradients: \(message())")
    var result = self
    for parameter in parameters {
      guard let gradient = self[parameter] else { continue }
      result[parameter] = failure.map(Tensor.failed) ?? transform(parameter, gradient)
    }
    return result
  }
}

/// What gradients of this common norm are multiplied with, so that it is at most `limit`.
func clippingFactor(of norm: Tensor, at limit: Tensor) -> Tensor {
  // Scaling by an infinite norm would silently set all gradients to zero.
  let isKnown = norm.less(than: .full([], .infinity))
  let share = minimum(Tensor.ones([]), limit.cast(to: norm.dtype) / (norm + .constant(1e-6)))
  return Tensor.where(isKnown, share, .full([], .nan))
}
