extension SafeTensors {
  /// How numbers are stored.
  enum Format: String {
    case f64 = "F64"
    case f32 = "F32"
    case i32 = "I32"
    case f16 = "F16"
    case bf16 = "BF16"

    var size: Int {
      switch self {
      case .f64: 8
      case .f32, .i32: 4
      case .f16, .bf16: 2
      }
    }

    func contents(_ bytes: ArraySlice<UInt8>) -> Entry.Contents {
      switch self {
      case .f64: .floats(Self.decode(bytes, UInt64.self) { Float(Double(bitPattern: $0)) })
      case .f32: .floats(Self.decode(bytes, UInt32.self) { Float(bitPattern: $0) })
      case .i32: .integers(Self.decode(bytes, UInt32.self) { Int32(bitPattern: $0) })
      case .bf16: .floats(Self.decode(bytes, UInt16.self) { Float(bitPattern: UInt32($0) << 16) })
      case .f16: .floats(Self.decode(bytes, UInt16.self) { Self.half(UInt32($0)) })
      }
    }

    /// Joins the little-endian bytes of each number, and converts these bits.
    @inline(__always)
    private static func decode<Bits: FixedWidthInteger & UnsignedInteger, Number>(
      _ bytes: ArraySlice<UInt8>, _: Bits.Type, _ number: (Bits) -> Number
    ) -> [Number] {
      let size = Bits.bitWidth / 8
      let start = bytes.startIndex
      return (0..<bytes.count / size).map { index in
        var bits: Bits = 0
        for place in 0..<size { bits |= Bits(bytes[start &+ index &* size &+ place]) &<< Bits(8 &* place) }
        return number(bits)
      }
    }

    /// IEEE 754 binary16, converted by hand since `Float16` is not available on every platform.
    private static func half(_ bits: UInt32) -> Float {
      let sign = (bits & 0x8000) << 16
      let exponent = (bits >> 10) & 0x1F
      let fraction = bits & 0x3FF
      switch exponent {
      case 0:
        let magnitude = Float(fraction) * 0x1p-24
        return sign == 0 ? magnitude : -magnitude
      case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
      default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
      }
    }
  }
}
