/// A type of Swift whose values are elements of tensors. There is none for `bfloat16` and `float16`, which are made by
/// casts and read as `Float`.
public protocol TensorElement: BitwiseCopyable, Sendable {
  /// The type of tensors of these.
  static var tensorType: DType { get }
}

extension Float: TensorElement { public static var tensorType: DType { .float32 } }
extension Double: TensorElement { public static var tensorType: DType { .float64 } }
extension Int8: TensorElement { public static var tensorType: DType { .int8 } }
extension UInt8: TensorElement { public static var tensorType: DType { .uint8 } }
extension Int32: TensorElement { public static var tensorType: DType { .int32 } }
extension Int64: TensorElement { public static var tensorType: DType { .int64 } }
extension Bool: TensorElement { public static var tensorType: DType { .bool } }

extension DType {
  /// The type of Swift that elements are read as.
  var element: any TensorElement.Type {
    switch self {
    case .float32, .bfloat16, .float16: Float.self
    case .float64: Double.self
    case .int8: Int8.self
    case .uint8: UInt8.self
    case .int32: Int32.self
    case .int64: Int64.self
    case .bool: Bool.self
    }
  }

  /// The same for whole numbers.
  var whole: any (FixedWidthInteger & TensorElement).Type {
    element as? any (FixedWidthInteger & TensorElement).Type ?? Int64.self
  }
}
