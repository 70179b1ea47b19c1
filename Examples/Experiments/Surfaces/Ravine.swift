import Backprop
import Training

/// A ravine, a hundred times as steep across as along: gradient descent goes back and forth across it or slowly along
/// it, and momentum adds up what points along and cancels what points across.
///
/// Source: Polyak 1964; Rumelhart, Hinton & Williams, Nature 323 (1986), page 535; Sutton 1986.
enum Ravine {
  /// Momentum needs at most half of the steps of gradient descent, each at its best rate.
  static func report() throws -> ExperimentReport {
    let optimizers: [OptimizerName] = [.sgd, .momentum, .nesterov, .adam]
    let comparison = try SurfaceComparison(optimizers, on: [.ravine], seeds: 1, hasTrails: false)
    let lines = comparison.rows.map { row in
      "\(row.optimizer): \(row.stepsToTarget.map { decimal($0, 0) } ?? "more than 2000") steps at the rate "
        + decimal(row.learningRate, 4)
    }
    let steps = comparison.rows.map { $0.stepsToTarget ?? .infinity }
    let surface = Surface.ravine
    let paths = try zip(optimizers, comparison.rows).map { name, row in
      let path = try SurfaceDescent(surface, name).path(learningRate: row.learningRate, limit: 60, continues: true)
      return LineChart.Series(row.optimizer, path.points.map { .init(x: $0.x, y: $0.y) })
    }
    let chart = ContourChart(
      "Ravine", note: "\(surface.formula); 60 steps", x: surface.ranges.x, y: surface.ranges.y,
      values: try surface.grid(), paths: paths, target: surface.minimum)
    return ExperimentReport(lines: lines, holds: 2 * steps[1] <= steps[0], charts: [chart.html], columns: 1)
  }
}
