/// A model that cannot be described, saved or loaded: one sentence that says what would be right.
public struct ModelError: Error, CustomStringConvertible, Sendable {
  /// The sentence.
  public let description: String

  /// An error that says `description`.
  public init(_ description: String) { self.description = description }
}
