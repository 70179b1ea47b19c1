/// Data that cannot be used: one sentence that names the file and what would be right.
public struct DataError: Error, CustomStringConvertible, Sendable {
  /// The sentence.
  public let message: String

  /// An error that says `message`.
  public init(_ message: String) { self.message = message }

  /// The sentence.
  public var description: String { message }
}
