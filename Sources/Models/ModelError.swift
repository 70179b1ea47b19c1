import Files

/// A model that cannot be described, saved or loaded: one sentence that says what would be valid.
public struct ModelError: Error, CustomStringConvertible, Sendable {
  /// What was wrong, and what would be valid.
  public let description: String

  /// An error with this description, control characters escaped: names in it may have some.
  public init(_ description: String) { self.description = description.printable }
}

extension ModelError {
  /// The result of `body`; where it fails, the sentence begins with `path`.
  static func naming<Result>(_ path: String, _ body: () throws(FileFailure) -> Result) throws(ModelError) -> Result {
    do { return try body() } catch { throw ModelError("\(path) \(error.reason)") }
  }
}
