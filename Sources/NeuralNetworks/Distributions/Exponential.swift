import Tensors

/// The uniform distribution on [low, high), reparameterized.
public struct Uniform: ElementDistribution {
  /// The least number.
  public let low: Tensor
  /// The bound that all numbers are below.
  public let high: Tensor
  var parameter: Tensor { low }
  private var width: Tensor { high - low }

  /// On these intervals, low < high, which broadcast.
  public init(low: Tensor = 0, high: Tensor = 1) {
    let all = together("Uniform", low, high)
    (self.low, self.high) = (all[0], all[1])
  }

  public var isReparameterized: Bool { true }
  public var mean: Tensor { (low + high) / 2 }
  public var variance: Tensor { width.square() / 12 }
  public func sample(_ shape: Shape) -> Tensor { low + width * uniformNoise(shape) }
  public func logDensity(_ x: Tensor) -> Tensor { within(.!x.less(than: low) .& x.less(than: high), -width.log()) }
  public func entropy() -> Tensor { width.log() }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { ((x - low) / width).clamped(to: 0...1) }
  public func quantile(_ probability: Tensor) -> Tensor { low + width * probability }
}

/// The exponential distribution, of the time to an event that comes at a constant rate; reparameterized.
public struct Exponential: ElementDistribution {
  /// How many events come in a unit of time.
  public let rate: Tensor
  var parameter: Tensor { rate }

  /// With these rates above 0.
  public init(rate: Tensor = 1) { self.rate = together("Exponential", rate)[0] }

  public var isReparameterized: Bool { true }
  public var mean: Tensor { rate.reciprocal() }
  public var variance: Tensor { rate.square().reciprocal() }
  public var mode: Tensor { everywhere(0) }
  public func sample(_ shape: Shape) -> Tensor { -uniformNoise(shape).log() / rate }
  public func logDensity(_ x: Tensor) -> Tensor { within(.!x.less(than: 0), rate.log() - rate * x) }
  public func entropy() -> Tensor { 1 - rate.log() }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { -(-rate * x).expm1() }
  public func quantile(_ probability: Tensor) -> Tensor { -(-probability).log1p() / rate }
}

/// The Laplace distribution, e^(−|x − location| / scale) / (2 · scale); reparameterized.
public struct Laplace: ElementDistribution {
  /// The location of the mode.
  public let location: Tensor
  /// The width, above 0.
  public let scale: Tensor
  var parameter: Tensor { location }

  /// With these locations, and scales above 0, which broadcast.
  public init(location: Tensor = 0, scale: Tensor = 1) {
    let all = together("Laplace", location, scale)
    (self.location, self.scale) = (all[0], all[1])
  }

  public var isReparameterized: Bool { true }
  public var mean: Tensor { location }
  public var variance: Tensor { 2 * scale.square() }
  public var mode: Tensor { location }
  public func sample(_ shape: Shape) -> Tensor { quantile(uniformNoise(shape)) }
  public func logDensity(_ x: Tensor) -> Tensor { -(x - location).abs() / scale - (2 * scale).log() }
  public func entropy() -> Tensor { 1 + (2 * scale).log() }
  public func cumulativeProbability(_ x: Tensor) -> Tensor {
    0.5 - 0.5 * (x - location).sign() * (-(x - location).abs() / scale).expm1()
  }
  public func quantile(_ probability: Tensor) -> Tensor {
    let distance = probability - 0.5
    return location - scale * distance.sign() * (-2 * distance.abs()).log1p()
  }
}

/// The Gumbel distribution, of the greatest of many numbers; reparameterized.
public struct Gumbel: ElementDistribution {
  /// The location of the mode.
  public let location: Tensor
  /// The width, above 0.
  public let scale: Tensor
  var parameter: Tensor { location }

  /// With these locations, and scales above 0, which broadcast.
  public init(location: Tensor = 0, scale: Tensor = 1) {
    let all = together("Gumbel", location, scale)
    (self.location, self.scale) = (all[0], all[1])
  }

  public var isReparameterized: Bool { true }
  public var mean: Tensor { location + scale * .constant(eulerGamma) }
  public var variance: Tensor { scale.square() * .constant(Double.pi * Double.pi / 6) }
  public var mode: Tensor { location }
  public func sample(_ shape: Shape) -> Tensor { quantile(uniformNoise(shape)) }
  public func logDensity(_ x: Tensor) -> Tensor {
    let z = (location - x) / scale
    return z - z.exp() - scale.log()
  }
  public func entropy() -> Tensor { scale.log() + .constant(1 + eulerGamma) }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { (-((location - x) / scale).exp()).exp() }
  public func quantile(_ probability: Tensor) -> Tensor { location - scale * (-probability.log()).log() }
}

/// The Weibull distribution, of lifetimes: scale · E^(1 / concentration) for exponential E; reparameterized.
public struct Weibull: ElementDistribution {
  /// The width, above 0.
  public let scale: Tensor
  /// The parameter of the shape, above 0.
  public let concentration: Tensor
  var parameter: Tensor { scale }

  /// With these scales and concentrations above 0, which broadcast.
  public init(scale: Tensor, concentration: Tensor) {
    let all = together("Weibull", scale, concentration)
    (self.scale, self.concentration) = (all[0], all[1])
  }

  /// Γ(1 + order / concentration)
  private func moment(_ order: Tensor) -> Tensor { (1 + order / concentration).lgamma().exp() }
  public var isReparameterized: Bool { true }
  public var mean: Tensor { scale * moment(1) }
  public var variance: Tensor { scale.square() * (moment(2) - moment(1).square()) }
  public var mode: Tensor { scale * ((concentration - 1).relu() / concentration).power(concentration.reciprocal()) }
  public func sample(_ shape: Shape) -> Tensor {
    scale * (-uniformNoise(shape).log()).power(concentration.reciprocal())
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    let z = x / scale
    return within(
      .!x.less(than: 0), (concentration / scale).log() + (concentration - 1) * z.log() - z.power(concentration))
  }
  public func entropy() -> Tensor {
    .constant(eulerGamma) * (1 - concentration.reciprocal()) + (scale / concentration).log() + 1
  }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { -(-(x / scale).power(concentration)).expm1() }
  public func quantile(_ probability: Tensor) -> Tensor {
    scale * (-(-probability).log1p()).power(concentration.reciprocal())
  }
}
