import Backprop

/// Predictions for the rows of a CSV file, as another CSV or as JSON.
struct TablePredictionReport {
  let table: Table
  let examples: TableExamples
  let predictions: TablePredictions

  /// Predicts for every row of the file at `path`. A cell that cannot be read is taken as missing, unless `isStrict`.
  init(_ run: Run, _ path: String, isStrict: Bool) throws {
    let (_, model, preparation) = try run.loadTableModel()
    (table, examples) = try RequestError.whenFailing {
      let table = try Table(contentsOf: path)
      return (table, try preparation.examples(of: table, needsTarget: false, isStrict: isStrict))
    }
    examples.logUnreadable(in: path)
    predictions = try predictTable(model, examples)
    if examples.unknownCategories > 0 {
      Console.log(
        "note: \("cell".counted(examples.unknownCategories)) of \(path) \(examples.unknownCategories == 1 ? "has" : "have") "
          + "a category that training had at most once")
    }
  }

  /// The rows as they are in the file, with a column for the prediction, and one for the probability of each class.
  func writeCSV() throws {
    let target = examples.target
    let added =
      switch predictions {
      case .numbers: ["predicted_\(target.name)"]
      case .classes: ["predicted_\(target.name)"] + target.classNames.map { "probability_\($0)" }
      }
    Console.result((table.hasByteOrderMark ? "\u{FEFF}" : "") + line(table.columns + added.map(newName)))
    // Some lines at once: a line a write would take most of the time.
    var lines: [String] = []
    for (index, row) in examples.rows.enumerated() {
      let cells = try table.columns.indices.map { try table[row, $0] }
      lines.append(line(cells + values(index)))
      if lines.count == 256 {
        Console.result(lines.joined(separator: "\n"))
        lines = []
      }
    }
    if !lines.isEmpty { Console.result(lines.joined(separator: "\n")) }
  }

  private func values(_ index: Int) -> [String] {
    switch predictions {
    // The shortest text that reads back as the same number, as JSON has it.
    case .numbers(let numbers): [written("\(numbers[index])")]
    case .classes(let rows):
      [written(examples.target.classNames[best(rows[index])], isNumber: examples.target.areNumbers)]
        + rows[index].map { written("\($0)") }
    }
  }

  /// A number with the decimal mark of the file.
  private func written(_ number: String, isNumber: Bool = true) -> String {
    isNumber && examples.decimalMark == .comma ? number.replacing(".", with: ",") : number
  }

  private func best(_ probabilities: [Double]) -> Int {
    probabilities.indices.max { (probabilities[$0], $1) < (probabilities[$1], $0) } ?? 0
  }

  /// A name that the table does not have yet.
  private func newName(_ name: String) -> String {
    var (candidate, number) = (name, 1)
    while table.columns.contains(candidate) {
      number += 1
      candidate = "\(name)_\(number)"
    }
    return candidate
  }

  private func line(_ cells: [String]) -> String {
    cells.map(quoted).joined(separator: String(table.separator))
  }

  /// A cell as RFC 4180 says.
  private func quoted(_ cell: String) -> String {
    let isPlain = cell.utf8.allSatisfy { $0 != 0x22 && $0 != 10 && $0 != 13 && $0 != table.separator.asciiValue }
    guard !isPlain || cell.hasPrefix(" ") || cell.hasSuffix(" ") else { return cell }
    return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// One object a row, in the order of the file.
  var report: [PredictionEntry] {
    examples.rows.indices.map { index in
      var row = PredictionEntry(file: table.name, row: index + 1)
      switch predictions {
      case .numbers(let numbers): row.prediction = numbers[index]
      case .classes(let rows):
        let order = rows[index].indices.sorted { (rows[index][$0], $1) > (rows[index][$1], $0) }
        row.predictions = order.map {
          PredictionEntry.Label(label: examples.target.classNames[$0], index: $0, probability: rows[index][$0])
        }
      }
      return row
    }
  }
}
