import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The contents of `run.json`: the request, the environment and the results.
struct RunRecord: Codable {
  struct Results: Codable {
    var ending: String
    var steps: Int
    var epochs: Int
    var trainingLoss: Double
    var trainingAccuracy: Double?
    /// What loss, accuracy and the other measures of an evaluation are of; older runs do not say it.
    var evaluatedOn: EvaluatedSet?
    var loss: Double?
    var accuracy: Double?
    var confusionMatrix: [[Int]]?
    var validationLoss: Double?
    var validationAccuracy: Double?
    var perplexity: Double?
    var bitsPerCharacter: Double?
    var meanAbsoluteError: Double?
    var rootMeanSquaredError: Double?
    var r2: Double?
    /// Means over the classes.
    var precision: Double?
    var recall: Double?
    var f1: Double?
    var seconds: Double
    var examplesPerSecond: Double
    /// The share of the time of training that steps waited for data.
    var dataShare: Double?

    init(_ result: TrainingResult, evaluatedOn set: EvaluatedSet) {
      evaluatedOn = set
      ending = result.ending.rawValue
      steps = result.steps
      epochs = result.epochs
      trainingLoss = result.loss
      trainingAccuracy = result.accuracy
      loss = result.evaluation?.loss
      validationLoss = result.validation?.loss
      validationAccuracy = result.validation?.metrics["accuracy"]
      switch result.evaluation {
      case .classification(let result):
        accuracy = result.accuracy
        let matrix = result.confusionMatrix
        confusionMatrix = matrix.counts
        (precision, recall, f1) = (matrix.precision(.macro), matrix.recall(.macro), matrix.f1(.macro))
      case .language(let result):
        perplexity = result.perplexity
        bitsPerCharacter = result.bitsPerCharacter
      case .regression(let result):
        (meanAbsoluteError, rootMeanSquaredError) = (result.meanAbsoluteError, result.rootMeanSquaredError)
        r2 = result.r2
      case .metrics, nil: break
      }
      seconds = result.seconds
      examplesPerSecond = result.examplesPerSecond
      dataShare = result.dataShare
    }
  }

  /// Distinguishes it from the previous run in the folder; runs of version 0.1 have none.
  var id: String?
  /// The task of the network.
  var kind: NetworkTask
  var version = backpropVersion
  var engine = Engine.description
  var flags: RunFlags
  var seed: UInt64
  var threads = Threads.count
  var parameters: Int
  var started: String
  /// The folder in which it was begun, which paths in its flags begin at.
  var folder: String? = FileManager.default.currentDirectoryPath
  /// What was in the table or text that it was begun with; folders of pictures have a list of their own.
  var data: ContentDigest?
  /// What was in the file that `--validation` names.
  var validationData: ContentDigest?
  /// When it was resumed, each time.
  var resumed: [String]?
  var ended: String?
  /// Why there are no results, where training failed.
  var error: String?
  var results: Results?

  /// What the measures of its evaluations are of. Texts and tables have no test set.
  var evaluatedSet: EvaluatedSet {
    if let set = results?.evaluatedOn { return set }
    return kind == .image && (results != nil || flags["validation"] == nil) ? .test : .validation
  }

  /// Where data of this name, as it stands in the flags, is now: in the folder where the run was begun, or here.
  func place(of name: String) -> String {
    let isKnown = (ImageDataset.knownNames + TextDataset.knownNames).contains(name)
    guard !isKnown, !name.hasPrefix("/"), let folder, folder != FileManager.default.currentDirectoryPath,
      case let path = "\(folder)/\(name)", OpenFile.isThere(path)
    else { return name }
    return path
  }

  /// The settings that a checkpoint of this run must have: all that determine its steps.
  var configuration: String {
    get throws {
      var shaping = flags
      shaping["epochs"] = nil
      shaping["steps"] = nil
      shaping["minutes"] = nil
      shaping["shard-optimizer"] = nil
      return "\(kind.rawValue) \(seed) \(try JSON.line(shaping))"
    }
  }

  /// Records that training begins, or is resumed. `isNew` is true where nothing is left of an earlier training.
  mutating func begin(_ flags: RunFlags, isResumed: Bool, isNew: Bool) {
    if isNew { id = UUID().uuidString }
    self.flags = flags
    engine = Engine.description
    threads = Threads.count
    if isResumed { resumed = (resumed ?? []) + [Date().ISO8601Format()] }
    (ended, error, results) = (nil, nil, nil)
  }

  mutating func end(_ result: TrainingResult, evaluatedOn set: EvaluatedSet) {
    ended = Date().ISO8601Format()
    results = Results(result, evaluatedOn: set)
  }

  mutating func end(_ failure: any Error) {
    ended = Date().ISO8601Format()
    error = "\(failure)"
  }
}
