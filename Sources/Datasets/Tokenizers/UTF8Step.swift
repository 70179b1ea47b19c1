/// The result of decoding at one position of bytes that should be UTF-8.
///
/// Source: The Unicode Standard 16.0, section 3.9, table 3-7 (well-formed byte sequences) and "U+FFFD Substitution of
/// Maximal Subparts".
enum UTF8Step: Equatable {
  /// A Unicode scalar of so many bytes.
  case scalar(UInt32, length: Int)
  /// Bytes that no continuation makes valid; together they become one U+FFFD.
  case invalid(length: Int)
  /// The bytes end in the middle of a scalar that more bytes may complete.
  case incomplete

  /// Decodes the bytes from `position`, which must be a valid index.
  @inline(__always)
  init(_ bytes: [UInt8], at position: Int) {
    let lead = bytes[position]
    if lead < 0x80 {
      self = .scalar(UInt32(lead), length: 1)
    } else {
      self.init(longer: bytes, at: position)
    }
  }

  private init(longer bytes: [UInt8], at position: Int) {
    let lead = bytes[position]
    let length: Int
    // The second byte's range excludes encodings that are too long, surrogates and values above U+10FFFF.
    var range: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, range) = (3, 0xA0...0xBF)
    case 0xED: (length, range) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, range) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, range) = (4, 0x80...0x8F)
    default:
      self = .invalid(length: 1)
      return
    }
    var scalar = UInt32(lead) & (0x7F >> UInt32(length))
    for offset in 1..<length {
      guard position + offset < bytes.count else {
        self = .incomplete
        return
      }
      let byte = bytes[position + offset]
      guard range.contains(byte) else {
        self = .invalid(length: offset)
        return
      }
      range = 0x80...0xBF
      scalar = scalar << 6 | UInt32(byte & 0x3F)
    }
    self = .scalar(scalar, length: length)
  }
}

/// Where bytes that should be UTF-8 may be split.
enum UTF8Cut {
  /// The greatest position up to which `bytes` contain no incomplete scalar: their end, or the scalar that is
  /// incomplete there.
  static func last(in bytes: [UInt8]) -> Int {
    for position in bytes.indices.suffix(3).reversed() where bytes[position] & 0xC0 != 0x80 {
      return UTF8Step(bytes, at: position) == .incomplete ? position : bytes.count
    }
    return bytes.count
  }
}
