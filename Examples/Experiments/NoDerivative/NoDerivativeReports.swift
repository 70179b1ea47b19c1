import Training

extension CircleTask {
  /// The step's own derivative changes no hidden weight; with the straight-through estimator the network is better in
  /// at least nine of ten trainings.
  static func report(_ seeds: [UInt64]) throws -> ExperimentReport {
    var report = ExperimentReport(
      lines: ["share of points on the right side of the circle, mean over seeds"], holds: true, charts: [])
    var results: [StepUnits: [Result]] = [:]
    for units in StepUnits.allCases {
      let found = try seeds.map { try run(units, seed: $0) }
      results[units] = found
      let accuracy = found.map(\.accuracy).reduce(0, +) / Double(found.count)
      let unchanged = found.count { $0.isHiddenUnchanged }
      report.lines.append(
        "\(units.rawValue): \(decimal(100 * accuracy, 1)) %, hidden weights unchanged in \(unchanged) of \(found.count)"
      )
      report.holds = report.holds && unchanged == (units == .step ? found.count : 0)
    }
    let better = zip(results[.straightThrough] ?? [], results[.step] ?? []).count { $0.accuracy > $1.accuracy }
    report.lines.append("straight-through is better than the step in \(better) of \(seeds.count)")
    report.holds = report.holds && better * 10 >= seeds.count * 9
    report.charts = [
      LineChart(
        "Hidden units that are on or off", note: "cross-entropy; range over seeds", yScale: .logarithmic,
        StepUnits.allCases.map { units in
          LineChart.Series(units.rawValue, band((results[units] ?? []).map { $0.losses.map(Double.init) }, every: 10))
        }
      ).html
    ]
    return report
  }
}

extension SampledUnit {
  /// The mean of estimates is the exact gradient, for the score function, and another, for the straight-through
  /// estimator, whose training ends at p = 0.45 instead of 0.
  static func report(_ seeds: [UInt64]) throws -> ExperimentReport {
    var report = ExperimentReport(lines: [], holds: true, charts: [])
    let count = 4000
    for theta in [-2.0, 0, 2] {
      let p = Double(1) / (1 + Double.exp(-theta))
      report.lines.append("p = \(decimal(p, 3)): exact gradient \(decimal(exactGradient(p), 4))")
      for kind in allCases {
        let (mean, deviation) = try kind.estimates(at: theta, count: count, seed: 1992)
        report.lines.append("  \(kind.rawValue): mean \(decimal(mean, 4)), standard deviation \(decimal(deviation, 4))")
        let expected = kind == .straightThrough ? straightThroughMean(p) : exactGradient(p)
        report.holds = report.holds && abs(mean - expected) <= 5 * deviation / Double(count).squareRoot() + 1e-7
      }
    }
    var series: [LineChart.Series] = []
    for kind in allCases {
      let paths = try seeds.map { try kind.train(seed: $0) }
      let ends = paths.compactMap(\.last)
      let mean = ends.reduce(0, +) / Double(ends.count)
      report.lines.append("trained by the \(kind.rawValue): p ends at \(decimal(mean, 3)) (mean over seeds)")
      report.holds = report.holds && (kind == .straightThrough ? abs(mean - target) < 0.05 : mean < 0.05)
      series.append(LineChart.Series(kind.rawValue, band(paths, every: 10)))
    }
    report.charts = [
      LineChart("A unit that is drawn", note: "p, mean and range over seeds; the best is 0", y: "", series).html
    ]
    return report
  }
}
