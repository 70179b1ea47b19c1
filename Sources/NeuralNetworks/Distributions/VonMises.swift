import Tensors

/// von Mises's distribution of angles, like a normal one on a circle. Samples lie in [−π, π) and have no gradient.
public struct VonMises: ElementDistribution {
  /// The mean angle in radians.
  public let location: Tensor
  /// The parameter of the shape, above 0.
  public let concentration: Tensor
  var parameter: Tensor { location }

  /// With these angles in radians, and concentrations above 0, which broadcast.
  public init(location: Tensor, concentration: Tensor) {
    let all = together("VonMises", location, concentration)
    (self.location, self.concentration) = (all[0], all[1])
  }

  /// log I₀, the modified Bessel function of the first kind, and its derivative I₁ / I₀: by the mean of e^(κ cos θ) over evenly spaced
  /// angles, which has the precision of a double up to κ ≈ 1000, and by the asymptotic series above.
  private var bessel: (logarithm: Tensor, ratio: Tensor) {
    let count = 256
    let turn: Tensor = .constant(2 * Double.pi)
    let angles = Tensor.arange(from: 0, to: count, dtype: parameter.dtype) * turn / .constant(Double(count))
    let isLarge = concentration.greater(than: 700)
    let exponents = Tensor.where(isLarge, 1, concentration).unsqueezed(axis: -1) * (angles.cos() - 1)
    let sum = exponents.logSumExp(axes: [-1], keepingAxes: true)
    let ratio = ((exponents - sum).exp() * angles.cos()).sum(axes: [-1])
    let inverse = Tensor.where(isLarge, concentration, 1000).reciprocal()
    let series = 1 + inverse * (0.125 + inverse * (0.0703125 + inverse * 0.0732421875))
    let series1 = 1 - inverse * (0.375 + inverse * (0.1171875 + inverse * 0.1025390625))
    let asymptotic = concentration - 0.5 * (concentration * .constant(2 * Double.pi)).log() + series.log()
    return (
      .where(isLarge, asymptotic, concentration + sum.squeezed(axes: [-1]) - .constant(5.545_177_444_479_562)),
      .where(isLarge, series1 / series, ratio)
    )
  }
  public var mean: Tensor { location }
  public var mode: Tensor { location }
  /// The circular variance, 1 − I₁ / I₀.
  public var variance: Tensor { 1 - bessel.ratio }
  public func logDensity(_ x: Tensor) -> Tensor {
    concentration * (x - location).cos() - .constant(2 * halfLogTwoPi) - bessel.logarithm
  }
  public func entropy() -> Tensor {
    let (logarithm, ratio) = bessel
    return .constant(2 * halfLogTwoPi) + logarithm - concentration * ratio
  }

  /// By rejection, of which at most a third are; of 24 proposals one is taken, so that one in 10¹¹ samples is the mean instead.
  ///
  /// Source: Best & Fisher, "Efficient Simulation of the von Mises Distribution", Applied Statistics 28 (1979).
  public func sample(_ shape: Shape) -> Tensor {
    let whole = Shape(shape.dimensions + batchShape.dimensions)
    let tau = 1 + (1 + 4 * concentration.square()).sqrt()
    let rho = (tau - (2 * tau).sqrt()) / (2 * concentration)
    let r = (1 + rho.square()) / (2 * rho)
    let circle = Tensor.full([], 2 * Double.pi, dtype: parameter.dtype)
    var angle = Tensor.zeros(whole, dtype: parameter.dtype)
    for _ in 0..<24 {
      let z = ((uniformNoise(shape) - 0.5) * circle).cos()
      let f = ((1 + r * z) / (r + z)).clamped(to: -1...1)
      let c = concentration * (r - f)
      let u = uniformNoise(shape)
      let isTaken = (c * (2 - c)).greater(than: u) .| .!((c / u).log() + 1 - c).less(than: 0)
      let sign = (uniformNoise(shape) - 0.5).sign()
      angle = .where(isTaken, sign * f.acos(), angle)
    }
    let turned = location + angle + .constant(Double.pi)
    return (turned.remainder(circle) - .constant(Double.pi)).stoppingGradient()
  }
}
