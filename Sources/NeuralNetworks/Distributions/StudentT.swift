import Tensors

/// Student's t distribution, of a normal number over an estimated deviation. The gradient of samples passes to location and
/// scale only.
public struct StudentT: ElementDistribution {
  /// The degrees of freedom, above 0.
  public let degreesOfFreedom: Tensor
  /// The location of the mode.
  public let location: Tensor
  /// The width, above 0.
  public let scale: Tensor
  var parameter: Tensor { location }

  /// With degrees of freedom and scales above 0, which broadcast.
  public init(degreesOfFreedom: Tensor, location: Tensor = 0, scale: Tensor = 1) {
    let all = together("StudentT", degreesOfFreedom, location, scale)
    (self.degreesOfFreedom, self.location, self.scale) = (all[0], all[1], all[2])
  }

  /// NaN where there is at most one degree of freedom.
  public var mean: Tensor { .where(degreesOfFreedom.greater(than: 1), location, .constant(.nan)) }
  /// Infinite up to two degrees of freedom, NaN up to one.
  public var variance: Tensor {
    let variance = finite(degreesOfFreedom, above: 2) { scale.square() * $0 / ($0 - 2) }
    return .where(degreesOfFreedom.greater(than: 1), variance, .constant(.nan))
  }
  public var mode: Tensor { location }
  public func sample(_ shape: Shape) -> Tensor {
    let chi = ChiSquared(degreesOfFreedom: degreesOfFreedom).sample(shape)
    return location + scale * normalNoise(shape) * (degreesOfFreedom.stoppingGradient() / chi).sqrt()
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    let half = degreesOfFreedom / 2
    return (half + 0.5).lgamma() - half.lgamma() - 0.5 * (degreesOfFreedom * .constant(Double.pi)).log() - scale.log()
      - (half + 0.5) * (((x - location) / scale).square() / degreesOfFreedom).log1p()
  }
  public func entropy() -> Tensor {
    let half = degreesOfFreedom / 2
    return scale.log() + (half + 0.5) * ((half + 0.5).digamma() - half.digamma()) + 0.5 * degreesOfFreedom.log()
      + logBeta(everywhere(0.5), half)
  }
}

/// Fisher and Snedecor's F distribution, of the ratio of two estimated variances. Samples have no gradient.
public struct FisherSnedecor: ElementDistribution {
  /// The degrees of freedom of the first variance.
  public let numerator: Tensor
  /// The degrees of freedom of the second variance.
  public let denominator: Tensor
  var parameter: Tensor { numerator }

  /// With these degrees of freedom above 0 of both variances, which broadcast.
  public init(numerator: Tensor, denominator: Tensor) {
    let all = together("FisherSnedecor", numerator, denominator)
    (self.numerator, self.denominator) = (all[0], all[1])
  }

  /// Infinite up to two degrees of freedom of the denominator.
  public var mean: Tensor { finite(denominator, above: 2) { $0 / ($0 - 2) } }
  /// Infinite up to four degrees of freedom of the denominator.
  public var variance: Tensor {
    finite(denominator, above: 4) { d in
      2 * d.square() * (numerator + d - 2) / (numerator * (d - 2).square() * (d - 4))
    }
  }
  public var mode: Tensor { (numerator - 2).relu() / numerator * denominator / (denominator + 2) }
  public func sample(_ shape: Shape) -> Tensor {
    let (a, b) = (ChiSquared(degreesOfFreedom: numerator), ChiSquared(degreesOfFreedom: denominator))
    return (a.sample(shape) / numerator) / (b.sample(shape) / denominator)
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    let (a, b) = (numerator / 2, denominator / 2)
    let ratio = numerator / denominator
    return a * ratio.log() + (a - 1) * x.log() - (a + b) * (ratio * x).log1p() - logBeta(a, b)
  }
}
