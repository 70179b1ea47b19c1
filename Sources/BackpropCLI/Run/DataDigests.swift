import Backprop

/// What was in the files of a training, by which it is noticed that one has changed: a part of a changed table or text
/// may have been trained on, and says nothing as validation set.
struct DataDigests {
  var data: ContentDigest
  /// Of the file that `--validation` names; `nil` where it is a share.
  var validation: ContentDigest?
}

/// Errors for files that are not as they were. Runs that do not say what was in them are not checked.
extension RunRecord {
  /// What the file of a run has, as the subject of a sentence, and its part for validation.
  private var words: (parts: String, validation: String, other: String) {
    kind == .table
      ? ("other rows", "its validation rows cannot be told from the others", "a CSV file of other rows")
      : ("other text", "its validation part cannot be told from the rest", "another text")
  }

  /// Throws where the run is resumed with another file at `path` than it was begun with.
  func checkResumes(with now: ContentDigest, at path: String) throws(DataError) {
    guard let data, data != now else { return }
    throw Self.changedSinceItBegan(path, "\(words.parts) would be trained and validated with")
  }

  /// Throws where the run is resumed with another file for validation.
  func checkResumes(validatedWith now: ContentDigest, at path: String) throws(DataError) {
    guard let validationData, validationData != now else { return }
    throw Self.changedSinceItBegan(path, "\(words.parts) would be validated with")
  }

  private static func changedSinceItBegan(_ path: String, _ consequence: String) -> DataError {
    DataError(
      "\(path) has changed since the run began, so \(consequence); make it as it was, or train anew without --resume")
  }

  /// Throws where the file that the run was trained on has changed, a share of which is to be evaluated.
  func checkEvaluates(_ now: ContentDigest, at path: String) throws(DataError) {
    guard let data, data != now else { return }
    throw DataError(
      "\(path) has changed since the training, so \(words.validation); name \(words.other) with --data")
  }

  /// Throws where the file has changed that the run was validated with.
  func checkEvaluates(validatedWith now: ContentDigest, at path: String) throws(DataError) {
    guard let validationData, validationData != now else { return }
    throw DataError(
      "\(path) has changed since the training, so it is not what the run was validated with; name it with --data to "
        + "evaluate all of it")
  }
}
