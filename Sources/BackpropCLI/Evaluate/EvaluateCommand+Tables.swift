import Backprop
import Files

extension EvaluateCommand {
  /// Evaluates on the rows of --data, or on the validation rows of the run.
  func evaluateTable(_ run: Run) throws {
    let (_, model, preparation) = try run.loadTableModel()
    let (examples, set) = try RequestError.whenFailing { try rows(of: run, preparation) }
    if examples.skipped > 0 {
      Console.log(TrainingTable.leftOutSentence(examples.skipped, preparation.target.name))
    }
    examples.logUnreadable(in: data ?? "the run's rows")
    let evaluation = try RequestError.whenFailing { try Backprop.evaluateTable(model, on: examples) }
    guard common.json else {
      return EvaluationText.lines(
        evaluation, preparation.target.classNames, on: set
      ).forEach(Console.result)
    }
    try Console.json(TableReport(evaluation, parameters: parameterCount(of: model)))
  }

  /// The run's own file by its name is the same as none: the rows that were trained on are no test.
  private func rows(
    of run: Run, _ preparation: TablePreparation
  ) throws -> (examples: TableExamples, set: EvaluatedSet) {
    let own = try run.dataName()
    if let data, !Folder.isSame(own ?? "", as: data) {
      return (try preparation.examples(of: Table(contentsOf: data), isStrict: false), .test)
    }
    guard let record = try run.readRecord(), let own, let validation = try run.validation() else {
      throw RequestError("\(run.path) does not say what it was trained on; name the data with --data")
    }
    if data != nil {
      Console.log("note: the run was trained on \(own), so only the rows that it validated with are evaluated")
    }
    return (try TrainingTable.validationExamples(of: own, validation, record, preparation), .validation)
  }

  private struct TableReport: Encodable {
    var loss: Double
    var meanAbsoluteError: Double?
    var rootMeanSquaredError: Double?
    var r2: Double?
    var accuracy: Double?
    var precision: Double?
    var recall: Double?
    var f1: Double?
    var confusionMatrix: [[Int]]?
    var parameters: Int
    var seconds = 0.0
    var examplesPerSecond = 0.0

    init(_ evaluation: Evaluation, parameters: Int) {
      loss = evaluation.loss
      self.parameters = parameters
      switch evaluation {
      case .regression(let result):
        (meanAbsoluteError, rootMeanSquaredError) = (result.meanAbsoluteError, result.rootMeanSquaredError)
        (r2, seconds, examplesPerSecond) = (result.r2, result.seconds, result.examplesPerSecond)
      case .classification(let result):
        let matrix = result.confusionMatrix
        (accuracy, confusionMatrix) = (result.accuracy, matrix.counts)
        (precision, recall, f1) = (matrix.precision(.macro), matrix.recall(.macro), matrix.f1(.macro))
        (seconds, examplesPerSecond) = (result.seconds, result.examplesPerSecond)
      case .language, .metrics: break
      }
    }
  }
}
