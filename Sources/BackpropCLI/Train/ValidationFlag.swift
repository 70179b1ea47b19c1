import Backprop

/// The value of `--validation`: a share of the training data, or data of its own.
enum ValidationFlag {
  case share(Double)
  case path(String)

  /// The share of the training data: none where it has data of its own.
  var share: Double { if case .share(let share) = self { share } else { 0 } }

  /// Reads the flag. Throws a `RequestError` for a number that is no share.
  init(_ text: String) throws {
    guard let share = Double(text) else {
      self = .path(text)
      return
    }
    guard share >= 0, share < 1 else {
      throw RequestError("--validation must be a share from 0 to below 1, or the path of data, not \(text)")
    }
    self = .share(share)
  }
}
