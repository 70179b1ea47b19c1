import CKernels

extension DType {
  /// Its name in C.
  var code: backprop_type {
    switch self {
    case .float32: BACKPROP_FLOAT32
    case .float64: BACKPROP_FLOAT64
    case .bfloat16: BACKPROP_BFLOAT16
    case .float16: BACKPROP_FLOAT16
    case .int8: BACKPROP_INT8
    case .uint8: BACKPROP_UINT8
    case .int32: BACKPROP_INT32
    case .int64: BACKPROP_INT64
    case .bool: BACKPROP_BOOL
    }
  }

  /// What titles of kernels say where it is not float32.
  var suffix: String { self == .float32 ? "" : " \(self)" }

  /// The bits of a number as this type, in the lowest bytes, converted as by `cast(to:)`.
  func bits(of value: Double) -> UInt64 {
    var bits: UInt64 = 0
    withUnsafePointer(to: value) { backprop_plain_cast(BACKPROP_FLOAT64, code, 1, $0, &bits) }
    return bits
  }
}
