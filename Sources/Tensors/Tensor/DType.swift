/// What the elements of a tensor are.
///
/// All types are stored, cast, moved, indexed, compared, and read and written in files. There is arithmetic in float32,
/// by fast kernels, and in float64 and the integers, by plain ones, so that anything can be checked in double precision.
/// Gradients are float32 or float64. Comparisons give `bool`.
public enum DType: String, Hashable, Sendable, BitwiseCopyable, Codable, CaseIterable {
  /// Single precision, for what is learned: 24 significant bits, up to 3.4e38.
  case float32
  /// Double precision, to check what is computed in float32: 53 significant bits, up to 1.8e308.
  case float64
  /// The upper half of a float32: its range with 8 significant bits.
  case bfloat16
  /// IEEE 754 binary16: 11 significant bits, up to 65504.
  case float16
  /// Whole numbers from −128 to 127.
  case int8
  /// Whole numbers from 0 to 255.
  case uint8
  /// Whole numbers from −2³¹ to 2³¹ − 1: labels, positions and random keys.
  case int32
  /// Whole numbers from −2⁶³ to 2⁶³ − 1.
  case int64
  /// True or false, a byte each: what comparisons give.
  case bool

  /// Bytes an element takes.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .bfloat16, .float16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Whether numbers have fractions.
  public var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64, .bfloat16, .float16: true
    case .int8, .uint8, .int32, .int64, .bool: false
    }
  }

  /// Whether it is a type of whole numbers; `bool` is not.
  public var isInteger: Bool { !isFloatingPoint && self != .bool }

  /// Whether there are gradients of this type.
  package var isDifferentiable: Bool { self == .float32 || self == .float64 }
  /// Whether there is arithmetic of this type.
  var hasArithmetic: Bool { isDifferentiable || isInteger }

  /// Whether a number is one of this type, or of any type with fractions: those are rounded.
  func holds(_ value: Double) -> Bool {
    func isExact<Whole: FixedWidthInteger>(_: Whole.Type) -> Bool { Whole(exactly: value) != nil }
    return isFloatingPoint || (self == .bool ? value == 0 || value == 1 : isExact(whole))
  }
}
