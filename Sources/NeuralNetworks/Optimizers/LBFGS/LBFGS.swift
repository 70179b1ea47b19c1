import Tensors

/// L-BFGS: steps along the inverse of the loss's curvature, as the last gradients and steps show it, as far as a line
/// search says. For losses without randomness (whole data sets, no dropout) and small networks: it needs a fraction of the
/// steps of the other optimizers, and each costs several evaluations of the loss.
///
/// d = −H g, where H is what the BFGS updates by the last `history` pairs (s, y) of steps and changes of the gradient make
/// of γ · 1, γ = sᵀy / yᵀy. The line search finds t with f(θ + t d) ≤ f + 10⁻⁴ t gᵀd and |g(θ + t d)ᵀd| ≤ 0.9 |gᵀd|.
///
/// ```swift
/// let optimizer = LBFGS(for: model)
/// let loss = try optimizer.minimize { crossEntropy(logits: $0(images), labels: labels) }
/// ```
///
/// Its arithmetic is in double precision; values of the model are of its own type. Running statistics of batch
/// normalization do not change. Stores 2 · `history` values a parameter.
///
/// Source: Nocedal & Wright, "Numerical Optimization", 2006, algorithms 7.4 (the direction), 3.5 and 3.6 (the line search
/// with the strong Wolfe conditions); the first step and the ends as PyTorch's `LBFGS`.
public final class LBFGS<Model: Layer> {
  /// How far the line search begins with; in the first step as a share of 1 / ‖g‖₁, where that is below 1.
  public var learningRate: Double
  /// How many pairs of steps and changes of the gradient are kept.
  public let history: Int
  /// A minimum is found where no element of the gradient is larger.
  public let gradientTolerance: Double
  /// Nor goes it on where neither loss nor parameters change by more.
  public let changeTolerance: Double
  private let model: Model
  private var curvature: InverseCurvature
  private var direction: [Double] = []
  private var step = 0.0
  private var last: [Double]?

  /// L-BFGS for the trainable parameters of `model`.
  public init(
    for model: Model, learningRate: Double = 1, history: Int = 100, gradientTolerance: Double = 1e-7,
    changeTolerance: Double = 1e-9
  ) {
    (self.model, self.learningRate, self.history) = (model, learningRate, history)
    (self.gradientTolerance, self.changeTolerance) = (gradientTolerance, changeTolerance)
    curvature = InverseCurvature(limit: max(history, 1))
  }

  /// Takes up to `iterations` steps that lower `loss`, and returns it after the last one. A later call goes on with what
  /// is known of the curvature.
  ///
  /// Throws the error of a failed tensor, and a `TensorError` for settings that cannot be and a loss that is not finite;
  /// the parameters then are what they were before the step.
  @discardableResult
  public func minimize(iterations: Int = 20, _ loss: (Model) throws -> Tensor) throws -> Double {
    guard learningRate > 0, learningRate.isFinite, history > 0, gradientTolerance >= 0, changeTolerance >= 0 else {
      throw TensorError(
        "LBFGS: the learning rate must be a finite number above 0, the history at least 1 and tolerances at least 0, not "
          + "\(learningRate), \(history), \(gradientTolerance) and \(changeTolerance)")
    }
    var start = try values()
    var here = try point(at: start, loss)
    guard here.value.isFinite else { throw TensorError("LBFGS: the loss is not finite: \(here.value)") }
    for _ in 0..<max(iterations, 0) where here.gradient.greatestMagnitude > gradientTolerance {
      if let last {
        curvature.add(step: direction.map { $0 * step }, change: zip(here.gradient, last).map { $0 - $1 })
        direction = curvature.applied(to: here.gradient).map { -$0 }
        step = learningRate
      } else {
        direction = here.gradient.map { -$0 }
        step = min(1, 1 / here.gradient.reduce(0) { $0 + abs($1) }) * learningRate
      }
      last = here.gradient
      let slope = dot(here.gradient, direction)
      guard slope <= -changeTolerance else { break }
      let before = here
      do {
        let search = LineSearch(tolerance: changeTolerance / max(direction.greatestMagnitude, .leastNonzeroMagnitude))
        let found = try search.run(from: before, slope: slope, first: step) { distance in
          let point = try point(at: zip(start, direction).map { $0 + distance * $1 }, loss)
          return (point, dot(point.gradient, direction))
        }
        (step, here) = (found.distance, found.point)
      } catch {
        try set(start)
        throw error
      }
      start = zip(start, direction).map { $0 + step * $1 }
      let moved = direction.greatestMagnitude * step
      if moved <= changeTolerance || abs(here.value - before.value) < changeTolerance { break }
    }
    try set(start)
    return here.value
  }

  private func point(at values: [Double], _ loss: (Model) throws -> Tensor) throws -> LineSearch.Point {
    try set(values)
    let (value, gradients) = try valueAndGradient(of: model, loss)
    let wanted = parameters.map { gradients[$0] ?? .zeros($0.shape) }
    try evaluate([value] + wanted)
    return LineSearch.Point(
      value: try Double(value.cast(to: .float64).scalar(as: Double.self)),
      gradient: try wanted.flatMap { try $0.cast(to: .float64).values(as: Double.self) })
  }

  private var parameters: [Parameter] { model.parameters.map(\.parameter).filter(\.isTrainable) }

  private func values() throws -> [Double] {
    try parameters.flatMap { try $0.tensor.cast(to: .float64).values(as: Double.self) }
  }

  private func set(_ values: [Double]) throws {
    var rest = values[...]
    for parameter in parameters {
      let own = Array(rest.prefix(parameter.count))
      rest = rest.dropFirst(parameter.count)
      try parameter.variable().set(converting: Tensor(own, shape: parameter.shape.dimensions))
    }
  }
}

extension [Double] {
  fileprivate var greatestMagnitude: Double { reduce(0) { Swift.max($0, abs($1)) } }
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
