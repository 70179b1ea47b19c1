import Backprop

/// A Wasserstein GAN with gradient penalty learns a distribution of eight clusters in a circle, which a GAN by the
/// classical loss tends to draw only some of.
///
/// The critic's loss has the norm of its own gradient in it, so training needs gradients of gradients: they are tensors like
/// others, and differentiated like others.
///
/// Measured by the share of drawn points that are within three standard deviations of a cluster's center, and by the number
/// of clusters that have at least a sixteenth of the points.
///
/// Source: Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville, "Improved Training of Wasserstein GANs", NIPS 2017, algorithm 1.
///
/// Result: 85.6 % of 4,096 points, and all eight clusters; 6 s of one core.
enum WassersteinGAN: Program {
  static let name = "wgan-gp"
  private static let batch = 128, deviation = 0.15

  private static func network(_ inputs: Int, _ outputs: Int) -> Sequential {
    Sequential {
      Dense(inputs, 128, activation: .relu)
      Dense(128, 128, activation: .relu)
      Dense(128, outputs)
    }
  }

  /// The centers of the clusters, [8, 2].
  private static var centers: Tensor {
    let angles = Tensor.arange(to: 8).cast(to: .float32) * .constant(.pi / 4)
    return .stacked([angles.cos(), angles.sin()], axis: 1) * 2
  }

  private static func realPoints() -> Tensor {
    let clusters = (Tensor.randomUniform([batch]) * 8).floor().cast(to: .int32)
    return centers.rows(clusters) + .randomNormal([batch, 2]) * .constant(deviation)
  }

  static func run(quick: Bool) throws -> Finding {
    let (generator, critic) = (network(2, 2), network(2, 1))
    func draw(_ count: Int = batch) -> Tensor { generator(.randomNormal([count, 2])) }

    let criticOptimizer = Adam(for: critic, learningRate: 1e-3, beta1: 0, beta2: 0.9)
    let criticize = CompiledStep(with: criticOptimizer, for: critic) { critic, _ in
      let (real, drawn) = (realPoints(), draw())
      let between = drawn + .randomUniform([batch, 1]) * (real - drawn)
      let slopes = critic(between).sum().gradient(withRespectTo: between).norm(axes: [1])
      return critic(drawn).mean() - critic(real).mean() + 0.1 * (slopes - 1).square().mean()
    }
    let generatorOptimizer = Adam(for: generator, learningRate: 5e-4, beta1: 0, beta2: 0.9)
    let improve = CompiledStep(with: generatorOptimizer, for: generator) { _, _ in -critic(draw()).mean() }
    for _ in 0..<(quick ? 500 : 2000) {
      for _ in 0..<5 { try criticize([]) }
      try improve([])
    }
    let distances = draw(4096).distances(to: centers)
    let nearest = try (-distances).argmax().values(as: Int32.self)
    let isNear = try distances.min(axes: [1]).values().map { Double($0) < 3 * deviation }
    let counts = (0..<Int32(8)).map { cluster in zip(nearest, isNear).count { $0 == (cluster, true) } }
    let share = Double(counts.reduce(0, +)) / 4096
    return Finding(
      value: share,
      text: "\(share.percent) of the points near a center, \(counts.count { $0 >= 256 }) of 8 clusters drawn")
  }
}
