import Backprop

/// The value of `--validation`: a share of the training data, or data of its own.
enum ValidationFlag {
  case share(Double)
  case path(String)

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
