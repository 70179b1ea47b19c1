import Datasets
import Foundation
import Models
import NeuralNetworks
import Tensors
import Testing

@testable import Training

/// Training on tables.
@Suite struct TableTaskTests {
  /// y = 3 · x + 10 for each b, with some missing x; and a class that says which of both is greater.
  private static func table(_ rows: Int = 200) throws -> Table {
    var generator = SeededGenerator(seed: 5)
    let lines = (0..<rows).map { _ in
      let (x, isB) = (Double(generator.next() % 1000) / 100, generator.next() % 2 == 0)
      let y = 3 * x + (isB ? 10 : 0)
      return "\(generator.next() % 20 == 0 ? "" : "\(x)"),\(isB ? "b" : "a"),\(y),\(y > 20 ? "high" : "low")"
    }
    return try Table(csv: Array((["x,kind,y,level"] + lines).joined(separator: "\n").utf8))
  }

  private struct Prepared {
    var preparation: TablePreparation
    var train: TableExamples
    var validation: TableExamples
    var description: TableModelDescription

    init(_ target: String) throws {
      let plan = try TablePlan(try TableTaskTests.table(), target: target)
      let rows = try plan.split(validationFraction: 0.2, seed: 1)
      preparation = try plan.preparation(from: rows.train)
      train = try preparation.examples(of: plan.table, rows: rows.train)
      validation = try preparation.examples(of: plan.table, rows: rows.validation)
      description = TableModelDescription(
        numbers: preparation.numberCount, codeCounts: preparation.codeCounts, outputs: preparation.outputCount,
        hidden: [32])
    }

    func trained(epochs: Int = 60) throws -> (model: any Layer, result: TrainingResult) {
      try Random.$current.withValue(Random(seed: 2)) {
        let model = try description.makeModel()
        let task = try TableTask(model, on: train, evaluatingOn: validation, batchSize: 16, seed: 3)
        return (model, try Trainer(epochs: epochs).train(task, with: Adam(for: model, learningRate: 1e-2)))
      }
    }
  }

  @Test func learnsNumbers() throws {
    // `level` follows from y, so it must not be there.
    let plan = try TablePlan(try Self.table(), target: "y")
    #expect(plan.columns.map(\.kind) == [.number, .category, .category])
    let data = try Prepared("y")
    let (model, result) = try data.trained()
    guard case .regression(let found)? = result.evaluation else {
      Issue.record("no regression")
      return
    }
    #expect(try #require(found.r2) > 0.9, "\(found)")
    #expect(found.count == 40 && found.meanAbsoluteError < found.baselineMeanAbsoluteError / 3)
    // The loss is that of standardized numbers.
    let deviation = data.preparation.target.deviation
    #expect(abs(found.loss - pow(found.rootMeanSquaredError / deviation, 2)) < 1e-9)
    // Predictions are in the unit of the target.
    guard case .numbers(let numbers) = try predictTable(model, data.validation) else { return }
    let error = zip(numbers, data.validation.targets).reduce(0) { $0 + abs($1.0 - $1.1) } / 40
    #expect(abs(error - found.meanAbsoluteError) < 1e-9)
  }

  @Test func learnsClassesAndSaves() throws {
    let data = try Prepared("level")
    let (model, result) = try data.trained()
    guard case .classification(let found)? = result.evaluation,
      case .classes(let rows) = try predictTable(model, data.validation)
    else {
      Issue.record("no classes")
      return
    }
    #expect(found.accuracy > 0.9 && found.confusionMatrix.total == data.validation.count)
    let losses = zip(rows, data.validation.labels).map { -log($0[Int($1)]) }
    #expect(abs(losses.reduce(0, +) / Double(rows.count) - found.loss) < 1e-6)
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    try data.description.save(model, to: folder.path)
    let (description, loaded) = try TableModelDescription.load(from: folder.path)
    #expect(description == data.description)
    #expect(try predictTable(loaded, data.validation) == .classes(rows))
    #expect(try NetworkTask(ofModelAt: folder.path) == .table)
  }

  @Test func aStepDependsOnItsNumberAlone() throws {
    let data = try Prepared("y")
    let model = try data.description.makeModel()
    let first = try TableTask(model, on: data.train, batchSize: 16, seed: 3)
    let second = try TableTask(model, on: data.train, batchSize: 16, seed: 3)
    var seen: [Float] = []
    for step in [0, 3, 9, 10, 2] {
      let inputs = try first.inputs(ofStep: step)
      #expect(try inputs.tensors[0].values() == second.inputs(ofStep: step).tensors[0].values())
    }
    for step in 0..<first.stepsPerEpoch { seen += try second.inputs(ofStep: step).tensors[1].values() }
    #expect(seen.sorted() == data.train.standardizedTargets.sorted())
    #expect(throws: DataError.self) { try first.inputs(ofStep: -1) }
  }

  @Test func whatDoesNotFitIsASentence() throws {
    let (numbers, classes) = (try Prepared("y"), try Prepared("level"))
    let model = try numbers.description.makeModel()
    #expect(throws: TrainingError.self) { try TableTask(model, on: numbers.train, batchSize: 0) }
    #expect(throws: TrainingError.self) { try TableTask(model, on: numbers.train, evaluatingOn: classes.validation) }
    let none = try numbers.preparation.examples(of: try Self.table(), rows: [])
    #expect(throws: TrainingError.self) { try TableTask(model, on: none) }
    #expect(throws: TrainingError.self) { try evaluateTable(model, on: none) }
    // A model with another number of outputs.
    let wrong = try classes.description.makeModel()
    #expect(throws: TrainingError.self) { try TableTask(wrong, on: numbers.train) }
    #expect(throws: TrainingError.self) { try predictTable(wrong, numbers.validation) }
    // Rows of another width.
    let narrow = TableModelDescription(numbers: 1, outputs: 1)
    #expect(throws: (any Error).self) { try evaluateTable(try narrow.makeModel(), on: numbers.validation) }
  }

  @Test(arguments: [
    TableModelDescription(numbers: -1, outputs: 1), TableModelDescription(numbers: 0, outputs: 1),
    TableModelDescription(numbers: .max, outputs: 1), TableModelDescription(numbers: 1, codeCounts: [0], outputs: 1),
    TableModelDescription(numbers: 1, codeCounts: [.max], outputs: 1), TableModelDescription(numbers: 1, outputs: 0),
    TableModelDescription(numbers: 1, outputs: .max), TableModelDescription(numbers: 1, outputs: 1, hidden: [0]),
    TableModelDescription(numbers: 1, outputs: 1, hidden: Array(repeating: 1, count: 65)),
    TableModelDescription(numbers: 1, outputs: 1, dropout: 1),
    TableModelDescription(numbers: 1, outputs: 1, dropout: .nan),
  ])
  func hostileDescriptions(_ description: TableModelDescription) {
    #expect(throws: ModelError.self) { try description.makeModel() }
  }

  /// fastai's rule by hand: 1.6 · n^0.56, rounded.
  @Test(arguments: [(1, 2), (3, 3), (4, 3), (10, 6), (100, 21), (1000, 50), (Int.max, 50), (0, 2), (-5, 2)])
  func embeddingWidths(_ codes: Int, _ width: Int) {
    #expect(TableNetwork.embeddingWidth(codes: codes) == width)
  }
}
