import Backprop

/// The results of a training.
struct TrainingOutcome {
  var run: Run
  var result: TrainingResult
  var parameters: Int
  /// What the result's evaluation is on.
  var evaluatedSet = EvaluatedSet.test

  /// Prints the results, as text or as one JSON value. `classNames` are those of images.
  func report(asJSON: Bool, unit: String, classNames: [String] = []) throws {
    guard !asJSON else { return try Console.json(Report(self)) }
    if let evaluation = result.evaluation {
      EvaluationText.lines(evaluation, classNames, on: evaluatedSet).forEach(Console.result)
    }
    let how = result.ending == .converged ? "the loss stopped falling" : "done"
    Console.resultSentence(
      "\(how): \(result.steps.grouped) steps in \(clockTime(result.seconds)), "
        + "\(result.examplesPerSecond.fixed(0)) \(unit)/s, \(result.dataShare.percent) of it waiting for data, saved in \(run.path)"
    )
  }

  private struct Report: Encodable {
    var run: String
    var accuracy: Double?
    var loss: Double?
    var perplexity: Double?
    var bitsPerCharacter: Double?
    var confusionMatrix: [[Int]]?
    var validationLoss: Double?
    var validationAccuracy: Double?
    var precision: Double?
    var recall: Double?
    var f1: Double?
    var meanAbsoluteError: Double?
    var rootMeanSquaredError: Double?
    var r2: Double?
    var trainingLoss: Double
    var trainingAccuracy: Double?
    var parameters: Int
    var epochs: Int
    var steps: Int
    var seconds: Double
    var examplesPerSecond: Double?
    var tokensPerSecond: Double?
    var dataShare: Double
    var ending: String

    init(_ outcome: TrainingOutcome) {
      let result = outcome.result
      run = outcome.run.path
      loss = result.evaluation?.loss
      validationLoss = result.validation?.loss
      validationAccuracy = result.validation?.metrics["accuracy"]
      trainingLoss = result.loss
      trainingAccuracy = result.accuracy
      parameters = outcome.parameters
      epochs = result.epochs
      steps = result.steps
      seconds = result.seconds
      dataShare = result.dataShare
      ending = result.ending.rawValue
      switch result.evaluation {
      case .language(let found):
        (perplexity, bitsPerCharacter) = (found.perplexity, found.bitsPerCharacter)
        tokensPerSecond = result.examplesPerSecond
      case .classification(let found):
        (accuracy, confusionMatrix) = (found.accuracy, found.confusionMatrix.counts)
        (precision, recall) = (found.confusionMatrix.precision(.macro), found.confusionMatrix.recall(.macro))
        f1 = found.confusionMatrix.f1(.macro)
        examplesPerSecond = result.examplesPerSecond
      case .regression(let found):
        (meanAbsoluteError, rootMeanSquaredError) = (found.meanAbsoluteError, found.rootMeanSquaredError)
        r2 = found.r2
        examplesPerSecond = result.examplesPerSecond
      case .metrics, nil:
        examplesPerSecond = result.examplesPerSecond
      }
    }
  }
}
