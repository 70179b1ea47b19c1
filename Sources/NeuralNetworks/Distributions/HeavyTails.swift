import Tensors

/// The Cauchy distribution, which has neither mean nor variance; reparameterized.
public struct Cauchy: ElementDistribution {
  /// The location of the mode.
  public let location: Tensor
  /// The width, above 0.
  public let scale: Tensor
  var parameter: Tensor { location }

  /// With these locations, and scales above 0, which broadcast.
  public init(location: Tensor = 0, scale: Tensor = 1) {
    let all = together("Cauchy", location, scale)
    (self.location, self.scale) = (all[0], all[1])
  }

  public var isReparameterized: Bool { true }
  public var mode: Tensor { location }
  public func sample(_ shape: Shape) -> Tensor { quantile(uniformNoise(shape)) }
  public func logDensity(_ x: Tensor) -> Tensor {
    -(scale * .constant(Double.pi)).log() - ((x - location) / scale).square().log1p()
  }
  public func entropy() -> Tensor { (scale * .constant(4 * Double.pi)).log() }
  public func cumulativeProbability(_ x: Tensor) -> Tensor {
    0.5 + ((x - location) / scale).atan() * .constant(1 / Double.pi)
  }
  public func quantile(_ probability: Tensor) -> Tensor {
    location + scale * ((probability - 0.5) * .constant(Double.pi)).tan()
  }
}

/// The distribution of |z| for z of a Cauchy distribution around 0; reparameterized.
public struct HalfCauchy: ElementDistribution {
  /// The width, above 0.
  public let scale: Tensor
  var parameter: Tensor { scale }

  /// With these scales above 0.
  public init(scale: Tensor = 1) { self.scale = together("HalfCauchy", scale)[0] }

  public var isReparameterized: Bool { true }
  public var mode: Tensor { everywhere(0) }
  public func sample(_ shape: Shape) -> Tensor { quantile(uniformNoise(shape)) }
  public func logDensity(_ x: Tensor) -> Tensor {
    within(.!x.less(than: 0), -(scale * .constant(Double.pi / 2)).log() - (x / scale).square().log1p())
  }
  public func entropy() -> Tensor { (scale * .constant(2 * Double.pi)).log() }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { (x / scale).atan() * .constant(2 / Double.pi) }
  public func quantile(_ probability: Tensor) -> Tensor { scale * (probability * .constant(Double.pi / 2)).tan() }
}

/// The Pareto distribution of numbers from `scale` on, whose tail is a power; reparameterized.
public struct Pareto: ElementDistribution {
  /// The least number.
  public let scale: Tensor
  /// The exponent of the tail, above 0.
  public let exponent: Tensor
  var parameter: Tensor { scale }

  /// With these least numbers and exponents above 0, which broadcast.
  public init(scale: Tensor, exponent: Tensor) {
    let all = together("Pareto", scale, exponent)
    (self.scale, self.exponent) = (all[0], all[1])
  }

  public var isReparameterized: Bool { true }
  public var mean: Tensor { finite(exponent, above: 1) { exponent in scale * exponent / (exponent - 1) } }
  public var variance: Tensor {
    finite(exponent, above: 2) { exponent in
      scale.square() * exponent / ((exponent - 1).square() * (exponent - 2))
    }
  }
  public var mode: Tensor { scale }
  public func sample(_ shape: Shape) -> Tensor { scale * uniformNoise(shape).power(-exponent.reciprocal()) }
  public func logDensity(_ x: Tensor) -> Tensor {
    within(.!x.less(than: scale), exponent.log() + exponent * scale.log() - (exponent + 1) * x.log())
  }
  public func entropy() -> Tensor { (scale / exponent).log() + 1 + exponent.reciprocal() }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { 1 - (scale / x).power(exponent) }
  public func quantile(_ probability: Tensor) -> Tensor { scale * (1 - probability).power(-exponent.reciprocal()) }
}

/// `value` of a parameter where that is above a bound, infinity elsewhere.
func finite(_ parameter: Tensor, above bound: Double, _ value: (Tensor) -> Tensor) -> Tensor {
  let isAbove = parameter.greater(than: .constant(bound))
  return .where(isAbove, value(.where(isAbove, parameter, .constant(bound + 1))), .constant(.infinity))
}

/// The generalized Pareto distribution of what exceeds a threshold: exponential at concentration 0, with a longer tail above; reparameterized.
public struct GeneralizedPareto: ElementDistribution {
  /// The least number.
  public let location: Tensor
  /// The width, above 0.
  public let scale: Tensor
  /// How slowly the tail falls; 0: exponentially.
  public let concentration: Tensor
  var parameter: Tensor { location }

  /// With these least numbers, scales above 0 and concentrations, which broadcast.
  public init(location: Tensor, scale: Tensor, concentration: Tensor) {
    let all = together("GeneralizedPareto", location, scale, concentration)
    (self.location, self.scale, self.concentration) = (all[0], all[1], all[2])
  }

  /// `rule` of the concentration, or the exponential distribution's where that is 0.
  private func tail(_ exponential: Tensor, _ rule: (Tensor) -> Tensor) -> Tensor {
    let isZero = concentration.equal(to: 0)
    return .where(isZero, exponential, rule(.where(isZero, 1, concentration)))
  }
  /// −log of the probability of more than x.
  private func hazard(_ x: Tensor) -> Tensor {
    let z = (x - location) / scale
    return tail(z) { (z * $0).log1p() / $0 }
  }
  public var isReparameterized: Bool { true }
  public var mean: Tensor {
    finite(-concentration, above: -1) { negative in location + scale / (1 + negative) }
  }
  public var variance: Tensor {
    finite(-concentration, above: -0.5) { negative in
      scale.square() / ((1 + negative).square() * (1 + 2 * negative))
    }
  }
  public var mode: Tensor { location }
  public func sample(_ shape: Shape) -> Tensor { quantile(uniformNoise(shape)) }
  public func logDensity(_ x: Tensor) -> Tensor {
    within(.!x.less(than: location), -scale.log() - (1 + concentration) * hazard(x))
  }
  public func entropy() -> Tensor { scale.log() + concentration + 1 }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { -(-hazard(x)).expm1() }
  public func quantile(_ probability: Tensor) -> Tensor {
    let exponential = -(-probability).log1p()
    return location + scale * tail(exponential) { (exponential * $0).expm1() / $0 }
  }
}

/// The Kumaraswamy distribution on (0, 1), like Beta's but with a closed cumulative probability: 1 − (1 − xᵃ)ᵇ; reparameterized.
public struct Kumaraswamy: ElementDistribution {
  /// The inner exponent.
  public let a: Tensor
  /// The outer exponent.
  public let b: Tensor
  var parameter: Tensor { a }

  /// With these exponents above 0, which broadcast.
  public init(_ a: Tensor, _ b: Tensor) {
    let all = together("Kumaraswamy", a, b)
    (self.a, self.b) = (all[0], all[1])
  }

  /// b · B(1 + order / a, b)
  private func moment(_ order: Tensor) -> Tensor { b * logBeta(1 + order / a, b).exp() }
  public var isReparameterized: Bool { true }
  public var mean: Tensor { moment(1) }
  public var variance: Tensor { moment(2) - moment(1).square() }
  /// NaN where an exponent is below 1, as the density is then infinite at an end.
  public var mode: Tensor { ((a - 1) / (a * b - 1)).power(a.reciprocal()) }
  public func sample(_ shape: Shape) -> Tensor { quantile(uniformNoise(shape)) }
  public func logDensity(_ x: Tensor) -> Tensor {
    a.log() + b.log() + (a - 1) * x.log() + (b - 1) * (-x.power(a)).log1p()
  }
  public func entropy() -> Tensor {
    let harmonic = (b + 1).digamma() + .constant(eulerGamma)
    return 1 - b.reciprocal() + (1 - a.reciprocal()) * harmonic - a.log() - b.log()
  }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { 1 - (1 - x.power(a)).power(b) }
  public func quantile(_ probability: Tensor) -> Tensor {
    (1 - (1 - probability).power(b.reciprocal())).power(a.reciprocal())
  }
}
