/// What the elements of a tensor are.
///
/// Both types take four bytes. Numbers that are learned are `float32`; labels, positions and random keys are `int32`.
/// Comparisons give `float32`: 1 where they hold, 0 elsewhere.
public enum DType: String, Hashable, Sendable, Codable {
  /// Single precision, for what is learned: 24 significant bits, up to 3.4e38.
  case float32
  /// Whole numbers from −2³¹ to 2³¹ − 1: labels, positions and random keys.
  case int32

  /// Bytes an element takes.
  public var byteCount: Int { 4 }
}
