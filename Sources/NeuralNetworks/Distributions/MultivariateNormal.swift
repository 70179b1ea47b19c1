import Tensors

/// The normal distribution of vectors [..., k]. Samples are reparameterized: mean + L · ε.
public struct MultivariateNormal: Distribution {
  public let mean: Tensor
  /// The lower triangle L with positive diagonal, whose product L Lᵀ is the covariance: [..., k, k].
  public let factor: Tensor

  /// With means [..., k] and covariances [..., k, k], symmetric and positive definite, whose leading axes broadcast. The gradient of the
  /// covariances is symmetric.
  public init(mean: Tensor, covariance: Tensor) { self.init(mean: mean, factor: covariance.cholesky()) }

  /// With the lower triangles L of covariances L Lᵀ: [..., k, k].
  public init(mean: Tensor, factor: Tensor) {
    let all = vectors("MultivariateNormal", mean, factor)
    (self.mean, self.factor) = (all.mean, all.matrix)
  }

  private var size: Int { mean.shape[-1] }
  public var batchShape: Shape { mean.leading(1) }
  public var eventShape: Shape { [size] }
  public var isReparameterized: Bool { true }
  /// [..., k, k]
  public var covariance: Tensor { factor.matmul(factor.transposed) }
  public var variance: Tensor { factor.square().sum(axes: [-1]) }
  public var mode: Tensor { mean }
  /// log √det of the covariance
  var halfLogDeterminant: Tensor { factor.diagonal().log().sum(axes: [-1]) }
  public func sample(_ shape: Shape) -> Tensor {
    let noise = Tensor.randomNormal(Shape(shape.dimensions + mean.shape.dimensions), dtype: mean.dtype)
    return mean + (factor * noise.unsqueezed(axis: -2)).sum(axes: [-1])
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    let distance = factor.solveTriangular((x - mean).unsqueezed(axis: -1), isUpper: false).square().sum(axes: [-2, -1])
    return -0.5 * distance - halfLogDeterminant - .constant(Double(size) * halfLogTwoPi)
  }
  public func entropy() -> Tensor { halfLogDeterminant + .constant(Double(size) * (0.5 + halfLogTwoPi)) }
}

/// A mean [..., k] and a matrix [..., k, n] whose leading axes broadcast.
private func vectors(_ name: String, _ mean: Tensor, _ matrix: Tensor) -> (mean: Tensor, matrix: Tensor) {
  if let failed = [mean, matrix].first(where: { $0.failure != nil }) { return (failed, failed) }
  guard mean.shape.rank >= 1, matrix.shape.rank >= 2, mean.shape[-1] == matrix.shape[-2] else {
    let failed = Tensor.failed(
      TensorError("\(name): means \(mean.shape) [..., k] need matrices [..., k, n], not \(matrix.shape)"))
    return (failed, failed)
  }
  let all = Tensor.broadcastTogether([mean.unsqueezed(axis: -1), matrix], for: name)
  guard all[0].failure == nil else { return (all[0], all[0]) }
  return (all[0][.ellipsis, 0], all[1])
}

/// The normal distribution of vectors [..., k] with the covariance W Wᵀ + D of a low rank and a diagonal: k · rank² operations
/// instead of k³. Samples are reparameterized.
public struct LowRankMultivariateNormal: Distribution {
  public let mean: Tensor
  /// W: [..., k, rank]
  public let factor: Tensor
  /// D: [..., k]
  public let diagonal: Tensor

  /// With means [..., k], factors W [..., k, rank] and diagonals D above 0 [..., k], whose leading axes broadcast.
  public init(mean: Tensor, factor: Tensor, diagonal: Tensor) {
    let all = vectors("LowRankMultivariateNormal", mean, factor)
    (self.mean, self.factor) = (all.mean, all.matrix)
    self.diagonal = together("LowRankMultivariateNormal", diagonal, all.mean)[0]
  }

  private var size: Int { mean.shape[-1] }
  public var batchShape: Shape { mean.leading(1) }
  public var eventShape: Shape { [size] }
  public var isReparameterized: Bool { true }
  /// [..., k, k]
  public var covariance: Tensor { factor.matmul(factor.transposed) + diagonal.diagonalMatrix() }
  public var variance: Tensor { factor.square().sum(axes: [-1]) + diagonal }
  public var mode: Tensor { mean }
  /// L with L Lᵀ = 1 + Wᵀ D⁻¹ W
  private var capacitance: Tensor {
    let inner = factor.transposed.matmul(factor / diagonal.unsqueezed(axis: -1))
    return (inner + .eye(factor.shape[-1], dtype: mean.dtype)).cholesky()
  }
  /// log √det of the covariance
  private func halfLogDeterminant(_ capacitance: Tensor) -> Tensor {
    capacitance.diagonal().log().sum(axes: [-1]) + 0.5 * diagonal.log().sum(axes: [-1])
  }
  public func sample(_ shape: Shape) -> Tensor {
    let noise = Tensor.randomNormal(
      Shape(shape.dimensions + batchShape.dimensions + [factor.shape[-1]]), dtype: mean.dtype)
    let rest = Tensor.randomNormal(Shape(shape.dimensions + mean.shape.dimensions), dtype: mean.dtype)
    return mean + (factor * noise.unsqueezed(axis: -2)).sum(axes: [-1]) + diagonal.sqrt() * rest
  }
  /// By Woodbury's identity.
  public func logDensity(_ x: Tensor) -> Tensor {
    let (distance, capacitance) = (x - mean, capacitance)
    let scaled = distance / diagonal
    let projected = (factor.transposed * scaled.unsqueezed(axis: -2)).sum(axes: [-1]).unsqueezed(axis: -1)
    let inside = capacitance.solveTriangular(projected, isUpper: false).square().sum(axes: [-2, -1])
    return -0.5 * ((distance * scaled).sum(axes: [-1]) - inside) - halfLogDeterminant(capacitance)
      - .constant(Double(size) * halfLogTwoPi)
  }
  public func entropy() -> Tensor {
    halfLogDeterminant(capacitance) + .constant(Double(size) * (0.5 + halfLogTwoPi))
  }
}

/// Wishart's distribution of matrices [..., k, k], of the scatter of normal vectors. The gradient of samples passes to the factor only.
public struct Wishart: Distribution {
  /// More than k − 1: [...]
  public let degreesOfFreedom: Tensor
  /// The lower triangle L with positive diagonal, whose product L Lᵀ is the scale: [..., k, k].
  public let factor: Tensor

  /// With degrees of freedom above k − 1 [...] and scales [..., k, k], symmetric and positive definite, which broadcast.
  public init(degreesOfFreedom: Tensor, scale: Tensor) {
    let factor = scale.cholesky()
    let all =
      factor.failure == nil
      ? together("Wishart", degreesOfFreedom, factor[.ellipsis, 0, 0]) : [factor]
    self.degreesOfFreedom = all[0]
    self.factor = all[0].failure == nil ? factor.broadcast(to: Shape(all[0].shape + factor.shape.suffix(2))) : all[0]
  }

  private var size: Int { factor.shape[-1] }
  private var ofMatrices: Tensor { degreesOfFreedom.unsqueezed(axis: -1).unsqueezed(axis: -1) }
  private var scale: Tensor { factor.matmul(factor.transposed) }
  /// 0, 1, …, k − 1
  private var places: Tensor { .arange(from: 0, to: size, dtype: factor.dtype) }
  public var batchShape: Shape { degreesOfFreedom.shape }
  public var eventShape: Shape { [size, size] }
  public var mean: Tensor { ofMatrices * scale }
  public var variance: Tensor {
    let (scale, diagonal) = (scale, factor.square().sum(axes: [-1]))
    return ofMatrices * (scale.square() + diagonal.unsqueezed(axis: -1) * diagonal.unsqueezed(axis: -2))
  }
  public var mode: Tensor {
    let factor = ofMatrices - .constant(Double(size + 1))
    return .where(factor.less(than: 0), .constant(.nan), factor * scale)
  }
  /// Source: Bartlett, "On the Theory of Statistical Regression", Proceedings of the Royal Society of Edinburgh 53 (1933).
  public func sample(_ shape: Shape) -> Tensor {
    let whole = Shape(shape.dimensions + batchShape.dimensions)
    let degrees = degreesOfFreedom.unsqueezed(axis: -1) - places
    let diagonal = ChiSquared(degreesOfFreedom: degrees).sample(shape).sqrt()
    let noise = Tensor.randomNormal(Shape(whole + [size, size]), dtype: factor.dtype).tril(diagonal: -1)
    let root = factor.matmul(noise + diagonal.diagonalMatrix())
    return root.matmul(root.transposed)
  }
  /// Σ f(degrees of freedom / 2 − i / 2) for i = 0, …, k − 1
  private func summed(_ function: (Tensor) -> Tensor) -> Tensor {
    function((degreesOfFreedom.unsqueezed(axis: -1) - places) / 2).sum(axes: [-1])
  }
  /// The logarithm of the multivariate gamma function.
  private var logGamma: Tensor {
    summed { $0.lgamma() } + .constant(Double(size * (size - 1)) / 4 * 1.144_729_885_849_400_2)
  }
  private func halfLogDeterminant(_ factor: Tensor) -> Tensor { factor.diagonal().log().sum(axes: [-1]) }
  public func logDensity(_ x: Tensor) -> Tensor {
    let (k, other) = (Double(size), x.cholesky())
    let trace = factor.solveTriangular(other, isUpper: false).square().sum(axes: [-2, -1])
    return (degreesOfFreedom - .constant(k + 1)) * halfLogDeterminant(other) - trace / 2
      - degreesOfFreedom * (.constant(k / 2 * 0.693_147_180_559_945_3) + halfLogDeterminant(factor)) - logGamma
  }
  public func entropy() -> Tensor {
    let k = Double(size)
    return (halfLogDeterminant(factor) + .constant(k / 2 * 0.693_147_180_559_945_3)) * .constant(k + 1) + logGamma
      - 0.5 * (degreesOfFreedom - .constant(k + 1)) * summed { $0.digamma() } + degreesOfFreedom * .constant(k / 2)
  }
}
