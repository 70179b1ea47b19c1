import Tensors

/// Functions of two numbers on which optimizers are watched.
package enum Surface: String, CaseIterable, Sendable {
  /// A curved valley. Source: Rosenbrock, The Computer Journal 3 (1960).
  case rosenbrock
  /// Flat regions with steep walls. Source: Beale 1958.
  case beale
  /// Four minima. Source: Himmelblau, Applied Nonlinear Programming, 1972.
  case himmelblau
  /// A saddle point with a minimum on either side; it begins beside the line that leads into the saddle.
  case saddle
  /// ½ (u² + 100 v²), with u and v turned by 30°: a hundred times as steep across as along, so that the rate that the
  /// steep direction allows is slow along the other. Along the axes, optimizers that scale each coordinate would see no
  /// ravine.
  case ravine
  /// ½ (x² + 10 y²), whose gradient is seen with noise of standard deviation 1.
  case noisyValley = "noisy valley"

  package var formula: String {
    switch self {
    case .rosenbrock: "(1 − x)² + 100 (y − x²)²"
    case .beale: "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²"
    case .himmelblau: "(x² + y − 11)² + (x + y² − 7)²"
    case .saddle: "½ x² − ½ y² + ¼ y⁴ + ¼"
    case .ravine: "½ (u² + 100 v²), u and v rotated by 30°"
    case .noisyValley: "½ (x² + 10 y²), noisy gradients"
    }
  }

  /// The values at points: [..., 2] → [...].
  func callAsFunction(_ points: Tensor) -> Tensor {
    let parts = points.split(sizes: [1, 1], axis: -1).map { $0.squeezed(axes: [-1]) }
    let (x, y) = (parts[0], parts[1])
    return switch self {
    case .rosenbrock: (1 - x).square() + 100 * (y - x.square()).square()
    case .beale:
      (1.5 - x + x * y).square() + (2.25 - x + x * y.square()).square() + (2.625 - x + x * y.square() * y).square()
    case .himmelblau: (x.square() + y - 11).square() + (x + y.square() - 7).square()
    case .saddle: 0.5 * x.square() - 0.5 * y.square() + 0.25 * y.square().square() + 0.25
    case .ravine:
      0.5 * ((x * .constant(Self.cosine) + 0.5 * y).square() + 100 * (y * .constant(Self.cosine) - 0.5 * x).square())
    case .noisyValley: 0.5 * (x.square() + 10 * y.square())
    }
  }

  /// Of 30°, whose sine is ½.
  private static let cosine = 0.75.squareRoot()

  /// Where every optimizer begins; in the ravine at u = −9, v = 1.
  package var start: [Double] {
    switch self {
    case .rosenbrock: [-1.2, 1]
    case .beale: [1, 1.5]
    case .himmelblau: [-0.5, -1]
    case .saddle: [-1.2, 0.01]
    case .ravine: [-9 * Self.cosine - 0.5, Self.cosine - 4.5]
    case .noisyValley: [-4, 1.5]
    }
  }

  /// A minimum; the value is 0 at each.
  package var minimum: (x: Double, y: Double) {
    switch self {
    case .rosenbrock: (1, 1)
    case .beale: (3, 0.5)
    case .himmelblau: (3, 2)
    case .saddle: (0, 1)
    case .ravine, .noisyValley: (0, 0)
    }
  }

  /// What is drawn.
  package var ranges: (x: ClosedRange<Double>, y: ClosedRange<Double>) {
    switch self {
    case .rosenbrock: (-2...2, -1...3)
    case .beale: (-1...4.5, -2...2)
    case .himmelblau: (-6...6, -6...6)
    case .saddle: (-1.5...1.5, -1.5...1.5)
    case .ravine: (-10...10, -8...8)
    case .noisyValley: (-5...5, -2...2)
    }
  }

  /// The standard deviation of what is added to each component of a gradient.
  var noise: Double { self == .noisyValley ? 1 : 0 }

  /// The value that counts as reached: a ten-thousandth of the first, with noise a fiftieth.
  var targetShare: Double { self == .noisyValley ? 0.02 : 1e-4 }

  /// The steps after which an optimizer gives up.
  var steps: Int { self == .rosenbrock ? 5000 : 2000 }

  /// The values on a grid, by rows from the lowest y.
  package func grid(_ count: Int = 61) throws -> [[Double]] {
    let (xs, ys) = ranges
    let place = { (range: ClosedRange<Double>, index: Int) in
      range.lowerBound + (range.upperBound - range.lowerBound) * Double(index) / Double(count - 1)
    }
    let points = (0..<count).flatMap { row in (0..<count).flatMap { [place(xs, $0), place(ys, row)] } }
    let values = try self(Tensor(points, shape: [count * count, 2])).values(as: Double.self)
    return (0..<count).map { Array(values[($0 * count)..<(($0 + 1) * count)]) }
  }
}
