import Foundation
import Training

extension GradientFlow {
  /// The factor of a layer that theory gives for wide networks, where it does.
  static func expectedFactor(of design: DeepNetwork.Design) -> Double? {
    switch (design.activation, design.normalization, design.isResidual) {
    // Half of the derivatives of ReLU are 1, the others 0.
    case (.relu, .none, false): Double(design.gain) / 2.0.squareRoot()
    // Yang et al. 2019, theorem 3.9, for large batches.
    case (.relu, .batch, false): (Double.pi / (Double.pi - 1)).squareRoot()
    default: nil
    }
  }

  /// Sigmoids vanish, ReLU with gain 2 and batch normalization explode, and He's gain, and normalized residual layers
  /// keep gradients within a factor of 100 over 40 layers.
  static func report(_ seeds: [UInt64]) throws -> ExperimentReport {
    let depth = 40
    var report = ExperimentReport(
      lines: ["the gradient at the first of \(depth) layers, over that at the last"], holds: true, charts: [])
    var series: [LineChart.Series] = []
    for design in designs {
      let norms = try seeds.prefix(10).map { try relativeNorms(depth: depth, design, seed: $0) }
      let factors = norms.map(factor)
      let mean = factors.reduce(0, +) / Double(factors.count)
      let ratio = pow(mean, Double(depth - 1))
      let expected = expectedFactor(of: design)
      report.lines.append(
        "\(design.name): \(ShownNumber.short(ratio)), a factor of \(decimal(mean, 3)) a layer"
          + (expected.map { " (in theory \(decimal($0, 3)))" } ?? ""))
      if let expected { report.holds = report.holds && abs(mean / expected - 1) < 0.1 }
      if design.activation == .sigmoid, design.normalization == .none, !design.isResidual {
        report.holds = report.holds && ratio < 1e-12
      }
      if design.isResidual { report.holds = report.holds && 0.01...100 ~= ratio }
      series.append(
        LineChart.Series(
          design.name,
          (0..<depth).map { layer in
            let logs = norms.map { log($0[layer]) }
            return LineChart.Point(x: Double(layer + 1), y: exp(logs.reduce(0, +) / Double(logs.count)))
          }))
    }
    let (plain, helped) = (series.prefix(5), series.dropFirst(5))
    report.charts = [
      LineChart(
        "Activations and weights", note: "‖∂E/∂h‖ over that of the last layer", x: "layer",
        yScale: .logarithmic, Array(plain)
      ).html,
      LineChart(
        "Normalization and residual connections", note: "the same", x: "layer", yScale: .logarithmic, Array(helped)
      ).html,
    ]
    return report
  }
}
