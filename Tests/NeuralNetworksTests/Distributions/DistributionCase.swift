import NeuralNetworks
import Testing

@testable import Tensors

/// A distribution at some parameters, with the results of PyTorch and SciPy in double precision.
struct DistributionCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Array: Decodable, Sendable {
    var shape: [Int]
    var values: [Double]
    var tensor: Tensor { Tensor(values, shape: shape) }
  }
  struct Settings: Decodable, Sendable {
    var count: Int?
    var transform: String?
  }

  var distribution: String
  var settings: Settings
  var parameters: [String: Array]
  var x: Array
  var results: [String: Array]
  var gradients: [String: Array]?
  var testDescription: String { "\(distribution) \(settings.transform ?? "")" }

  struct Content: Decodable {
    var cases: [DistributionCase]
    var divergences: [Divergence]
  }
  struct Divergence: Decodable, Sendable, CustomTestStringConvertible {
    var from: String
    var to: String
    var p: [Array]
    var q: [Array]
    var divergence: Array
    var testDescription: String { "\(from) to \(to)" }
  }

  static func content() throws -> Content { try fixture("Distributions/distributions", as: Content.self) }

  private static let orders: [String: [String]] = [
    "Normal": ["mean", "standardDeviation"], "LogNormal": ["mean", "standardDeviation"], "HalfNormal": ["scale"],
    "Uniform": ["low", "high"], "Exponential": ["rate"], "Laplace": ["location", "scale"],
    "Gumbel": ["location", "scale"], "Weibull": ["scale", "concentration"], "Cauchy": ["location", "scale"],
    "HalfCauchy": ["scale"], "Pareto": ["scale", "exponent"],
    "GeneralizedPareto": ["location", "scale", "concentration"], "Kumaraswamy": ["a", "b"],
    "Gamma": ["concentration", "rate"], "ChiSquared": ["degreesOfFreedom"], "InverseGamma": ["concentration", "rate"],
    "Beta": ["alpha", "beta"], "Dirichlet": ["concentration"],
    "StudentT": ["degreesOfFreedom", "location", "scale"], "FisherSnedecor": ["numerator", "denominator"],
    "VonMises": ["location", "concentration"], "MultivariateNormal": ["mean", "covariance"],
    "LowRankMultivariateNormal": ["mean", "factor", "diagonal"], "Wishart": ["degreesOfFreedom", "scale"],
    "Categorical": ["logits"], "OneHotCategorical": ["logits"], "Multinomial": ["logits"], "Bernoulli": ["logits"],
    "Binomial": ["logits"], "Geometric": ["probability"], "Poisson": ["rate"],
    "NegativeBinomial": ["failures", "logits"], "RelaxedBernoulli": ["temperature", "logits"],
    "RelaxedOneHotCategorical": ["temperature", "logits"], "LogisticNormal": ["mean", "standardDeviation"],
    "Independent": ["mean", "standardDeviation"], "MixtureSameFamily": ["logits", "mean", "standardDeviation"],
    "MixtureOfVectors": ["logits", "mean", "standardDeviation"],
    "TransformedDistribution": ["mean", "standardDeviation"],
  ]

  func made(of tensors: [String: Tensor]) throws -> any Distribution {
    let names = try #require(DistributionCase.orders[distribution], "no order of \(distribution)")
    let ordered = try names.map { try #require(tensors[$0], "no \($0)") }
    return try DistributionCase.make(distribution, ordered, settings)
  }

  static func make(_ name: String, _ p: [Tensor], _ settings: Settings = Settings()) throws -> any Distribution {
    try univariate(name, p) ?? discrete(name, p, settings) ?? composed(name, p, settings)
  }

  private static func univariate(_ name: String, _ p: [Tensor]) -> (any Distribution)? {
    switch name {
    case "Normal": Normal(mean: p[0], standardDeviation: p[1])
    case "LogNormal": LogNormal(logMean: p[0], logStandardDeviation: p[1])
    case "HalfNormal": HalfNormal(scale: p[0])
    case "Uniform": Uniform(low: p[0], high: p[1])
    case "Exponential": Exponential(rate: p[0])
    case "Laplace": Laplace(location: p[0], scale: p[1])
    case "Gumbel": Gumbel(location: p[0], scale: p[1])
    case "Weibull": Weibull(scale: p[0], concentration: p[1])
    case "Cauchy": Cauchy(location: p[0], scale: p[1])
    case "HalfCauchy": HalfCauchy(scale: p[0])
    case "Pareto": Pareto(scale: p[0], exponent: p[1])
    case "GeneralizedPareto": GeneralizedPareto(location: p[0], scale: p[1], concentration: p[2])
    case "Kumaraswamy": Kumaraswamy(p[0], p[1])
    case "Gamma": Gamma(concentration: p[0], rate: p[1])
    case "ChiSquared": ChiSquared(degreesOfFreedom: p[0])
    case "InverseGamma": InverseGamma(concentration: p[0], rate: p[1])
    case "Beta": Beta(alpha: p[0], beta: p[1])
    case "StudentT": StudentT(degreesOfFreedom: p[0], location: p[1], scale: p[2])
    case "FisherSnedecor": FisherSnedecor(numerator: p[0], denominator: p[1])
    case "VonMises": VonMises(location: p[0], concentration: p[1])
    default: nil
    }
  }

  private static func discrete(_ name: String, _ p: [Tensor], _ settings: Settings) -> (any Distribution)? {
    switch name {
    case "Categorical": Categorical(logits: p[0])
    case "OneHotCategorical": OneHotCategorical(logits: p[0])
    case "Multinomial": Multinomial(count: settings.count ?? 0, logits: p[0])
    case "Bernoulli": Bernoulli(logits: p[0])
    case "Binomial": Binomial(count: settings.count ?? 6, logits: p[0])
    case "Geometric": Geometric(probability: p[0])
    case "Poisson": Poisson(rate: p[0])
    case "NegativeBinomial": NegativeBinomial(failures: p[0], logits: p[1])
    case "RelaxedBernoulli": RelaxedBernoulli(temperature: p[0], logits: p[1])
    case "RelaxedOneHotCategorical": RelaxedOneHotCategorical(temperature: p[0], logits: p[1])
    default: nil
    }
  }

  private static func composed(_ name: String, _ p: [Tensor], _ settings: Settings) throws -> any Distribution {
    switch name {
    case "Dirichlet": return Dirichlet(concentration: p[0])
    case "MultivariateNormal": return MultivariateNormal(mean: p[0], covariance: p[1])
    case "LowRankMultivariateNormal": return LowRankMultivariateNormal(mean: p[0], factor: p[1], diagonal: p[2])
    case "Wishart": return Wishart(degreesOfFreedom: p[0], scale: p[1])
    case "LogisticNormal": return LogisticNormal(mean: p[0], standardDeviation: p[1])
    case "Independent": return Independent(Normal(mean: p[0], standardDeviation: p[1]), rank: 1)
    case "MixtureSameFamily":
      return MixtureSameFamily(Categorical(logits: p[0]), Normal(mean: p[1], standardDeviation: p[2]))
    case "MixtureOfVectors":
      return MixtureSameFamily(
        Categorical(logits: p[0]), Independent(Normal(mean: p[1], standardDeviation: p[2]), rank: 1))
    case "TransformedDistribution":
      let normal = Normal(mean: p[0], standardDeviation: p[1])
      let transforms: [String: Transform] = [
        "exp": .exp, "sigmoid": .sigmoid, "tanh": .tanh, "softplus": .softplus,
        "affine": .affine(location: 1.5, scale: 0.5), "exp, power": .exp.followed(by: .power(1.5)),
        "cumulative": .cumulativeProbability(of: Gumbel(location: 0.5 + 0 * p[0], scale: 2)),
      ]
      return TransformedDistribution(normal, try #require(transforms[settings.transform ?? ""]))
    default: throw TensorError("no such distribution: \(name)")
    }
  }
}
