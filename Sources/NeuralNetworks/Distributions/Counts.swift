import Tensors

/// 1 with a probability, 0 otherwise. Samples are floats without a gradient.
public struct Bernoulli: ElementDistribution {
  /// log(p / (1 − p))
  public let logits: Tensor
  var parameter: Tensor { logits }

  /// With logarithms of odds.
  public init(logits: Tensor) { self.logits = together("Bernoulli", logits)[0] }
  /// With probabilities of 1; those nearer to 0 or 1 than the type's precision count as that near.
  public init(probability: Tensor) {
    let p = together("Bernoulli", probability)[0]
    let distance = p.dtype == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne)
    let inside = p.clamped(min: distance, max: 1 - distance)
    self.init(logits: inside.log() - (-inside).log1p())
  }

  public var mean: Tensor { logits.sigmoid() }
  public var variance: Tensor { mean * (-logits).sigmoid() }
  /// 1 where it is the more probable, 0 otherwise.
  public var mode: Tensor { logits.greater(than: 0).cast(to: logits.dtype) }
  public func sample(_ shape: Shape) -> Tensor { uniformNoise(shape).less(than: mean).cast(to: logits.dtype) }
  public func logDensity(_ x: Tensor) -> Tensor { x * logits - logits.softplus() }
  public func entropy() -> Tensor { logits.softplus() - mean * logits }
}

/// How many of a number of independent trials succeed. Samples are floats without a gradient.
public struct Binomial: ElementDistribution {
  /// How many draws, or trials, there are.
  public let count: Int
  /// One of the trials.
  public let trial: Bernoulli
  var parameter: Tensor { trial.logits }
  private var number: Tensor { everywhere(Double(count)) }

  /// With so many trials, and logarithms of the odds of a success. Samples and the entropy take memory for all trials.
  public init(count: Int, logits: Tensor) {
    self.count = count
    trial = Bernoulli(
      logits: count >= 0 ? logits : .failed(TensorError("Binomial: needs at least 0 trials, not \(count)")))
  }
  /// With so many trials, and probabilities of a success.
  public init(count: Int, probability: Tensor) {
    self.init(count: count, logits: Bernoulli(probability: probability).logits)
  }

  public var mean: Tensor { number * trial.mean }
  public var variance: Tensor { number * trial.variance }
  public var mode: Tensor { minimum(((number + 1) * trial.mean).floor(), number) }
  public func sample(_ shape: Shape) -> Tensor { trial.sample(Shape([count] + shape.dimensions)).sum(axes: [0]) }
  public func logDensity(_ x: Tensor) -> Tensor {
    (number + 1).lgamma() - (x + 1).lgamma() - (number - x + 1).lgamma() + x * trial.logits
      - number * trial.logits.softplus()
  }
  public func entropy() -> Tensor {
    let all = Tensor.arange(from: 0, to: count.plus(1), dtype: parameter.dtype)
    let shape = Shape([count.plus(1)] + batchShape.map { _ in 1 })
    let logarithms = logDensity(all.reshaped(to: shape))
    return -(logarithms.exp() * logarithms).sum(axes: [0])
  }
}

/// How many independent trials fail before one succeeds. Samples are floats without a gradient.
public struct Geometric: ElementDistribution {
  /// Of a success.
  public let probability: Tensor
  var parameter: Tensor { probability }

  /// With probabilities of a success, above 0.
  public init(probability: Tensor) { self.probability = together("Geometric", probability)[0] }

  public var mean: Tensor { probability.reciprocal() - 1 }
  public var variance: Tensor { mean / probability }
  public var mode: Tensor { everywhere(0) }
  public func sample(_ shape: Shape) -> Tensor {
    (uniformNoise(shape).log() / (-probability).log1p()).floor().stoppingGradient()
  }
  public func logDensity(_ x: Tensor) -> Tensor { x.timesLog(of: 1 - probability) + probability.log() }
  public func entropy() -> Tensor { Bernoulli(probability: probability).entropy() / probability }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { -((x.floor() + 1) * (-probability).log1p()).expm1() }
}

/// The number of events in a time, which come at a constant rate. Samples are floats without a gradient.
public struct Poisson: ElementDistribution {
  /// How many events come in a unit of time.
  public let rate: Tensor
  var parameter: Tensor { rate }

  /// With rates of at least 0.
  public init(rate: Tensor) { self.rate = together("Poisson", rate)[0] }

  public var mean: Tensor { rate }
  public var variance: Tensor { rate }
  public var mode: Tensor { rate.floor() }
  public func sample(_ shape: Shape) -> Tensor {
    .poisson(rate.broadcast(to: Shape(shape.dimensions + batchShape.dimensions)))
  }
  public func logDensity(_ x: Tensor) -> Tensor { x.timesLog(of: rate) - rate - (x + 1).lgamma() }
}

extension Tensor {
  /// Samples of Poisson distributions with these rates, without a gradient.
  ///
  /// Below a rate of 10 by the cumulative probabilities of the first 64 numbers, which have all but 10⁻²⁹; above it by
  /// rejection with sixteen proposals, so that one in 10¹³ samples is the rate's floor instead.
  ///
  /// Source: Hörmann, "The transformed rejection method for generating Poisson random variables", Insurance: Mathematics and
  /// Economics 12 (1993), algorithm PTRS.
  fileprivate static func poisson(_ rate: Tensor) -> Tensor {
    let (shape, dtype) = (rate.shape, rate.dtype)
    let isSmall = rate.less(than: 10)
    let few = Tensor.where(isSmall, rate, 1).unsqueezed(axis: -1)
    let numbers = Tensor.arange(from: 0, to: 64, dtype: dtype)
    let cumulative = (numbers.timesLog(of: few) - few - (numbers + 1).lgamma()).exp().cumulativeSum()
    let small = cumulative.less(than: openUniform(shape, dtype).unsqueezed(axis: -1)).cast(to: dtype).sum(axes: [-1])

    let many = Tensor.where(isSmall, 10, rate)
    let b = 0.931 + 2.53 * many.sqrt()
    let a = -0.059 + 0.02483 * b
    let inverse = 1.1239 + 1.1328 / (b - 3.4)
    let limit = 0.9277 - 3.6224 / (b - 2)
    var large = many.floor()
    for _ in 0..<16 {
      let u = openUniform(shape, dtype) - 0.5
      let v = openUniform(shape, dtype)
      let distance = 0.5 - u.abs()
      let k = ((2 * a / distance + b) * u + many + 0.43).floor()
      let isInside = (.!distance.less(than: 0.07)) .& v.lessOrEqual(to: limit)
      let isPossible = .!k.less(than: 0) .& .!(distance.less(than: 0.013) .& v.greater(than: distance))
      let count = k.relu()
      let logarithm = (v * inverse / (a / distance.square() + b)).log()
      let isTaken = logarithm.lessOrEqual(to: count * many.log() - many - (count + 1).lgamma())
      large = .where(isInside .| (isPossible .& isTaken), count, large)
    }
    return .where(isSmall, small, large).stoppingGradient()
  }
}

/// How many independent trials succeed before a number of them fail, which need not be whole. Samples are floats without a gradient.
public struct NegativeBinomial: ElementDistribution {
  /// How many trials fail.
  public let failures: Tensor
  /// The logarithms of the odds of a success.
  public let logits: Tensor
  var parameter: Tensor { failures }

  /// With numbers of failures above 0, and logarithms of the odds of a success, which broadcast.
  public init(failures: Tensor, logits: Tensor) {
    let all = together("NegativeBinomial", failures, logits)
    (self.failures, self.logits) = (all[0], all[1])
  }

  public var mean: Tensor { failures * logits.exp() }
  public var variance: Tensor { mean / (-logits).sigmoid() }
  public var mode: Tensor { ((failures - 1) * logits.exp()).floor().relu() }
  /// As a Poisson distribution whose rate has a gamma distribution.
  public func sample(_ shape: Shape) -> Tensor {
    .poisson(Gamma(concentration: failures, rate: (-logits).exp()).sample(shape))
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    failures * (-logits).logSigmoid() + x * logits.logSigmoid() + (failures + x).lgamma() - (1 + x).lgamma()
      - failures.lgamma()
  }
}
