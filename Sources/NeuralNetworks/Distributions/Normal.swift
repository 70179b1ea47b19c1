import Tensors

/// The normal distribution. Samples are reparameterized: mean + deviation · ε.
public struct Normal: ElementDistribution {
  public let mean: Tensor
  /// The standard deviation, above 0.
  public let standardDeviation: Tensor
  var parameter: Tensor { mean }

  /// With these means and standard deviations above 0, which broadcast.
  public init(mean: Tensor = 0, standardDeviation: Tensor = 1) {
    let all = together("Normal", mean, standardDeviation)
    (self.mean, self.standardDeviation) = (all[0], all[1])
  }

  public var isReparameterized: Bool { true }
  public var variance: Tensor { standardDeviation.square() }
  public var mode: Tensor { mean }
  public func sample(_ shape: Shape) -> Tensor { mean + standardDeviation * normalNoise(shape) }
  public func logDensity(_ x: Tensor) -> Tensor {
    -0.5 * ((x - mean) / standardDeviation).square() - standardDeviation.log() - .constant(halfLogTwoPi)
  }
  public func entropy() -> Tensor { standardDeviation.log() + .constant(0.5 + halfLogTwoPi) }
  public func cumulativeProbability(_ x: Tensor) -> Tensor {
    0.5 * ((mean - x) / standardDeviation * .constant(0.5.squareRoot())).erfc()
  }
  public func quantile(_ probability: Tensor) -> Tensor {
    mean + standardDeviation * .constant(2.0.squareRoot()) * (2 * probability - 1).erfInverse()
  }
}

/// The distribution of e^z for normal z, reparameterized.
public struct LogNormal: ElementDistribution {
  /// The distribution of the logarithm.
  public let logarithm: Normal
  var parameter: Tensor { logarithm.mean }
  private var squares: Tensor { logarithm.variance }

  /// With these means and standard deviations above 0 of the logarithm, which broadcast.
  public init(logMean: Tensor = 0, logStandardDeviation: Tensor = 1) {
    logarithm = Normal(mean: logMean, standardDeviation: logStandardDeviation)
  }

  public var isReparameterized: Bool { true }
  public var mean: Tensor { (logarithm.mean + squares / 2).exp() }
  public var variance: Tensor { squares.expm1() * (2 * logarithm.mean + squares).exp() }
  public var mode: Tensor { (logarithm.mean - squares).exp() }
  public func sample(_ shape: Shape) -> Tensor { logarithm.sample(shape).exp() }
  public func logDensity(_ x: Tensor) -> Tensor { logarithm.logDensity(x.log()) - x.log() }
  public func entropy() -> Tensor { logarithm.entropy() + logarithm.mean }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { logarithm.cumulativeProbability(x.log()) }
  public func quantile(_ probability: Tensor) -> Tensor { logarithm.quantile(probability).exp() }
}

/// The distribution of |z| for normal z of mean 0, reparameterized.
public struct HalfNormal: ElementDistribution {
  /// The standard deviation of z.
  public let scale: Tensor
  var parameter: Tensor { scale }
  private var normal: Normal { Normal(mean: everywhere(0), standardDeviation: scale) }

  /// With these scales above 0.
  public init(scale: Tensor = 1) { self.scale = together("HalfNormal", scale)[0] }

  public var isReparameterized: Bool { true }
  public var mean: Tensor { scale * .constant((2 / Double.pi).squareRoot()) }
  public var variance: Tensor { scale.square() * .constant(1 - 2 / Double.pi) }
  public var mode: Tensor { everywhere(0) }
  public func sample(_ shape: Shape) -> Tensor { scale * normalNoise(shape).abs() }
  public func logDensity(_ x: Tensor) -> Tensor {
    within(.!x.less(than: 0), normal.logDensity(x) + .constant(0.693_147_180_559_945_3))
  }
  public func entropy() -> Tensor { normal.entropy() - .constant(0.693_147_180_559_945_3) }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { 2 * normal.cumulativeProbability(x) - 1 }
  public func quantile(_ probability: Tensor) -> Tensor { normal.quantile((probability + 1) / 2) }
}
