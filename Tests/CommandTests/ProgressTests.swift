import Backprop
import Foundation
import Testing

@testable import BackpropCLI
@testable import Training

@Suite struct ProgressTests {
  private func report(
    step: Int = 900, epochs: Int = 30, loss: Double = 0.53217, evaluation: Evaluation? = nil, accuracy: Double? = 0.8123
  ) -> EvaluationReport {
    EvaluationReport(
      step: step, totalSteps: 1350, epoch: 20, totalEpochs: epochs, loss: loss, accuracy: accuracy,
      evaluation: evaluation, examplesPerSecond: 12345.6, seconds: 75, secondsLeft: 3725)
  }

  private func classification() throws -> Evaluation {
    .classification(
      ClassificationResult(
        loss: 0.25, accuracy: 1, confusionMatrix: try ConfusionMatrix(classes: 2), seconds: 1, examplesPerSecond: 1))
  }

  @Test(arguments: [20, 40, 60, 79, 119, 200]) func `lines are aligned and fit`(columns: Int) throws {
    let reports = [
      report(evaluation: try classification()), report(loss: 12345.678, evaluation: try classification()),
      report(loss: .nan, evaluation: try classification()),
    ]
    let tables = reports.map { ProgressDisplay.table($0, unit: "examples", columns: columns) }
    #expect(tables.allSatisfy { $0 == tables[0] })
    let lines = [tables[0].header] + reports.map { tables[0].row(ProgressDisplay.cells($0, unit: "examples")) }
    #expect(lines.allSatisfy { $0.count <= columns })
    #expect(Set(lines.map(\.count)).count == 1)
  }

  @Test func `a wide line has all columns`() throws {
    let report = report(evaluation: try classification())
    let table = ProgressDisplay.table(report, unit: "examples", columns: 119)
    #expect(
      table.header == "epoch     loss  accuracy  test loss  test accuracy  examples/s     time     left")
    #expect(
      table.row(ProgressDisplay.cells(report, unit: "examples"))
        == "20/30   0.5322    81.2 %     0.2500        100.0 %       12.3k     1:15  1:02:05")
    let narrow = ProgressDisplay.table(report, unit: "examples", columns: 40)
    #expect(narrow.header == "epoch     loss  test accuracy     left")
  }

  @Test func `a language model's line has bits per character`() {
    let result = Evaluation.language(LanguageResult(loss: 1, tokens: 10, characters: 10, seconds: 1))
    let report = report(epochs: 1, evaluation: result, accuracy: nil)
    let table = ProgressDisplay.table(report, unit: "tokens", columns: 99)
    #expect(table.header == "       step     loss  test loss  perplexity  bits/char  tokens/s     time     left")
    #expect(
      table.row(ProgressDisplay.cells(report, unit: "tokens"))
        == "  900/1,350   0.5322     1.0000      2.7183      1.443     12.3k     1:15  1:02:05")
  }

  @Test func `a curve is drawn in dots`() {
    let points = (0..<12).map { (x: Double($0) / 11, y: Double($0)) }
    let plot = BraillePlot(
      title: "t", width: 14, height: 3, range: 0...1, curves: [.init(points: points, color: 33)])
    // Twelve dots from the lower left to the upper right corner, one a column and a row.
    let lines = ["t", " 11.00 │⠀⠀⠀⠀⡠⠊", "       │⠀⠀⡠⠊⠀⠀", " 0.000 │⡠⠊⠀⠀⠀⠀"]
    #expect(plot.lines(colors: false) == lines)
    let colored = plot.lines(colors: true)
    #expect(colored[3] == " 0.000 │\u{1B}[38;5;33m⡠\u{1B}[0m\u{1B}[38;5;33m⠊\u{1B}[0m⠀⠀⠀⠀")
  }

  /// Falls from 2.3 to 0.7, then diverges.
  @Test func `a rate at which a training diverges leaves the others readable`() {
    let losses = (0..<60).map { 2.3 - 1.6 * Double($0) / 59 } + [0.8, 2, 6375]
    let points = losses.enumerated().map { LearningRateRangeTest.Point(rate: 1e-6 * pow(1.3, Double($0)), loss: $1) }
    #expect(abs(RatePlot.greatest(of: points) - 3.9) < 1e-9)
    let lines = RatePlot.lines(points, columns: 100, colors: false)
    #expect(lines.count == 9 && lines[0].contains("; higher ones cut off"))
    #expect(lines[1].contains("3.900") && lines[8].contains("0.700"))
    // The way down takes up half of the height.
    #expect(lines.dropFirst().filter { $0.dropFirst(9).prefix(50).contains { $0 != "\u{2800}" } }.count >= 4)
    for losses in [[], [.nan], [1], [1, 2, 3], [0, -1, 5]] as [[Double]] {
      let points = losses.map { LearningRateRangeTest.Point(rate: 1, loss: $0) }
      #expect(RatePlot.lines(points, columns: 40, colors: false).count == 9)
    }
  }

  @Test func `without colors a second curve has marks of its own`() {
    let points = (0..<12).map { (x: Double($0) / 11, y: Double($0)) }
    let plot = BraillePlot(
      title: "t", width: 14, height: 3, range: 0...1,
      curves: [.init(points: points, color: 33), .init(points: [(0, 0), (1, 0)], color: 208, mark: "o")])
    #expect(plot.lines(colors: false) == ["t", " 11.00 │⠀⠀⠀⠀⡠⠊", "       │⠀⠀⡠⠊⠀⠀", " 0.000 │o⠊⠀⠀⠀o"])
    #expect(!plot.lines(colors: true).joined().contains("o"))
  }

  @Test(
    arguments: [
      [], [.nan], [.infinity, 1], [5], [-1e300, 1e300], [-1e308, 1e308], [1e-300, 2e-300],
    ] as [[Double]]) func `any numbers can be drawn`(values: [Double])
  {
    let points = values.enumerated().map { (x: Double($0) / 10, y: $1) }
    for width in [-5, 0, 20, 100] {
      let plot = BraillePlot(
        title: "t", width: width, height: 4, range: 0...1,
        curves: [.init(points: points, color: 1), .init(points: points + [(7, 1)], color: 2)])
      #expect(plot.lines(colors: false).count == 5)
    }
  }

  @Test func `a wide confusion matrix gives way to the pairs that are confused most`() throws {
    var matrix = try ConfusionMatrix(classes: 36)
    for (truth, prediction, count) in [(0, 0, 3), (0, 24, 2), (35, 2, 1), (1, 7, 5)] {
      for _ in 0..<count { try matrix.record(truth: truth, prediction: prediction) }
    }
    let names = (0..<36).map { String($0, radix: 36) }
    let lines = EvaluationText.matrix(matrix, names, limit: 80)
    #expect(
      lines[0].contains("36 classes are too many for a confusion matrix in 80 columns, which --json has"), "\(lines)")
    #expect(
      lines.suffix(3).map { $0.split(separator: " ").joined(separator: " ") } == [
        "1 7 5 100.0 %", "0 o 2 40.0 %", "z 2 1 100.0 %",
      ])
    #expect(lines.flatMap { $0.split(separator: "\n") }.allSatisfy { $0.count <= 80 })
    #expect(EvaluationText.matrix(matrix, names, limit: nil).count == 37)
    #expect(EvaluationText.matrix(matrix, names, limit: 200).count == 37)
  }

  @Test func `a confusion matrix has names or numbers at its columns, and not both`() throws {
    var matrix = try ConfusionMatrix(classes: 2)
    try matrix.record(truth: 1, prediction: 0)
    #expect(
      EvaluationText.matrix(matrix, ["cat", "dog"]) == [
        "true \\ predicted  cat  dog", "cat                 ·    ·", "dog                 1    ·",
      ])
    #expect(
      EvaluationText.matrix(matrix, ["cat", "horse"]) == [
        "true \\ predicted  0  1", "0 cat             ·  ·", "1 horse           1  ·",
      ])
  }

  @Test(arguments: [EvaluatedSet.test, .validation])
  func `curves stand side by side where there is space`(set: EvaluatedSet) throws {
    var curves = TrainingCurves(set)
    for step in 1...1350 {
      curves.note(
        StepReport(
          step: step, totalSteps: 1350, epoch: 1, totalEpochs: 1, loss: 1 / Double(step), accuracy: 0.5,
          learningRate: 1, gradientNorm: nil, layers: nil, examplesPerSecond: 1, secondsLeft: 0))
    }
    curves.note(report(evaluation: try classification()))
    for (width, height) in [(79, 9), (72, 9), (60, 18), (119, 9)] {
      let lines = curves.lines(width: width, colors: false)
      #expect(lines.count == height)
      #expect(lines.allSatisfy { $0.count <= width })
      #expect(lines[0].contains("loss: training, \(set.rawValue) (o)"))
      #expect(lines.contains { $0.contains("accuracy: training, \(set.rawValue) (o)") })
    }
  }

  @Test func `a few of many steps are evenly spaced, also after a pause`() {
    var steps = SpacedSteps(count: 10)
    let logged = [1] + Array(stride(from: 10, through: 1000, by: 10))
    let taken = logged.filter { steps.take($0, of: 1000) }
    #expect(taken == [1, 110, 210, 310, 410, 510, 610, 710, 810, 910, 1000])
    for pause in [1, 50, 110, 340, 999] {
      var (before, after) = (SpacedSteps(count: 10), SpacedSteps(count: 10))
      let first = logged.filter { $0 <= pause && before.take($0, of: 1000) }
      for step in first { after.note(step) }
      #expect(first + logged.filter { $0 > pause && after.take($0, of: 1000) } == taken)
    }
  }
}
