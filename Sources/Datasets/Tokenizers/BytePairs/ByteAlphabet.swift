/// The characters that represent bytes in files of byte pairs: printable ones represent themselves, and the characters
/// from U+0100 on, in order, the others.
///
/// Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), `encoder.py` of its code.
enum ByteAlphabet {
  /// The character for each byte.
  static let symbols: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (UInt32(0)..<256).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(UInt8(byte))
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? "\u{FFFD}"
      }
    }
  }()

  private static let bytes = Dictionary(symbols.enumerated().map { ($1, UInt8($0)) }, uniquingKeysWith: { $1 })

  /// The bytes in the order of their characters, which is the order of their ids.
  static let bytesInOrder = (UInt8.min...UInt8.max).sorted { symbols[Int($0)] < symbols[Int($1)] }

  /// The characters that represent these bytes.
  static func text(of bytes: [UInt8]) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(symbols[Int(byte)]) }
    return String(text)
  }

  /// The bytes that these characters represent; `nil` where one of them represents none.
  static func bytes(of text: String) -> [UInt8]? {
    var result: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard let byte = bytes[scalar] else { return nil }
      result.append(byte)
    }
    return result
  }
}
