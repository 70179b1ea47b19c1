import Tensors

extension Tensor {
  /// Samples of gamma distributions of rate 1 with these concentrations, without a gradient.
  ///
  /// By rejection, of which at most 5 % are; of eight proposals one is taken, so that one in 3 · 10¹⁰ samples is the mode
  /// instead.
  ///
  /// Source: Marsaglia & Tsang, "A Simple Method for Generating Gamma Variables", ACM Transactions on Mathematical Software 26
  /// (2000).
  static func standardGamma(_ concentration: Tensor) -> Tensor {
    let (shape, dtype) = (concentration.shape, concentration.dtype)
    let isSmall = concentration.less(than: 1)
    let d = Tensor.where(isSmall, concentration + 1, concentration) - .constant(1.0 / 3)
    let c = (9 * d).rsqrt()
    var result = d
    for _ in 0..<8 {
      let x = randomNormal(shape, dtype: dtype)
      let v = (1 + c * x) * (1 + c * x).square()
      let isIn = v.greater(than: 0)
      let logarithm = Tensor.where(isIn, v, 1).log()
      let isTaken = isIn .& openUniform(shape, dtype).log().less(than: 0.5 * x.square() + d - d * v + d * logarithm)
      result = .where(isTaken, d * v, result)
    }
    let boost = openUniform(shape, dtype).power(.where(isSmall, concentration, 1).reciprocal())
    return .where(isSmall, result * boost, result).stoppingGradient()
  }
}

/// The gamma distribution, of the time to several events that come at a constant rate. The gradient of samples passes to
/// the rate only.
public struct Gamma: ElementDistribution {
  /// The parameter of the shape, above 0.
  public let concentration: Tensor
  /// How many events come in a unit of time.
  public let rate: Tensor
  var parameter: Tensor { concentration }

  /// With these concentrations and rates above 0, which broadcast.
  public init(concentration: Tensor, rate: Tensor = 1) {
    let all = together("Gamma", concentration, rate)
    (self.concentration, self.rate) = (all[0], all[1])
  }

  public var mean: Tensor { concentration / rate }
  public var variance: Tensor { concentration / rate.square() }
  public var mode: Tensor { (concentration - 1).relu() / rate }
  public func sample(_ shape: Shape) -> Tensor {
    .standardGamma(concentration.broadcast(to: Shape(shape.dimensions + batchShape.dimensions))) / rate
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    within(
      .!x.less(than: 0),
      concentration * rate.log() + (concentration - 1) * x.log() - rate * x - concentration.lgamma())
  }
  public func entropy() -> Tensor {
    concentration - rate.log() + concentration.lgamma() + (1 - concentration) * concentration.digamma()
  }
}

/// The χ² distribution, of the sum of squares of standard normal numbers.
public struct ChiSquared: ElementDistribution {
  /// The degrees of freedom, above 0.
  public let degreesOfFreedom: Tensor
  /// The gamma distribution that it is.
  public var gamma: Gamma { Gamma(concentration: degreesOfFreedom / 2, rate: 0.5) }
  var parameter: Tensor { degreesOfFreedom }

  /// With these degrees of freedom above 0.
  public init(degreesOfFreedom: Tensor) { self.degreesOfFreedom = together("ChiSquared", degreesOfFreedom)[0] }

  public var mean: Tensor { degreesOfFreedom }
  public var variance: Tensor { 2 * degreesOfFreedom }
  public var mode: Tensor { gamma.mode }
  public func sample(_ shape: Shape) -> Tensor { gamma.sample(shape) }
  public func logDensity(_ x: Tensor) -> Tensor { gamma.logDensity(x) }
  public func entropy() -> Tensor { gamma.entropy() }
}

/// The distribution of 1 / x for x of a gamma distribution.
public struct InverseGamma: ElementDistribution {
  /// The parameter of the shape, above 0.
  public let concentration: Tensor
  /// How many events come in a unit of time.
  public let rate: Tensor
  var parameter: Tensor { concentration }

  /// With these concentrations and rates above 0 of the gamma distribution, which broadcast.
  public init(concentration: Tensor, rate: Tensor = 1) {
    let all = together("InverseGamma", concentration, rate)
    (self.concentration, self.rate) = (all[0], all[1])
  }

  public var mean: Tensor { finite(concentration, above: 1) { rate / ($0 - 1) } }
  public var variance: Tensor {
    finite(concentration, above: 2) { rate.square() / (($0 - 1).square() * ($0 - 2)) }
  }
  public var mode: Tensor { rate / (concentration + 1) }
  public func sample(_ shape: Shape) -> Tensor {
    Gamma(concentration: concentration, rate: rate).sample(shape).reciprocal()
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    within(
      x.greater(than: 0),
      concentration * rate.log() - concentration.lgamma() - (concentration + 1) * x.log() - rate / x)
  }
  public func entropy() -> Tensor {
    concentration + rate.log() + concentration.lgamma() - (1 + concentration) * concentration.digamma()
  }
}

/// The beta distribution of probabilities. Samples have no gradient.
public struct Beta: ElementDistribution {
  /// The concentration of 1.
  public let alpha: Tensor
  /// The concentration of 0.
  public let beta: Tensor
  var parameter: Tensor { alpha }
  private var total: Tensor { alpha + beta }

  /// With these concentrations above 0, of 1 and of 0, which broadcast.
  public init(alpha: Tensor, beta: Tensor) {
    let all = together("Beta", alpha, beta)
    (self.alpha, self.beta) = (all[0], all[1])
  }

  public var mean: Tensor { alpha / total }
  public var variance: Tensor { alpha * beta / (total.square() * (total + 1)) }
  /// NaN where not both concentrations are above 1.
  public var mode: Tensor {
    let isInside = alpha.greater(than: 1) .& beta.greater(than: 1)
    return .where(isInside, (alpha - 1) / (total - 2), .constant(.nan))
  }
  public func sample(_ shape: Shape) -> Tensor {
    let (a, b) = (Gamma(concentration: alpha).sample(shape), Gamma(concentration: beta).sample(shape))
    return a / (a + b)
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    (alpha - 1) * x.log() + (beta - 1) * (-x).log1p() - logBeta(alpha, beta)
  }
  public func entropy() -> Tensor {
    logBeta(alpha, beta) - (alpha - 1) * alpha.digamma() - (beta - 1) * beta.digamma()
      + (total - 2) * total.digamma()
  }
}

/// The Dirichlet distribution of probabilities of classes [..., classes]. Samples have no gradient.
public struct Dirichlet: Distribution {
  /// The parameter of the shape, above 0.
  public let concentration: Tensor
  private var total: Tensor { concentration.sum(axes: [-1]) }
  /// Σ log Γ(concentration) − log Γ(Σ concentration)
  private var logNormalizer: Tensor { concentration.lgamma().sum(axes: [-1]) - total.lgamma() }

  /// With these concentrations above 0: [..., classes].
  public init(concentration: Tensor) {
    let checked = together("Dirichlet", concentration)[0]
    self.concentration =
      checked.failure == nil && checked.shape.rank == 0
      ? .failed(TensorError("Dirichlet: needs concentrations of classes [..., classes], not \(checked.shape)"))
      : checked
  }

  public var batchShape: Shape { concentration.leading(1) }
  public var eventShape: Shape { [concentration.shape[-1]] }
  public var mean: Tensor { concentration / concentration.sum(axes: [-1], keepingAxes: true) }
  public var variance: Tensor {
    mean * (1 - mean) / (concentration.sum(axes: [-1], keepingAxes: true) + 1)
  }
  public func sample(_ shape: Shape) -> Tensor {
    let parts = Gamma(concentration: concentration).sample(shape)
    return parts / parts.sum(axes: [-1], keepingAxes: true)
  }
  public func logDensity(_ x: Tensor) -> Tensor { ((concentration - 1) * x.log()).sum(axes: [-1]) - logNormalizer }
  public func entropy() -> Tensor {
    let classes = Double(concentration.shape[-1])
    return logNormalizer + (total - .constant(classes)) * total.digamma()
      - ((concentration - 1) * concentration.digamma()).sum(axes: [-1])
  }
}
