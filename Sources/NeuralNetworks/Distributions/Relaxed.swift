import Tensors

/// A number between 0 and 1 that is nearly Bernoulli's, and reparameterized: sigmoid((logits + noise) / temperature).
///
/// Sources: Maddison, Mnih & Teh, "The Concrete Distribution", ICLR 2017; Jang, Gu & Poole, "Categorical Reparameterization with
/// Gumbel-Softmax", ICLR 2017.
public struct RelaxedBernoulli: ElementDistribution {
  /// The lower, the nearer to samples of 0 and 1.
  public let temperature: Tensor
  /// The logarithms of the odds, or of probabilities.
  public let logits: Tensor
  var parameter: Tensor { logits }

  /// With temperatures above 0, the lower the nearer to 0 and 1, and logarithms of odds, which broadcast.
  public init(temperature: Tensor, logits: Tensor) {
    let all = together("RelaxedBernoulli", temperature, logits)
    (self.temperature, self.logits) = (all[0], all[1])
  }

  public var isReparameterized: Bool { true }
  public func sample(_ shape: Shape) -> Tensor {
    let u = uniformNoise(shape)
    return ((logits + u.log() - (-u).log1p()) / temperature).sigmoid()
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    let (logarithm, complement) = (x.log(), (-x).log1p())
    let difference = logits - (logarithm - complement) * temperature
    return temperature.log() + difference - 2 * difference.softplus() - logarithm - complement
  }
}

/// Probabilities of classes that are nearly one-hot, and reparameterized: softmax((logits + noise) / temperature).
///
/// Sources: those of `RelaxedBernoulli`.
public struct RelaxedOneHotCategorical: Distribution {
  /// The lower, the nearer to samples of 0 and 1.
  public let temperature: Tensor
  /// [..., classes]
  public let logits: Tensor

  /// With temperatures above 0 [...], the lower the nearer to one-hot, and the logarithms of the probabilities up to a
  /// constant [..., classes].
  public init(temperature: Tensor, logits: Tensor) {
    let logarithms = Categorical(logits: logits).logProbabilities
    let all =
      logarithms.failure == nil
      ? together("RelaxedOneHotCategorical", temperature, logarithms[.ellipsis, 0]) : [logarithms]
    self.temperature = all[0]
    self.logits =
      all[0].failure == nil ? logarithms.broadcast(to: Shape(all[0].shape + [logarithms.shape[-1]])) : all[0]
  }

  public var batchShape: Shape { temperature.shape }
  public var eventShape: Shape { [logits.shape[-1]] }
  public var isReparameterized: Bool { true }
  public func sample(_ shape: Shape) -> Tensor {
    let noise = Tensor.gumbelNoise(Shape(shape.dimensions + logits.shape.dimensions), logits.dtype)
    return ((logits + noise) / temperature.unsqueezed(axis: -1)).softmax()
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    let classes = logits.shape[-1]
    let logarithm = x.log()
    let scores = logits - logarithm * temperature.unsqueezed(axis: -1)
    let normalized = scores - scores.logSumExp(axes: [-1], keepingAxes: true)
    let factorial = Tensor.full([], Double(classes), dtype: logits.dtype).lgamma()
    return (normalized - logarithm).sum(axes: [-1]) + factorial
      + .constant(Double(classes - 1)) * temperature.log()
  }
}

/// A sample of classes that is nearly one-hot along the last axis: softmax((logits + noise) / temperature), of the logits' shape. `isHard`:
/// one-hot, with the gradient of the soft sample.
///
/// Source: Jang, Gu & Poole, "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017.
public func gumbelSoftmax(_ logits: Tensor, temperature: Tensor = 1, isHard: Bool = false) -> Tensor {
  let soft = ((logits + .gumbelNoise(logits.shape, logits.dtype)) / temperature).softmax()
  guard isHard, soft.failure == nil else { return soft }
  let hard = soft.argmax(axis: -1).oneHot(classes: soft.shape[-1], dtype: soft.dtype)
  return hard + (soft - soft.stoppingGradient())
}
