import Datasets
import NeuralNetworks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The path of one of the engine's optimizers down a surface, in float64.
///
/// The point is the one parameter of a model, and each step is a compiled one as in any training. One descent is
/// compiled for an optimizer and its momentum, and then run from the start for any learning rate.
package final class SurfaceDescent {
  private struct Point: Layer {
    let position: Parameter
    func callAsFunction(_ x: Tensor) -> Tensor { position.tensor }
  }

  /// A path down.
  package struct Path: Sendable {
    /// x and y before each step and after the last.
    package var points: [(x: Double, y: Double)] = []
    /// The surface's value at each point.
    package var values: [Double] = []
    /// The steps after which the value was at most the target and stayed there for twenty steps; with noise, the mean
    /// of the last twenty values. A path that only passes by has not arrived.
    package var stepsToTarget: Int?
  }

  private let surface: Surface
  private let optimizer: any Optimizer
  private let variable: Variable
  private let step: CompiledStep
  private let target: Double

  /// A descent by the optimizer of this name with a momentum, which optimizers without one do not take (`nil`).
  package init(_ surface: Surface, _ name: OptimizerName, momentum: Double? = nil) throws {
    self.surface = surface
    let point = try Point(position: Parameter(.zeros, shape: [2], fanIn: 1, fanOut: 1)).copy(as: .float64)
    variable = try point.position.variable()
    // Weights that decay to 0 would be drawn to where some of the minima are.
    optimizer = try makeOptimizer(
      named: name.rawValue, for: point, learningRate: 1, momentum: momentum.map { Float($0) }, weightDecay: 0)
    step = CompiledStep(with: optimizer) { inputs, _ in
      var value = Tensor.zeros([])
      let (_, gradients) = valueAndGradient(of: point) { point in
        value = surface(point.position.tensor)
        // Its gradient with respect to the position is the noise.
        return value + (point.position.tensor * inputs[0]).sum()
      }
      return (gradients, [value])
    }
    target = try surface.targetShare * surface(Tensor(surface.start, shape: [2])).scalar(as: Double.self)
  }

  /// How long the target must be kept.
  static let patience = 20

  /// Goes down from the start until the target is reached and kept or there were `limit` steps; with `continues`, on to
  /// the limit.
  package func path(learningRate: Double, limit: Int, seed: UInt64 = 0, continues: Bool = false) throws -> Path {
    optimizer.learningRate = Float(learningRate)
    optimizer.stepCount = 0
    try variable.set(surface.start)
    for state in optimizer.stateVariables { try state.set([0, 0] as [Double]) }
    var path = Path()
    /// Since which step the value has been at most the target.
    var since: Int?
    var noise = GaussianNoise(seed: seed, deviation: surface.noise)
    for index in 0..<limit {
      let place = try variable.values(as: Double.self)
      let disturbance = Tensor([noise.next(), noise.next()], shape: [2])
      let value: Double
      do { value = try step([disturbance])[1].scalar(as: Double.self) } catch let error as TensorError {
        // Squares out of range: the path ends where it diverged.
        guard index > 0 else { throw error }
        return path
      }
      path.points.append((place[0], place[1]))
      path.values.append(value)
      guard value.isFinite, value < 1e12 else { return path }
      let recent = path.values.suffix(surface.noise > 0 ? Self.patience : 1)
      let isBelow =
        recent.reduce(0, +) <= target * Double(recent.count) && (surface.noise == 0 || index >= Self.patience - 1)
      since = isBelow ? since ?? index : nil
      if path.stepsToTarget == nil, let since, index - since == Self.patience - 1 {
        path.stepsToTarget = since
        if !continues { return path }
      }
    }
    return path
  }
}

/// Normally distributed numbers. Source: Box & Muller, Annals of Mathematical Statistics 29 (1958).
private struct GaussianNoise {
  private var generator: SeededGenerator
  private let deviation: Double

  init(seed: UInt64, deviation: Double) {
    generator = SeededGenerator(seed: seed)
    self.deviation = deviation
  }

  mutating func next() -> Double {
    guard deviation > 0 else { return 0 }
    let radius = Double((generator.next() >> 11) + 1) * 0x1p-53
    let angle = Double(generator.next() >> 11) * 0x1p-53
    return deviation * (-2 * log(radius)).squareRoot() * cos(2 * Double.pi * angle)
  }
}
