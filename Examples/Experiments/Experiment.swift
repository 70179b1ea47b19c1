import Training

/// The experiments by their names.
enum Experiment: String, CaseIterable {
  case exclusiveOr = "xor"
  case symmetry
  case familyTrees = "family-trees"
  case gradientFlow = "gradients"
  case stepUnits = "step"
  case sampledUnit = "sample"
  case ravine

  /// Runs it with the seeds from 0 up to `seeds`.
  func run(seeds: Int) throws -> ExperimentReport {
    let seeds = (0..<UInt64(seeds)).map { $0 }
    return switch self {
    case .exclusiveOr: try ExclusiveOr.report(seeds)
    case .symmetry: try Symmetry.report(seeds)
    case .familyTrees: try FamilyTraining.report(seeds)
    case .gradientFlow: try GradientFlow.report(seeds)
    case .stepUnits: try CircleTask.report(seeds)
    case .sampledUnit: try SampledUnit.report(seeds)
    case .ravine: try Ravine.report()
    }
  }
}

/// What an experiment came to.
struct ExperimentReport {
  /// A finding each.
  var lines: [String]
  /// Whether it came out as `docs/algorithms.md` says.
  var holds: Bool
  var charts: [HTML]
  /// How many charts are side by side in the picture.
  var columns = 2
}

/// Curves of several seeds as one: the mean, and a band from the least to the greatest.
func band(_ curves: [[Double]], every interval: Int = 1) -> [LineChart.Point] {
  (0..<(curves.map(\.count).min() ?? 0)).map { index in
    let values = curves.map { $0[index] }
    return LineChart.Point(
      x: Double(index * interval), y: values.reduce(0, +) / Double(values.count),
      band: (values.min() ?? 0)...(values.max() ?? 0))
  }
}

/// A number with so many decimals.
func decimal(_ value: Double, _ places: Int = 2) -> String { ShownNumber.fixed(value, places: places) }

/// The number in the middle, of an odd count of numbers.
func median<Number: Comparable>(_ numbers: [Number]) -> Number? {
  numbers.isEmpty ? nil : numbers.sorted()[numbers.count / 2]
}
