import NeuralNetworks
import Testing

@testable import Tensors

/// Densities, moments and gradients against PyTorch and SciPy, and samples against cumulative probabilities.
@Suite struct DistributionTests {
  @Test func thereAreAllCases() throws {
    let content = try DistributionCase.content()
    #expect(content.cases.count == 45)
    #expect(content.divergences.count == 27)
    #expect(Set(content.cases.map(\.distribution)).count == 39)
  }

  private func expectClose(
    _ found: Tensor, _ expected: DistributionCase.Array, _ what: String, tolerance: Double = 1e-10
  ) throws {
    #expect(found.shape.dimensions == expected.shape, "\(what)")
    let scale = expected.values.reduce(1) { max($0, abs($1)) }
    let error = zip(try found.cast(to: .float64).values(as: Double.self), expected.values).reduce(0) {
      max($0, abs($1.0 - $1.1))
    }
    #expect(error <= tolerance * scale, "\(what): \(error)")
  }

  /// To 1e-10 of the greatest number in float64.
  @Test(arguments: try DistributionCase.content().cases) func matchesPyTorch(_ example: DistributionCase) throws {
    let leaves = example.parameters.mapValues(\.tensor)
    let distribution = try example.made(of: leaves)
    let isOfClasses = example.distribution == "Categorical"
    let x = isOfClasses ? example.x.tensor.cast(to: .int32) : example.x.tensor
    let density = distribution.logDensity(x)
    #expect(distribution.batchShape == density.shape || example.distribution == "MixtureOfVectors")
    let closed: [String: Tensor] = [
      "logDensity": density, "mean": distribution.mean, "variance": distribution.variance, "mode": distribution.mode,
      "entropy": distribution.entropy(), "cumulative": distribution.cumulativeProbability(x),
      "quantile": distribution.quantile(Tensor([0.02, 0.3, 0.5, 0.9] as [Double], shape: [4])),
    ]
    for (name, expected) in example.results {
      let found = try #require(closed[name])
      // Cumulative probabilities that are no closed form are recorded for the samples.
      if name == "cumulative", found.failure != nil { continue }
      let error = name == "mode" ? 0 : 1e-10
      try expectClose(found.cast(to: .float64), expected, name, tolerance: max(error, 1e-10))
    }
    guard let gradients = example.gradients else { return }
    for (name, expected) in gradients {
      let leaf = name == "x" ? x : try #require(leaves[name])
      let found = try #require(Tensors.gradients(of: density.sum(), withRespectTo: [leaf])[0], "no gradient of \(name)")
      try expectClose(found, expected, "gradient of \(name)")
    }
  }

  @Test(arguments: try DistributionCase.content().divergences)
  func divergencesMatchPyTorch(_ example: DistributionCase.Divergence) throws {
    let p = try DistributionCase.make(example.from, example.p.map(\.tensor))
    let q = try DistributionCase.make(example.to, example.q.map(\.tensor))
    try expectClose(klDivergence(from: p, to: q), example.divergence, "divergence")
    try expectClose(
      klDivergence(from: p, to: p),
      DistributionCase.Array(shape: example.divergence.shape, values: example.divergence.values.map { _ in 0 }),
      "divergence from itself", tolerance: 1e-14 * 100)
  }

  /// Means within five standard errors, and Kolmogorov's and Smirnov's distance, whose bound 2 / √n is exceeded once in 1,500 times.
  @Test(arguments: try DistributionCase.content().cases) func samplesHaveTheDistribution(_ example: DistributionCase)
    throws
  {
    try Random.$current.withValue(Random(seed: 17)) {
      let count = 4000
      let distribution = try example.made(of: example.parameters.mapValues { $0.tensor.cast(to: .float32) })
      let samples = distribution.sample([count])
      let event = Shape(distribution.batchShape.dimensions + distribution.eventShape.dimensions)
      #expect(samples.shape == Shape([count] + event.dimensions))
      let values = try samples.cast(to: .float64).values(as: Double.self)
      let width = event.elementCount
      if let mean = example.results["mean"]?.values, let variance = example.results["variance"]?.values,
        example.distribution != "VonMises"
      {
        for i in 0..<width {
          let average = stride(from: i, to: values.count, by: width).reduce(0) { $0 + values[$1] } / Double(count)
          let error = (variance[i] / Double(count)).squareRoot()
          // Of long tails the mean of so few samples is farther away.
          if !["Pareto", "FisherSnedecor", "InverseGamma", "StudentT"].contains(example.distribution) {
            #expect(abs(average - mean[i]) <= 5 * error, "mean \(i): \(average) of \(mean[i])")
          }
        }
      }
      let cumulative = distribution.cumulativeProbability(samples)
      let isDiscrete = ["Geometric", "Binomial", "Poisson", "NegativeBinomial"].contains(example.distribution)
      if cumulative.failure == nil, !isDiscrete {
        let probabilities = try cumulative.values()
        for i in 0..<width {
          let column = stride(from: i, to: probabilities.count, by: width).map { Double(probabilities[$0]) }.sorted()
          let distance = column.enumerated().reduce(0) {
            max($0, abs($1.element - (Double($1.offset) + 0.5) / Double(count)))
          }
          #expect(distance <= 2 / Double(count).squareRoot(), "distance \(i): \(distance)")
        }
      } else if let expected = example.results["cumulative"]?.values {
        for i in 0..<width {
          let below = stride(from: i, to: values.count, by: width).count { values[$0] <= example.x.values[i] + 1e-6 }
          let error = (expected[i] * (1 - expected[i]) / Double(count)).squareRoot()
          let share = Double(below) / Double(count)
          #expect(abs(share - expected[i]) <= 5 * error + 1e-3, "share \(i): \(share) of \(expected[i])")
        }
      }
      #expect(!values.contains { !$0.isFinite })
    }
  }

  @Test func samplesAreReparameterized() throws {
    let (mean, deviation) = (Tensor([0.5, -1], shape: [2]), Tensor([2, 0.5], shape: [2]))
    let normal = Normal(mean: mean, standardDeviation: deviation)
    let samples = normal.sample([100])
    let found = gradients(of: samples.sum(), withRespectTo: [mean, deviation])
    #expect(try found[0]?.values() == [100, 100])
    let noise = try ((samples - mean) / deviation).sum(axes: [0]).values()
    for (a, b) in zip(try #require(try found[1]?.values()), noise) { #expect(abs(a - b) < 1e-3) }

    let logits = Tensor([0.5, -1, 2], shape: [3])
    let hot = OneHotCategorical(logits: logits, isStraightThrough: true).sample([7])
    #expect(try hot.values().allSatisfy { abs($0) < 1e-6 || abs($0 - 1) < 1e-6 })
    let weights = Tensor([1, 2, 3], shape: [3])
    let through = try #require(gradients(of: (hot * weights).sum(), withRespectTo: [logits])[0])
    let direct = try #require(gradients(of: (7 * logits.softmax() * weights).sum(), withRespectTo: [logits])[0])
    for (a, b) in zip(try through.values(), try direct.values()) { #expect(abs(a - b) < 1e-5) }
    let hard = try gumbelSoftmax(logits, temperature: 0.5, isHard: true).values()
    #expect(abs(hard.reduce(0, +) - 1) < 1e-5)
    #expect(gradients(of: gumbelSoftmax(logits, temperature: 0.5).max(), withRespectTo: [logits])[0] != nil)
    #expect(gradients(of: Beta(alpha: mean + 1, beta: deviation).sample([3]).sum(), withRespectTo: [mean])[0] == nil)
  }

  @Test func numbersAreParametersToo() throws {
    let standard = Normal()
    #expect(standard.batchShape == [])
    let densities = try standard.logDensity(Tensor([0, 1], shape: [2])).values()
    #expect(abs(densities[0] + 0.918_938_5) < 1e-6)
    #expect(abs(densities[1] + 1.418_938_5) < 1e-6)
    let mixed = Gamma(concentration: Tensor([1, 2] as [Double], shape: [2]), rate: 0.1)
    #expect(try mixed.mean.values(as: Double.self) == [10, 20])
    #expect(try Bernoulli(probability: 0.25).mean.scalar() == 0.25)
    #expect(
      try Categorical(probabilities: Tensor([1, 3], shape: [2])).probabilities.values().map { ($0 * 4).rounded() } == [
        1, 3,
      ])
    #expect(try Uniform().logDensity(Tensor([0.5, 1, -1], shape: [3])).values() == [0, -.infinity, -.infinity])
    #expect(try klDivergence(from: Uniform(low: 0, high: 2), to: Uniform()).scalar() == .infinity)
  }

  @Test func whatIsNotThereIsNamed() throws {
    let (a, b) = (Tensor.ones([2]), Tensor.ones([3]))
    for (failed, words) in [
      (Cauchy().mean, "Cauchy: there is no mean"),
      (Gamma(concentration: 2).quantile(0.5), "Gamma: there is no quantile"),
      (Normal(mean: a, standardDeviation: b).mean, "Normal: needs parameters"),
      (Normal(mean: a.cast(to: .int32)).sample(), "Normal: needs parameters"),
      (klDivergence(from: Normal(), to: Cauchy()), "klDivergence: there is no closed form from Normal to Cauchy"),
      (MultivariateNormal(mean: a, covariance: .eye(3)).sample(), "MultivariateNormal: means [2]"),
      (Dirichlet(concentration: 1).mean, "Dirichlet: needs"), (Categorical(logits: 1).sample(), "Categorical: needs"),
      (Binomial(count: -1, logits: 0).mean, "Binomial: needs"),
      (Multinomial(count: -1, logits: a).mean, "Multinomial: needs"),
      (TransformedDistribution(Normal(mean: a), .softmax).logDensity(a), "Transform.softmax: has no density"),
      (Wishart(degreesOfFreedom: a, scale: Tensor.eye(3).broadcast(to: [3, 3, 3])).mean, "Wishart: needs parameters"),
    ] {
      let error = try #require(failed.failure)
      #expect(error.message.hasPrefix(words), "\(error.message)")
    }
  }
}
