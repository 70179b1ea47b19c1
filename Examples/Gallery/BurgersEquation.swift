import Backprop
import Foundation

/// A physics-informed network solves Burgers' equation uₜ + u · uₓ = ν · uₓₓ for −1 ≤ x ≤ 1 and 0 ≤ t ≤ 1, with
/// u(x, 0) = −sin πx and u(±1, t) = 0, without any data: the loss is how far the network is from the equation and its
/// boundary, with derivatives of the network by its inputs.
///
/// Measured by the relative error ‖u − exact‖ / ‖exact‖; the exact solution is the integral of Cole and Hopf.
///
/// Sources: Raissi, Perdikaris & Karniadakis, "Physics-informed neural networks", Journal of Computational Physics 378 (2019),
/// section 3.1.1; Basdevant et al., "Spectral and finite difference solutions of the Burgers equation", 1986 (the integral).
///
/// Result: 0.25 % (untrained 137 %); 2.5 s of one core.
enum BurgersEquation: Program {
  static let name = "physics"
  private static let viscosity = 0.05

  static func run(quick: Bool) throws -> Finding {
    let network = Sequential {
      Dense(2, 20, activation: .tanh)
      Dense(20, 20, activation: .tanh)
      Dense(20, 20, activation: .tanh)
      Dense(20, 1)
    }
    func u(_ x: Tensor, _ t: Tensor) -> Tensor { network(.concatenated([x, t], axis: 1)) }

    // Points inside, at the beginning and at both ends.
    var random = SeededGenerator(seed: 0)
    func points(_ count: Int, in range: ClosedRange<Float>) -> Tensor {
      Tensor((0..<count).map { _ in .random(in: range, using: &random) }, shape: [count, 1])
    }
    let (x, t) = (points(1000, in: -1...1), points(1000, in: 0...1))
    let (beginning, ends) = (points(100, in: -1...1), points(100, in: 0...1))
    let left = Tensor.full([100, 1], -1)

    let optimizer = LBFGS(for: network)
    let loss = { (_: Sequential) -> Tensor in
      let value = u(x, t)
      let byTime = value.sum().gradient(withRespectTo: t)
      let byPlace = value.sum().gradient(withRespectTo: x)
      let curvature = byPlace.sum().gradient(withRespectTo: x)
      let residual = byTime + value * byPlace - .constant(viscosity) * curvature
      let start = u(beginning, .zeros([100, 1])) + (beginning * .constant(.pi)).sin()
      return residual.square().mean() + start.square().mean() + u(left, ends).square().mean()
        + u(-left, ends).square().mean()
    }
    let before = try error(of: u)
    try optimizer.minimize(iterations: quick ? 200 : 800, loss)
    let after = try error(of: u)
    return Finding(
      value: after,
      text: "relative error \((100 * after).decimals(2)) %, untrained \(before.percent)")
  }

  /// On a grid of 41 × 11 points.
  private static func error(of u: (Tensor, Tensor) -> Tensor) throws -> Double {
    var (found, solution): ([Float], [Double]) = ([], [])
    for time in stride(from: 0, through: 1, by: 0.1) {
      let places = (-20...20).map { Double($0) / 20 }
      let x = Tensor(places.map(Float.init), shape: [places.count, 1])
      found += try u(x, .full(x.shape, time)).values()
      solution += places.map { exact(x: $0, t: time) }
    }
    let squares = zip(found, solution).map { pow(Double($0) - $1, 2) }
    return (squares.reduce(0, +) / solution.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  /// u = −∫ sin π(x − η) f(x − η) g(η) dη / ∫ f(x − η) g(η) dη with f(y) = exp(−cos πy / 2πν), g(η) = exp(−η² / 4νt).
  private static func exact(x: Double, t: Double) -> Double {
    if t == 0 { return -sin(.pi * x) }
    var (above, below) = (0.0, 0.0)
    for step in -400...400 {
      let z = Double(step) / 100  // η in units of √(4νt), beyond which g is 0
      let y = x - z * (4 * viscosity * t).squareRoot()
      let weight = exp(-cos(.pi * y) / (2 * .pi * viscosity) - z * z)
      above += sin(.pi * y) * weight
      below += weight
    }
    return -above / below
  }
}
