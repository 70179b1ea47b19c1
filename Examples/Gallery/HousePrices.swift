import Backprop

/// Regression on a table: prices of houses from a CSV with numbers, categories, a date and missing cells.
///
/// What the columns are is found out; numbers are standardized, categories get vectors, and what is missing is marked. The
/// table is made up by a formula with noise of 12 on prices from 70 to 550, so that the best R² there can be is
/// known.
///
/// Source: Guo & Berkhahn, "Entity Embeddings of Categorical Variables", 2016 (the vectors of categories).
///
/// Result: R² 0.979 where 0.986 is the best there can be, and a mean error of 11.9 where the mean price has one of 86.2;
/// 0.2 s of one core.
enum HousePrices: Program {
  static let name = "table"

  /// Rows such as `107,3,old town,brick,1987-05-13,312.6`.
  private static func table(_ count: Int) throws -> (table: Table, noise: Double) {
    var random = SeededGenerator(seed: 0)
    let districts = [("old town", 1.5), ("harbor", 1.3), ("hill", 1.1), ("station", 0.9), ("meadow", 0.7)]
    let materials = [("brick", 15.0), ("wood", -10), ("concrete", 0)]
    var (lines, squares) = (["area,rooms,district,material,built,price"], 0.0)
    for _ in 0..<count {
      let area = Double.random(in: 40...180, using: &random).rounded()
      let rooms = Int(area / 35) + Int.random(in: 1...2, using: &random)
      let (district, factor) = districts.randomElement(using: &random)!
      let (material, extra) = materials.randomElement(using: &random)!
      let year = Int.random(in: 1950...2020, using: &random)
      let noise = (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0..<1, using: &random) } * 12
      let price = 1.8 * area * factor + 8 * Double(rooms) + extra + Double(year - 1950) * 0.8 + noise
      let isMissing = Int.random(in: 0..<50, using: &random) == 0
      lines.append("\(area),\(rooms),\(district),\(isMissing ? "" : material),\(year)-06-15,\(price.decimals(1))")
      squares += noise * noise
    }
    return (try Table(csv: Array(lines.joined(separator: "\n").utf8)), squares / Double(count))
  }

  static func run(quick: Bool) throws -> Finding {
    let (table, noise) = try table(2000)
    let plan = try TablePlan(table, target: "price")
    let rows = try plan.split(validationFraction: 0.2, seed: 0)
    let preparation = try plan.preparation(from: rows.train)
    let train = try preparation.examples(of: table, rows: rows.train)
    let test = try preparation.examples(of: table, rows: rows.validation)
    let model = TableNetwork(
      numbers: preparation.numberCount, codeCounts: preparation.codeCounts, outputs: preparation.outputCount,
      hidden: [64, 64])
    let task = try TableTask(model, on: train, evaluatingOn: test, batchSize: 32)
    let trainer = Trainer(epochs: quick ? 10 : 60, schedule: .cosine)
    _ = try trainer.train(task, with: AdamW(for: model, learningRate: 3e-3, weightDecay: 0.01))
    guard case .regression(let result) = try evaluateTable(model, on: test), let r2 = result.r2 else {
      throw TrainingError("prices are numbers")
    }
    let error = result.baselineRootMeanSquaredError
    return Finding(
      value: r2,
      text: "R² \(r2.decimals(3)), at best \((1 - noise / (error * error)).decimals(3)); "
        + "mean error \(result.meanAbsoluteError.decimals(1)), "
        + "of the mean price \(result.baselineMeanAbsoluteError.decimals(1))")
  }
}
