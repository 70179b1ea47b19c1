import Training

extension ExclusiveOr {
  /// At least 95 % of the trainings of each network end with every output within 0.1 of its target.
  static func report(_ seeds: [UInt64]) throws -> ExperimentReport {
    var report = ExperimentReport(lines: [], holds: true, charts: [])
    for network in Network.allCases {
      let outcomes = try seeds.map { try run(network, seed: $0).outcome }
      let sweeps = outcomes.compactMap(\.sweeps)
      report.lines.append(
        "\(network.rawValue): \(sweeps.count) of \(seeds.count) learned, after \(median(sweeps) ?? 0) sweeps (median)")
      report.holds = report.holds && sweeps.count * 100 >= seeds.count * 95
      report.charts.append(
        LineChart(
          "Exclusive or, \(network.rawValue)", note: "E of each seed", x: "sweep", yScale: .logarithmic,
          showsLegend: false,
          outcomes.enumerated().map { index, outcome in
            LineChart.Series(
              "seed \(index)",
              outcome.errors.enumerated().map {
                .init(x: Double($0.offset * BatchDescent.interval), y: Double($0.element))
              },
              stroke: outcome.sweeps == nil ? .solid : .faint, color: outcome.sweeps == nil ? 1 : 0)
          }
        ).html)
    }
    return report
  }
}

extension Symmetry {
  /// At least 60 % of the trainings end with the paper's pattern.
  static func report(_ seeds: [UInt64]) throws -> ExperimentReport {
    let results = try seeds.map { try run(seed: $0) }
    let sweeps = results.compactMap(\.outcome.sweeps)
    let patterns = results.filter(\.hasPattern)
    let antisymmetric = results.count { $0.isAntisymmetric && $0.outcome.sweeps != nil }
    var report = ExperimentReport(
      lines: [
        "\(sweeps.count) of \(seeds.count) learned, after \(median(sweeps) ?? 0) sweeps (median)",
        "\(antisymmetric) antisymmetric about the middle; \(patterns.count) of them with sizes 1 : 2 : 4",
      ], holds: patterns.count * 100 >= seeds.count * 60, charts: [])
    let others = results.filter { $0.isAntisymmetric && !$0.hasPattern && $0.outcome.sweeps != nil }
    if let other = others.first {
      report.lines.append(
        "the others have three sizes too of which none is the sum or difference of others: 1 : "
          + other.ratios[0].dropFirst().map { decimal(Double($0)) }.joined(separator: " : "))
    }
    for result in [patterns.first, others.first].compactMap({ $0 }) {
      report.charts.append(
        BarChart(
          "Symmetry", note: result.hasPattern ? "weights of the two hidden units, 1 : 2 : 4" : "another solution",
          x: "input", over: .categories((1...6).map { "\($0)" }),
          result.weights.enumerated().map { ("hidden unit \($0.offset + 1)", $0.element.map(Double.init)) }
        ).html)
    }
    return report
  }
}

extension FamilyTraining {
  /// In most trainings all four held-out facts are right.
  static func report(_ seeds: [UInt64]) throws -> ExperimentReport {
    let results = try seeds.map { try run(seed: $0) }
    let counts = (0...4).map { right in results.count { $0.heldOutRight == right } }
    let right = results.reduce(0) { $0 + $1.heldOutRight }
    let learned = results.count { $0.trained == 100 }
    var report = ExperimentReport(
      lines: [
        "\(learned) of \(seeds.count) have all 100 trained facts right",
        "held-out facts right: \(right) of \(4 * seeds.count); all four for \(counts[4]) seeds, three for \(counts[3]), "
          + "two for \(counts[2]), one for \(counts[1]), none for \(counts[0])",
      ], holds: 2 * counts[4] > seeds.count, charts: [], columns: 3)
    for relation in ["uncle", "aunt", "nephew", "niece"] {
      let facts = results.flatMap(\.heldOut).filter { FamilyTrees.relations[$0.fact.relation] == relation }
      report.lines.append("  \(relation): \(facts.count { $0.isRight }) of \(facts.count)")
    }
    // The codes of a training that has everything right, as figure 4 of the paper.
    guard let shown = results.first(where: { $0.trained == 100 && $0.heldOutRight == 4 }) else { return report }
    let weights = try shown.network.person.weight.tensor.values().map(Double.init)
    for unit in 0..<6 {
      let code = (0..<24).map { weights[$0 * 6 + unit] }
      report.charts.append(
        BarChart(
          "Unit \(unit + 1)", note: "weights from the persons",
          over: .categories(FamilyTrees.people.prefix(12).map { $0 }),
          [("English", Array(code.prefix(12))), ("Italian", Array(code.suffix(12)))]
        ).html)
    }
    return report
  }
}
