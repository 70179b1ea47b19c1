import Backprop

/// What became of a run's training.
enum RunState: String, Encodable {
  case training, done, interrupted, failed
  /// Early stopping ended it.
  case stoppedEarly = "stopped early"

  /// The state of the run at `path` with this record. A training that is neither ended nor running was killed.
  init(_ record: RunRecord, path: String) {
    if record.error != nil {
      self = .failed
    } else if let results = record.results {
      switch results.ending {
      case TrainingResult.Ending.interrupted.rawValue: self = .interrupted
      case TrainingResult.Ending.converged.rawValue: self = .stoppedEarly
      default: self = .done
      }
    } else {
      self = (try? RunLock(path)) == nil ? .training : .interrupted
    }
  }
}
