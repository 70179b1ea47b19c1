import Tensors

/// A probability distribution, or several: one for each element of its batch shape, over tensors of its event shape.
///
/// Parameters are float32 or float64 tensors, or numbers, and broadcast; where all are numbers they are float32. They may have gradients. What a distribution does
/// not have, or what has no closed form, is a failed tensor that says so.
public protocol Distribution: Sendable {
  /// One distribution for each element.
  var batchShape: Shape { get }
  /// The shape of one sample of one distribution: [] of numbers.
  var eventShape: Shape { get }
  /// Whether the gradient of samples passes to the parameters.
  var isReparameterized: Bool { get }

  /// Samples from the current generator: [shape..., batch..., event...]. Uniform numbers behind them are multiples of 2⁻²⁴, also in
  /// float64.
  func sample(_ shape: Shape) -> Tensor
  /// The logarithm of the density at x [..., batch..., event...], or of the probability where samples are discrete: [..., batch...].
  func logDensity(_ x: Tensor) -> Tensor
  /// The mean: [batch..., event...], as are variance and mode.
  var mean: Tensor { get }
  /// The variance of each element of a sample.
  var variance: Tensor { get }
  /// A sample of the greatest density.
  var mode: Tensor { get }
  /// The entropy −∫ p log p in nats: [batch...].
  func entropy() -> Tensor
  /// The probability of a sample of at most x.
  func cumulativeProbability(_ x: Tensor) -> Tensor
  /// The x up to which samples have this probability: the inverse of `cumulativeProbability`.
  func quantile(_ probability: Tensor) -> Tensor
}

extension Distribution {
  public var eventShape: Shape { [] }
  public var isReparameterized: Bool { false }
  public var mean: Tensor { unknown("mean") }
  public var variance: Tensor { unknown("variance") }
  public var mode: Tensor { unknown("mode") }
  public func entropy() -> Tensor { unknown("entropy") }
  public func cumulativeProbability(_ x: Tensor) -> Tensor { unknown("cumulative probability") }
  public func quantile(_ probability: Tensor) -> Tensor { unknown("quantile") }

  /// The square root of the variance.
  public var standardDeviation: Tensor { variance.sqrt() }
  /// One sample of each distribution: [batch..., event...].
  public func sample() -> Tensor { sample([]) }

  private func unknown(_ what: String) -> Tensor {
    .failed(TensorError("\(Self.self): there is no \(what) in closed form"))
  }
}

/// A distribution of numbers whose parameters have one shape, that of the batch.
protocol ElementDistribution: Distribution {
  /// Any of the parameters.
  var parameter: Tensor { get }
}

extension ElementDistribution {
  public var batchShape: Shape { parameter.shape }

  func normalNoise(_ shape: Shape) -> Tensor {
    .randomNormal(Shape(shape.dimensions + batchShape.dimensions), dtype: parameter.dtype)
  }
  func uniformNoise(_ shape: Shape) -> Tensor {
    .openUniform(Shape(shape.dimensions + batchShape.dimensions), parameter.dtype)
  }

  /// A number for each distribution.
  func everywhere(_ value: Double) -> Tensor { .full(batchShape, value, dtype: parameter.dtype) }

  /// `value` within the support, minus infinity elsewhere.
  func within(_ isIn: Tensor, _ value: Tensor) -> Tensor { .where(isIn, value, .constant(-.infinity)) }
}

/// log √(2π)
let halfLogTwoPi = 0.918_938_533_204_672_7
/// Euler's constant
let eulerGamma = 0.577_215_664_901_532_9

extension Tensor {
  /// Uniform numbers that are neither 0 nor 1.
  static func openUniform(_ shape: Shape, _ dtype: DType) -> Tensor {
    .randomUniform(shape, dtype: dtype) + .constant(0x1p-25)
  }

  /// Numbers with the distribution of maxima: −log(−log u).
  static func gumbelNoise(_ shape: Shape, _ dtype: DType) -> Tensor { -(-openUniform(shape, dtype).log()).log() }

  /// The shape in front of the last axes.
  func leading(_ count: Int) -> Shape { Shape(shape.dropLast(count).map { $0 }) }

  /// Σ over the last `count` axes.
  func summed(last count: Int) -> Tensor { count == 0 ? self : sum(axes: (1...count).map { -$0 }) }

  /// x log y, and 0 where x is 0.
  func timesLog(of y: Tensor) -> Tensor {
    let isZero = equal(to: 0)
    return .where(isZero, 0, self * Tensor.where(isZero, 1, y).log())
  }
}

/// log B(a, b)
func logBeta(_ a: Tensor, _ b: Tensor) -> Tensor { a.lgamma() + b.lgamma() - (a + b).lgamma() }

/// Parameters in one type and shape, or failed tensors.
func together(_ name: String, _ parameters: Tensor...) -> [Tensor] { Tensor.broadcastTogether(parameters, for: name) }
