/// What is predicted for a row of a table.
public enum TableGoal: String, Codable, Hashable, Sendable, CaseIterable {
  /// A number.
  case regression
  /// One of several classes.
  case classification
}
