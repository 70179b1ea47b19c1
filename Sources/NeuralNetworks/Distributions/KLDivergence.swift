import Tensors

/// The Kullback–Leibler divergence ∫ p log(p / q) of a distribution q from p, in nats: [batch...].
///
/// In closed form, for pairs of one family (Normal, LogNormal, HalfNormal, Uniform, Exponential, Laplace, Gumbel, Cauchy, Pareto, Gamma,
/// Beta, Dirichlet, MultivariateNormal, LowRankMultivariateNormal, Categorical, OneHotCategorical, Bernoulli, Binomial of one count, Geometric, Poisson, and
/// `Independent` of these) and some of two: Uniform, Exponential, Laplace and Gumbel to Normal, Exponential to Gamma and back. Any other pair is a
/// failed tensor that names it. Infinite where q has no density and p has.
///
/// Source: Kullback & Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 22 (1951).
public func klDivergence(from p: any Distribution, to q: any Distribution) -> Tensor {
  let found: Tensor? =
    switch (p, q) {
    case (let p as Normal, let q as Normal): divergence(p, q)
    case (let p as LogNormal, let q as LogNormal): divergence(p.logarithm, q.logarithm)
    case (let p as HalfNormal, let q as HalfNormal):
      divergence(Normal(mean: 0, standardDeviation: p.scale), Normal(mean: 0, standardDeviation: q.scale))
    case (let p as MultivariateNormal, let q as MultivariateNormal): divergence(p, q)
    case (let p as LowRankMultivariateNormal, let q as LowRankMultivariateNormal):
      divergence(p.dense, q.dense)
    case (let p as any ElementDistribution, let q as Normal): divergence(p, toNormal: q)
    case (let p as any IndependentDistribution, let q as any IndependentDistribution): p.divergence(to: q)
    default: continuous(p, q) ?? discrete(p, q)
    }
  return found
    ?? .failed(TensorError("klDivergence: there is no closed form from \(type(of: p)) to \(type(of: q))"))
}

/// What `Independent` is of any base.
private protocol IndependentDistribution: Distribution {
  func divergence(to other: any IndependentDistribution) -> Tensor?
  var anyBase: any Distribution { get }
  var rank: Int { get }
}

extension Independent: IndependentDistribution {
  var anyBase: any Distribution { base }
  fileprivate func divergence(to other: any IndependentDistribution) -> Tensor? {
    rank == other.rank ? klDivergence(from: base, to: other.anyBase).summed(last: rank) : nil
  }
}

extension LowRankMultivariateNormal {
  fileprivate var dense: MultivariateNormal { MultivariateNormal(mean: mean, covariance: covariance) }
}

private func divergence(_ p: Normal, _ q: Normal) -> Tensor {
  let ratio = (p.standardDeviation / q.standardDeviation).square()
  return 0.5 * (ratio + ((p.mean - q.mean) / q.standardDeviation).square() - 1 - ratio.log())
}

private func divergence(_ p: MultivariateNormal, _ q: MultivariateNormal) -> Tensor {
  let ratio = q.factor.solveTriangular(p.factor, isUpper: false).square().sum(axes: [-2, -1])
  let distance = (q.mean - p.mean).unsqueezed(axis: -1)
  let squares = q.factor.solveTriangular(distance, isUpper: false).square().sum(axes: [-2, -1])
  return q.halfLogDeterminant - p.halfLogDeterminant
    + 0.5 * (ratio + squares - .constant(Double(p.mean.shape[-1])))
}

/// −H(p) − ∫ p log q, whose second part has the mean and the variance of p alone.
private func divergence(_ p: any ElementDistribution, toNormal q: Normal) -> Tensor? {
  guard p is Uniform || p is Exponential || p is Laplace || p is Gumbel else { return nil }
  let squares = (p.variance + (p.mean - q.mean).square()) / q.variance
  return 0.5 * squares + q.standardDeviation.log() + .constant(halfLogTwoPi) - p.entropy()
}

private func continuous(_ p: any Distribution, _ q: any Distribution) -> Tensor? {
  switch (p, q) {
  case (let p as Uniform, let q as Uniform):
    let isInside = .!p.low.less(than: q.low) .& p.high.lessOrEqual(to: q.high)
    return .where(isInside, q.entropy() - p.entropy(), .constant(.infinity))
  case (let p as Exponential, let q as Exponential):
    let ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()
  case (let p as Exponential, let q as Gamma):
    return divergence(Gamma(concentration: p.everywhere(1), rate: p.rate), q)
  case (let p as Gamma, let q as Exponential):
    return divergence(p, Gamma(concentration: q.everywhere(1), rate: q.rate))
  case (let p as Gamma, let q as Gamma): return divergence(p, q)
  case (let p as ChiSquared, let q as ChiSquared): return divergence(p.gamma, q.gamma)
  case (let p as Laplace, let q as Laplace):
    let distance = (p.location - q.location).abs()
    return (q.scale / p.scale).log() + distance / q.scale + p.scale / q.scale * (-distance / p.scale).exp() - 1
  case (let p as Gumbel, let q as Gumbel):
    let (ratio, distance) = (p.scale / q.scale, (p.location - q.location) / q.scale)
    return distance - ratio.log() + ratio * .constant(eulerGamma) + ((1 + ratio).lgamma() - distance).exp()
      - .constant(1 + eulerGamma)
  case (let p as Cauchy, let q as Cauchy):
    let sum = (p.scale + q.scale).square() + (p.location - q.location).square()
    return (sum / (4 * p.scale * q.scale)).log()
  case (let p as Pareto, let q as Pareto):
    let ratio = q.exponent / p.exponent
    let value = q.exponent * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return .where(p.scale.less(than: q.scale), .constant(.infinity), value)
  case (let p as Beta, let q as Beta):
    let total = p.alpha + p.beta
    return logBeta(q.alpha, q.beta) - logBeta(p.alpha, p.beta) + (p.alpha - q.alpha) * p.alpha.digamma()
      + (p.beta - q.beta) * p.beta.digamma() + (q.alpha + q.beta - total) * total.digamma()
  case (let p as Dirichlet, let q as Dirichlet):
    let (a, b) = (p.concentration, q.concentration)
    let total = a.sum(axes: [-1], keepingAxes: true)
    let parts = b.lgamma() - a.lgamma() + (a - b) * (a.digamma() - total.digamma())
    return parts.sum(axes: [-1]) + a.sum(axes: [-1]).lgamma() - b.sum(axes: [-1]).lgamma()
  default: return nil
  }
}

private func divergence(_ p: Gamma, _ q: Gamma) -> Tensor {
  q.concentration * (p.rate / q.rate).log() + q.concentration.lgamma() - p.concentration.lgamma()
    + (p.concentration - q.concentration) * p.concentration.digamma()
    + (q.rate - p.rate) * p.concentration / p.rate
}

private func discrete(_ p: any Distribution, _ q: any Distribution) -> Tensor? {
  switch (p, q) {
  case (let p as Categorical, let q as Categorical): return p.crossEntropy(with: q) - p.entropy()
  case (let p as OneHotCategorical, let q as OneHotCategorical):
    return p.categorical.crossEntropy(with: q.categorical) - p.entropy()
  case (let p as Bernoulli, let q as Bernoulli): return divergence(p, q)
  case (let p as Binomial, let q as Binomial):
    return p.count == q.count ? divergence(p.trial, q.trial) * .constant(Double(p.count)) : nil
  case (let p as Geometric, let q as Geometric):
    return -p.entropy() - p.mean * (-q.probability).log1p() - q.probability.log()
  case (let p as Poisson, let q as Poisson):
    return p.rate.timesLog(of: p.rate / q.rate) - (p.rate - q.rate)
  default: return nil
  }
}

private func divergence(_ p: Bernoulli, _ q: Bernoulli) -> Tensor {
  p.mean * (p.logits - q.logits) - p.logits.softplus() + q.logits.softplus()
}
