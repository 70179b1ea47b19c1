import Tensors

extension DType {
  /// What safetensors files call it.
  var formatName: String {
    switch self {
    case .float64: "F64"
    case .float32: "F32"
    case .bfloat16: "BF16"
    case .float16: "F16"
    case .int64: "I64"
    case .int32: "I32"
    case .int8: "I8"
    case .uint8: "U8"
    case .bool: "BOOL"
    }
  }

  /// The type that files call so.
  init?(formatName: String) {
    guard let type = DType.allCases.first(where: { $0.formatName == formatName }) else { return nil }
    self = type
  }
}
