import Backprop

/// A unit that is 1 with probability p = σ(θ) and 0 otherwise: a sample has no derivative, but its expected loss has
/// one.
///
/// The loss of a sample b is (b − 0.45)², so the expected loss is least where p = 0. Its exact gradient is
/// (f(1) − f(0)) · p (1 − p) with f(1) − f(0) = 0.1.
///
/// - The score function's estimate, (f(b) − c) · (b − p), has the right mean for every baseline c. Source: Williams, "Simple
///   Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning", Machine Learning 8 (1992).
/// - The straight-through estimate, f'(b) · p (1 − p), has another mean: it ends at p = 0.45. Source: Bengio, Léonard & Courville 2013.
///
/// The task is that of Tucker et al., "REBAR", NeurIPS 2017, section 5.1.
enum SampledUnit: String, CaseIterable {
  case score = "score function"
  case baseline = "score function with a baseline"
  case straightThrough = "straight-through"

  static let target: Double = 0.45

  /// f(b) = (b − 0.45)², of each sample.
  private static func losses(of samples: Tensor) -> Tensor { (samples - .constant(target)).square() }

  /// The mean loss of `count` samples, whose gradient with respect to θ ([1]) is the estimate.
  func loss(_ theta: Tensor, samples count: Int) -> Tensor {
    let draws = Tensor.randomUniform([count])
    let theta = theta.broadcast(to: [count])
    switch self {
    case .score, .baseline:
      let samples = draws.less(than: theta.sigmoid().stoppingGradient()).cast(to: .float32)
      let hasBaseline = self == .baseline
      return Tensor.customGradient(of: theta) { _ in
        Self.losses(of: samples)
      } gradient: { theta, losses, upstream in
        // The mean of the other samples' losses: the one of all depends on the sample itself, which shifts the
        // estimate.
        let others = (losses.sum() - losses) * .constant(1 / Double(max(count - 1, 1)))
        return upstream * (hasBaseline ? losses - others : losses) * (samples - theta.sigmoid())
      }.mean()
    case .straightThrough:
      let samples = Tensor.customGradient(of: theta) {
        draws.less(than: $0.sigmoid()).cast(to: .float32)
      } gradient: { theta, _, upstream in
        let p = theta.sigmoid()
        return upstream * p * (1 - p)
      }
      return Self.losses(of: samples).mean()
    }
  }

  /// The exact gradient of the expected loss, and that of the straight-through estimate's mean, at a probability.
  static func exactGradient(_ p: Double) -> Double { (1 - 2 * target) * p * (1 - p) }
  static func straightThroughMean(_ p: Double) -> Double { 2 * (p - target) * p * (1 - p) }

  /// The mean of `count` estimates at θ, and their standard deviation. An estimate is the mean over `samples` samples.
  func estimates(at theta: Double, samples: Int = 8, count: Int = 4000, seed: UInt64) throws -> (
    mean: Double, deviation: Double
  ) {
    try Random.$current.withValue(Random(seed: seed)) {
      let parameter = Tensor([Float(theta)], shape: [1])
      let estimates = try (0..<(count / 100)).flatMap { _ in
        // A hundred at a time, as one graph.
        try Tensor.concatenated(
          (0..<100).map { _ in
            gradients(of: loss(parameter, samples: samples), withRespectTo: [parameter])[0] ?? .zeros([1])
          }, axis: 0
        ).values().map(Double.init)
      }
      let mean = estimates.reduce(0, +) / Double(estimates.count)
      let variance = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(estimates.count - 1)
      return (mean, variance.squareRoot())
    }
  }

  /// The one parameter, θ.
  struct Unit: Layer {
    let theta = Parameter([0], shape: [1], name: "theta")
    func callAsFunction(_ x: Tensor) -> Tensor { theta.tensor }
  }

  static let steps = 2000

  /// p every ten steps of Adam from p = ½, each along an estimate from 32 samples.
  func train(seed: UInt64) throws -> [Double] {
    try Random.$current.withValue(Random(seed: seed)) {
      let unit = Unit()
      let step = CompiledStep(with: Adam(for: unit, learningRate: 0.01)) { _ in
        valueAndGradient(of: unit) { self.loss($0.theta.tensor, samples: 32) }.gradients
      }
      var path: [Double] = []
      for index in 0...Self.steps {
        if index.isMultiple(of: 10) { path.append(Double(try unit.theta.tensor.sigmoid().values()[0])) }
        try step([])
      }
      return path
    }
  }
}
