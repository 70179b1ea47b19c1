import Tensors

/// A class of several with these probabilities: int32 samples [...], the numbers of classes.
public struct Categorical: Distribution {
  /// The logarithms of the probabilities: [..., classes].
  public let logProbabilities: Tensor

  /// With the logarithms of the probabilities up to a constant [..., classes].
  public init(logits: Tensor) {
    logProbabilities = logits.failure == nil && logits.shape.rank == 0 ? Categorical.noClasses : logits.logSoftmax()
  }

  /// With probabilities up to a factor [..., classes].
  public init(probabilities: Tensor) {
    logProbabilities =
      probabilities.failure == nil && probabilities.shape.rank == 0
      ? Categorical.noClasses : (probabilities / probabilities.sum(axes: [-1], keepingAxes: true)).log()
  }

  private static var noClasses: Tensor { .failed(TensorError("Categorical: needs an axis of classes, not one number")) }
  public var batchShape: Shape { logProbabilities.leading(1) }
  /// [..., classes]
  public var probabilities: Tensor { logProbabilities.exp() }
  /// The class of the greatest probability, the first of equal ones.
  public var mode: Tensor { logProbabilities.argmax(axis: -1) }
  /// By adding Gumbel noise to the logarithms: Gumbel, "Statistical Theory of Extreme Values and Some Practical Applications", 1954.
  public func sample(_ shape: Shape) -> Tensor {
    let noise = Tensor.gumbelNoise(Shape(shape.dimensions + logProbabilities.shape.dimensions), logProbabilities.dtype)
    return (logProbabilities + noise).argmax(axis: -1)
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    let classes = x.unsqueezed(axis: -1)
    let rows = logProbabilities.broadcast(to: Shape(x.shape + [logProbabilities.shape[-1]]))
    let chosen = rows.gather(classes, along: -1)
    return chosen.failure == nil ? chosen.squeezed(axes: [-1]) : chosen
  }
  public func entropy() -> Tensor { crossEntropy(with: self) }

  /// −Σ p log q; impossible classes have no part in it.
  func crossEntropy(with other: Categorical) -> Tensor {
    let p = probabilities
    let isNone = p.equal(to: 0)
    return -Tensor.where(isNone, 0, p * Tensor.where(isNone, 0, other.logProbabilities)).sum(axes: [-1])
  }
}

/// A class of several as a vector [..., classes] of a 1 and zeros.
public struct OneHotCategorical: Distribution {
  /// The class itself.
  public let categorical: Categorical
  /// Whether the gradient of samples is that of the probabilities: Bengio, Léonard & Courville, "Estimating or Propagating
  /// Gradients Through Stochastic Neurons for Conditional Computation", arXiv:1308.3432, 2013.
  public let isStraightThrough: Bool

  /// With the logarithms of the probabilities up to a constant [..., classes].
  public init(logits: Tensor, isStraightThrough: Bool = false) {
    (categorical, self.isStraightThrough) = (Categorical(logits: logits), isStraightThrough)
  }

  private var classes: Int { categorical.logProbabilities.shape[-1] }
  public var batchShape: Shape { categorical.batchShape }
  public var eventShape: Shape { [classes] }
  public var isReparameterized: Bool { isStraightThrough }
  public var mean: Tensor { categorical.probabilities }
  public var variance: Tensor { mean * (1 - mean) }
  public var mode: Tensor { categorical.mode.oneHot(classes: classes, dtype: categorical.logProbabilities.dtype) }
  public func sample(_ shape: Shape) -> Tensor {
    let hot = categorical.sample(shape).oneHot(classes: classes, dtype: categorical.logProbabilities.dtype)
    return isStraightThrough ? hot + (mean - mean.stoppingGradient()) : hot
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    Tensor.where(x.equal(to: 0), 0, x * categorical.logProbabilities).sum(axes: [-1])
  }
  public func entropy() -> Tensor { categorical.entropy() }
}

/// How often each class comes in a number of independent draws: [..., classes].
public struct Multinomial: Distribution {
  /// How many draws, or trials, there are.
  public let count: Int
  /// One of the draws.
  public let draw: OneHotCategorical

  /// With so many draws, and the logarithms of the probabilities up to a constant [..., classes]. Samples take memory for all draws.
  public init(count: Int, logits: Tensor) {
    self.count = count
    draw = OneHotCategorical(
      logits: count >= 0
        ? logits : .failed(TensorError("Multinomial: needs at least 0 draws, not \(count)")))
  }

  public var batchShape: Shape { draw.batchShape }
  public var eventShape: Shape { draw.eventShape }
  public var mean: Tensor { draw.mean * .constant(Double(count)) }
  public var variance: Tensor { draw.variance * .constant(Double(count)) }
  public func sample(_ shape: Shape) -> Tensor { draw.sample(Shape([count] + shape.dimensions)).sum(axes: [0]) }
  public func logDensity(_ x: Tensor) -> Tensor {
    draw.logDensity(x) - (x + 1).lgamma().sum(axes: [-1]) + (x.sum(axes: [-1]) + 1).lgamma()
  }
  /// By the probabilities of all counts of each class, which take memory for them.
  public func entropy() -> Tensor {
    let counts = Tensor.arange(from: 0, to: count.plus(1), dtype: mean.dtype)
      .reshaped(to: Shape([count.plus(1)] + mean.shape.map { _ in 1 }))
    let probabilities = Binomial(count: count, probability: draw.mean).logDensity(counts).exp()
    let ofOrders = (probabilities * (counts + 1).lgamma()).sum(axes: [0, -1])
    let factorial = Tensor.full([], Double(count) + 1, dtype: mean.dtype).lgamma()
    return draw.entropy() * .constant(Double(count)) - factorial + ofOrders
  }
}
