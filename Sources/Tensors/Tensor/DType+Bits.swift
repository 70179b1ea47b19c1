extension DType {
  /// The bits of a number as this type, in the lowest bytes; rounded to nearest, toward zero for whole numbers, which
  /// saturate. As the kernels' conversions.
  func bits(of value: Double) -> UInt64 {
    switch self {
    case .float64: value.bitPattern
    case .float32: UInt64(Float(value).bitPattern)
    case .bfloat16: UInt64(DType.bfloat16Bits(of: Float(value)))
    case .float16: UInt64(DType.float16Bits(of: Float(value)))
    case .int8, .uint8, .int32, .int64: UInt64(truncatingIfNeeded: truncated(value, whole))
    case .bool: value == 0 ? 0 : 1
    }
  }

  // The floats of 16 bits are converted by hand: Swift's `Float16` is not available on every platform.

  package static func bfloat16Bits(of x: Float) -> UInt16 {
    if x.isNaN { return 0x7FC0 }
    return UInt16((x.bitPattern + 0x7FFF + (x.bitPattern >> 16 & 1)) >> 16)
  }

  package static func bfloat16(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  package static func float16Bits(of x: Float) -> UInt16 {
    let sign = UInt16(x.bitPattern >> 16 & 0x8000)
    let magnitude = x.bitPattern & 0x7FFF_FFFF
    if x.isNaN { return sign | 0x7E00 }
    if magnitude >= 0x477F_F000 { return sign | 0x7C00 }  // from 65520 on: infinity
    // Below 2⁻¹⁴, multiples of 2⁻²⁴, which the addition of 0.5 leaves in the lowest bits of the fraction.
    if magnitude < 0x3880_0000 {
      return sign | UInt16(truncatingIfNeeded: (Float(bitPattern: magnitude) + 0.5).bitPattern - 0x3F00_0000)
    }
    return sign | UInt16((magnitude + 0xFFF + (magnitude >> 13 & 1) - 0x3800_0000) >> 13)
  }

  package static func float16(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let (exponent, fraction) = (UInt32(bits >> 10 & 0x1F), UInt32(bits & 0x3FF))
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}

/// Toward zero, to the nearest that fits; NaN becomes 0.
func truncated<Whole: FixedWidthInteger>(_ x: some BinaryFloatingPoint, _: Whole.Type) -> Int64 {
  if x.isNaN { return 0 }
  if let exact = Whole(exactly: x.rounded(.towardZero)) { return Int64(exact) }
  return x < 0 ? Int64(Whole.min) : Int64(Whole.max)
}

extension DType {
  /// Whether a number is one of this type, or of any type with fractions: those are rounded.
  func holds(_ value: Double) -> Bool {
    func isExact<Whole: FixedWidthInteger>(_: Whole.Type) -> Bool { Whole(exactly: value) != nil }
    return isFloatingPoint || (self == .bool ? value == 0 || value == 1 : isExact(whole))
  }
}
