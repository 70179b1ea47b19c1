import NeuralNetworks

@testable import Tensors

/// Losses and distributions.
let sweptLosses: [SweptCall] = sweptLossFunctions + sweptDistributions

private func pair(_ name: String, _ function: @escaping @Sendable (Tensor, Tensor, SweepArguments) -> Tensor)
  -> SweptCall
{
  SweptCall(name) { a in
    let x = a.tensor(1...3)
    return function(x, a.tensor(of: x.shape), a)
  }
}

private func reduction(_ a: SweepArguments) -> LossReduction { a.any(LossReduction.self) }

private let sweptLossFunctions: [SweptCall] = [
  pair("meanSquaredError") { meanSquaredError($0, $1, reduction: reduction($2)) },
  pair("meanAbsoluteError") { meanAbsoluteError($0, $1, reduction: reduction($2)) },
  pair("huberLoss") { huberLoss($0, $1, delta: $2.double(), reduction: reduction($2)) },
  pair("smoothL1Loss") { smoothL1Loss($0, $1, beta: $2.double(), reduction: reduction($2)) },
  pair("hingeLoss") { hingeLoss($0, $1, margin: $2.double(), power: $2.int(1...2), reduction: reduction($2)) },
  pair("hingeEmbeddingLoss") { hingeEmbeddingLoss($0, $1, margin: $2.double(), reduction: reduction($2)) },
  pair("marginRankingLoss") { marginRankingLoss($0, $1, targets: $1.sign(), margin: $2.double()) },
  pair("softMarginLoss") { softMarginLoss($0, $1.sign(), reduction: reduction($2)) },
  pair("multilabelMarginLoss") {
    multilabelMarginLoss($0, targets: $1.greater(than: 0).cast(to: $0.dtype), reduction: reduction($2))
  },
  pair("multilabelSoftMarginLoss") {
    multilabelSoftMarginLoss($0, targets: $1, classWeights: $2.flag() ? nil : $2.tensor(of: [$0.shape[-1]]))
  },
  pair("binaryCrossEntropy") {
    binaryCrossEntropy(
      logits: $0, targets: $1.sigmoid(), weights: $2.flag() ? nil : $2.tensor(of: $0.shape),
      positiveWeights: $2.flag() ? nil : $2.tensor(of: $0.shape), reduction: reduction($2))
  },
  pair("binaryCrossEntropy of probabilities") {
    binaryCrossEntropy(
      probabilities: $0.sigmoid(), targets: $1.sigmoid(), weights: $2.flag() ? nil : $2.tensor(of: $0.shape),
      reduction: reduction($2))
  },
  pair("focalLoss") {
    focalLoss(logits: $0, targets: $1.sigmoid(), alpha: $2.double(0...1), gamma: $2.double(), reduction: reduction($2))
  },
  pair("klDivergence") {
    klDivergence(logProbabilities: $0.logSoftmax(), targets: $1.softmax(), reduction: reduction($2))
  },
  pair("klDivergence of logarithms") {
    klDivergence(logProbabilities: $0.logSoftmax(), logTargets: $1.logSoftmax(), reduction: reduction($2))
  },
  pair("gaussianNegativeLogLikelihood") {
    gaussianNegativeLogLikelihood(
      means: $0, targets: $1, variances: $2.tensor(of: $0.shape).exp(), addsConstant: $2.flag(),
      epsilon: $2.double(1e-4...1e-3), reduction: reduction($2))
  },
  pair("poissonNegativeLogLikelihood") {
    poissonNegativeLogLikelihood(logRates: $0, targets: $1.abs(), addsFactorial: $2.flag(), reduction: reduction($2))
  },
  pair("poissonNegativeLogLikelihood of rates") {
    poissonNegativeLogLikelihood(rates: $0.exp(), targets: $1.abs(), addsFactorial: $2.flag(), epsilon: $2.double())
  },
  pair("cosineSimilarity") { cosineSimilarity($0, $1, axis: $2.axis(), epsilon: $2.double(1e-6...1e-5)) },
  pair("pairwiseDistance") { pairwiseDistance($0, $1, power: $2.double(1...3), epsilon: $2.double(1e-6...1e-5)) },
  pair("pairwiseDistances") { x, _, a in pairwiseDistances(x, power: a.double(1...3)) },
  pair("normalized") { x, _, a in x.normalized(axis: a.axis(), power: a.double(1...3), epsilon: a.double(1e-6...1e-5))
  },
  pair("cosineEmbeddingLoss") {
    cosineEmbeddingLoss($0, $1, targets: $2.tensor(of: [$0.shape[0]]).sign(), margin: $2.double(0...0.5))
  },
  pair("tripletMarginLoss") {
    tripletMarginLoss(
      anchors: $0, positives: $1, negatives: $2.tensor(of: $0.shape), margin: $2.double(), power: $2.double(1...3),
      epsilon: $2.double(1e-6...1e-5), swaps: $2.flag(), reduction: reduction($2))
  },
  pair("infoNCE") { infoNCE(queries: $0, keys: $1, temperature: $2.double(), reduction: reduction($2)) },
  SweptCall("crossEntropy") { a in
    let x = a.tensor(2...2)
    let labels = a.indices([x.shape[0]], below: x.shape[1])
    let weights = a.flag() ? nil : a.tensor(of: [x.shape[1]])
    let ignored = a.flag() ? nil : Int32(clamping: a.int())
    return [
      crossEntropy(
        logits: x, labels: labels, classWeights: weights, ignoring: ignored, labelSmoothing: a.double(0...1),
        reduction: reduction(a)),
      crossEntropy(
        logits: x, targets: a.tensor(of: x.shape).softmax(), classWeights: weights, labelSmoothing: a.double(0...1),
        reduction: reduction(a)),
      negativeLogLikelihood(
        logProbabilities: x.logSoftmax(), labels: labels, classWeights: weights, ignoring: ignored,
        reduction: reduction(a)),
      focalLoss(
        logits: x, labels: labels, classWeights: weights, gamma: a.double(), ignoring: ignored, reduction: reduction(a)),
      multiMarginLoss(
        x, labels: labels, margin: a.double(), power: a.int(1...2), classWeights: weights, reduction: reduction(a)),
    ]
  },
  SweptCall("ctcLoss") { a in
    ctcLoss(
      logProbabilities: a.tensor(of: [4, 2, 3]).logSoftmax(), targets: a.indices([2, 2], below: 3),
      inputLengths: a.indices([2], below: 5), targetLengths: a.indices([2], below: 3),
      blank: a.isHostile ? a.int() : 0, zeroInfinity: a.flag(), reduction: reduction(a))
  },
]

private func distribution(
  _ name: String, _ make: @escaping @Sendable (SweepArguments) -> any Distribution
) -> SweptCall {
  SweptCall(name) { a in
    let made = make(a)
    let samples = made.sample(a.shape())
    return [
      made.mean, made.variance, made.mode, made.standardDeviation, made.entropy(), made.logDensity(a.parameter()),
      made.cumulativeProbability(a.parameter()), made.quantile(a.parameter()), klDivergence(from: made, to: made),
    ] + (a.isHostile ? [samples, made.logDensity(samples)] : [])
  }
}

private let sweptDistributions: [SweptCall] = [
  distribution("Bernoulli") { $0.flag() ? Bernoulli(logits: $0.parameter()) : Bernoulli(probability: $0.parameter()) },
  distribution("Binomial") { Binomial(count: $0.int(0...4), logits: $0.parameter()) },
  distribution("Binomial's probability") { Binomial(count: $0.int(0...4), probability: $0.parameter()) },
  distribution("Geometric") { Geometric(probability: $0.parameter()) },
  distribution("Poisson") { Poisson(rate: $0.parameter()) },
  distribution("NegativeBinomial") { NegativeBinomial(failures: $0.parameter(), logits: $0.parameter()) },
  distribution("Categorical") { Categorical(logits: $0.parameter()) },
  distribution("Categorical's probabilities") { Categorical(probabilities: $0.parameter()) },
  distribution("OneHotCategorical") { OneHotCategorical(logits: $0.parameter(), isStraightThrough: $0.flag()) },
  distribution("Multinomial") { Multinomial(count: $0.int(0...3), logits: $0.parameter()) },
  distribution("Uniform") { Uniform(low: $0.parameter(), high: $0.parameter()) },
  distribution("Exponential") { Exponential(rate: $0.parameter()) },
  distribution("Laplace") { Laplace(location: $0.parameter(), scale: $0.parameter()) },
  distribution("Gumbel") { Gumbel(location: $0.parameter(), scale: $0.parameter()) },
  distribution("Weibull") { Weibull(scale: $0.parameter(), concentration: $0.parameter()) },
  distribution("Gamma") { Gamma(concentration: $0.parameter(), rate: $0.parameter()) },
  distribution("ChiSquared") { ChiSquared(degreesOfFreedom: $0.parameter()) },
  distribution("InverseGamma") { InverseGamma(concentration: $0.parameter(), rate: $0.parameter()) },
  distribution("Beta") { Beta(alpha: $0.parameter(), beta: $0.parameter()) },
  distribution("Dirichlet") { Dirichlet(concentration: $0.parameter()) },
  distribution("Cauchy") { Cauchy(location: $0.parameter(), scale: $0.parameter()) },
  distribution("HalfCauchy") { HalfCauchy(scale: $0.parameter()) },
  distribution("Pareto") { Pareto(scale: $0.parameter(), exponent: $0.parameter()) },
  distribution("GeneralizedPareto") {
    GeneralizedPareto(location: $0.parameter(), scale: $0.parameter(), concentration: $0.parameter())
  },
  distribution("Kumaraswamy") { Kumaraswamy($0.parameter(), $0.parameter()) },
  distribution("MultivariateNormal") {
    $0.flag()
      ? MultivariateNormal(mean: $0.parameter(), covariance: $0.matrices())
      : MultivariateNormal(mean: $0.parameter(), factor: $0.matrices())
  },
  distribution("LowRankMultivariateNormal") {
    LowRankMultivariateNormal(mean: $0.parameter(), factor: $0.tensor(2...3), diagonal: $0.parameter())
  },
  distribution("Wishart") { Wishart(degreesOfFreedom: $0.parameter(), scale: $0.matrices()) },
  distribution("Normal") { Normal(mean: $0.parameter(), standardDeviation: $0.parameter()) },
  distribution("LogNormal") { LogNormal(logMean: $0.parameter(), logStandardDeviation: $0.parameter()) },
  distribution("HalfNormal") { HalfNormal(scale: $0.parameter()) },
  distribution("LogisticNormal") { LogisticNormal(mean: $0.parameter(), standardDeviation: $0.parameter()) },
  distribution("RelaxedBernoulli") { RelaxedBernoulli(temperature: $0.parameter(), logits: $0.parameter()) },
  distribution("RelaxedOneHotCategorical") {
    RelaxedOneHotCategorical(temperature: $0.parameter(), logits: $0.parameter())
  },
  distribution("StudentT") {
    StudentT(degreesOfFreedom: $0.parameter(), location: $0.parameter(), scale: $0.parameter())
  },
  distribution("FisherSnedecor") { FisherSnedecor(numerator: $0.parameter(), denominator: $0.parameter()) },
  distribution("VonMises") { VonMises(location: $0.parameter(), concentration: $0.parameter()) },
  distribution("Independent") { Independent(Normal(mean: $0.parameter()), rank: $0.int(0...2)) },
  distribution("MixtureSameFamily") {
    MixtureSameFamily(
      Categorical(logits: $0.parameter()), Normal(mean: $0.parameter(), standardDeviation: $0.parameter()))
  },
  distribution("TransformedDistribution") { a in
    let transforms: [Transform] = [
      .exp, .sigmoid, .tanh, .softplus, .abs, .softmax, .stickBreaking, .power(a.parameter()),
      .affine(location: a.parameter(), scale: a.parameter()), .cumulativeProbability(of: Normal()),
      Transform.exp.followed(by: .affine(location: a.parameter(), scale: 2)).inverted,
    ]
    let transform = transforms[Int.random(in: transforms.indices, using: &a.numbers)]
    return TransformedDistribution(Normal(mean: a.parameter(), standardDeviation: a.parameter()), transform)
  },
  SweptCall("gumbelSoftmax") { gumbelSoftmax($0.tensor(1...3), temperature: $0.parameter(), isHard: $0.flag()) },
]
