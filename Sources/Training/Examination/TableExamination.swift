import Datasets
import NeuralNetworks

/// What a network says about each row of a table: the rows that it is furthest from, and all predictions in brief.
package struct TableExamination: Sendable {
  /// A row that was predicted wrongly, or a number that was missed.
  package struct Row: Sendable {
    /// The line of the file that it begins on.
    package var line: Int
    /// The cells of `columns` as they are in the file.
    package var cells: [String]
    /// The number, or the label of the class.
    package var truth: Double
    package var prediction: Double
    /// The probability of the predicted class and of the true one; 0 for numbers.
    package var confidence = 0.0
    package var truthProbability = 0.0
  }

  /// Which of the columns that the network sees are shown, and how many more it sees.
  package let columns: [String]
  package let moreColumns: Int
  /// How many rows there were, and how many of a class were taken for another one.
  package let count: Int
  package private(set) var mistakeCount = 0
  /// Of classes: those with the lowest probability of the truth, of wrong ones only. Of numbers: the furthest off.
  package private(set) var worstRows: [Row] = []
  /// Of classes.
  package private(set) var confusionMatrix: ConfusionMatrix?
  package private(set) var calibration: ExpectedCalibrationError?
  /// Of numbers: each row's own and the predicted one.
  package private(set) var numbers: [(truth: Double, prediction: Double)] = []

  /// The mean of |prediction − truth|; `nil` for classes.
  package var meanAbsoluteError: Double? {
    numbers.isEmpty ? nil : numbers.reduce(0) { $0 + ($1.prediction - $1.truth).magnitude } / Double(numbers.count)
  }

  /// Lets `model` predict all of `examples`, which are rows of `table`. Costs a forward pass of each.
  ///
  /// Throws what `predictTable` throws, and a `DataError` where the table lacks a column.
  package init(
    of model: any Layer, on examples: TableExamples, of table: Table, _ preparation: TablePreparation,
    worst: Int = 20, mostColumns: Int = 20
  ) throws {
    let used = preparation.columns.filter { $0.kind != .ignored }.map(\.name)
    columns = Array(used.prefix(mostColumns))
    moreColumns = used.count - columns.count
    count = examples.count
    var found: [(row: Int, truth: Double, prediction: Double, confidence: Double, own: Double, order: Double)] = []
    switch try predictTable(model, examples) {
    case .numbers(let predictions):
      numbers = zip(examples.targets, predictions).map { ($0, $1) }
      found = numbers.enumerated().map { row, pair in
        (row, pair.truth, pair.prediction, 0, 0, -(pair.prediction - pair.truth).magnitude)
      }
    case .classes(let probabilities):
      var matrix = try ConfusionMatrix(classes: examples.target.classNames.count)
      var calibration = ExpectedCalibrationError(unchecked: 15)
      for (row, own) in probabilities.enumerated() {
        // The first of equal ones, as `argmax` has it.
        let prediction = own.indices.reduce(0) { own[$1] > own[$0] ? $1 : $0 }
        let truth = Int(examples.targets[row])
        try matrix.record(truth: truth, prediction: prediction)
        calibration.add(confidence: own[prediction], isCorrect: prediction == truth)
        if prediction != truth {
          found.append((row, Double(truth), Double(prediction), own[prediction], own[truth], own[truth]))
        }
      }
      (confusionMatrix, self.calibration, mistakeCount) = (matrix, calibration, found.count)
    }
    found.sort { ($0.order, $0.row) < ($1.order, $1.row) }
    let places = try columns.map { try table.column(named: $0) }
    worstRows = try found.prefix(max(worst, 0)).map { one in
      let row = examples.rows[one.row]
      return Row(
        line: table.line(row), cells: try places.map { try table[row, $0] }, truth: one.truth,
        prediction: one.prediction, confidence: one.confidence, truthProbability: one.own)
    }
  }
}
