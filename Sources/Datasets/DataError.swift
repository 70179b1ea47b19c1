import Files

/// Data that cannot be used: one sentence that names the file and what would be valid.
public struct DataError: Error, CustomStringConvertible, Sendable {
  /// What was wrong with the data, and what would be valid.
  public let message: String

  /// An error with this message, control characters escaped: names and texts in it may have some.
  public init(_ message: String) { self.message = message.printable }

  /// The sentence.
  public var description: String { message }
}

extension DataError {
  /// The result of `body`; where it fails, the sentence begins with `path`.
  static func naming<Result>(_ path: String, _ body: () throws(FileFailure) -> Result) throws(DataError) -> Result {
    do { return try body() } catch { throw DataError("\(path) \(error.reason)") }
  }
}
