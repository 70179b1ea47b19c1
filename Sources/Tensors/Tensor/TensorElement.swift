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
