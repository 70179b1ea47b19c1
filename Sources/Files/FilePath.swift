/// Paths, which need not be UTF-8, as strings.
///
/// On Linux a name may have any bytes. A `String` would replace those that are not UTF-8, and the name would then be
/// that of another file. So such bytes are encoded in the string as private-use characters, U+EF80 to U+EFFF for 0x80
/// to 0xFF, and so are the bytes of these characters themselves: the encoding is unique and reversible.
package enum FilePath {
  /// The string for a path of these bytes.
  package static func string(of bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: \.isPathByte) {
      return text
    }
    var text = String.UnicodeScalarView()
    var rest = bytes[...]
    while !rest.isEmpty {
      var iterator = rest.makeIterator()
      var decoder = UTF8()
      if case .scalarValue(let scalar) = decoder.decode(&iterator), !scalar.isPathByte {
        text.append(scalar)
        rest = rest.dropFirst(UTF8.width(scalar))
      } else if let byte = rest.popFirst(), let scalar = Unicode.Scalar(0xEF00 + UInt32(byte)) {
        text.append(scalar)
      }
    }
    return String(text)
  }

  /// The original text of a string made from an argument that is not a path.
  package static func text(of argument: String) -> String { String(decoding: bytes(of: argument), as: UTF8.self) }

  /// The bytes of `path`.
  package static func bytes(of path: String) -> [UInt8] {
    guard path.unicodeScalars.contains(where: \.isPathByte) else { return Array(path.utf8) }
    return path.unicodeScalars.flatMap { scalar in
      scalar.isPathByte ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(String(scalar).utf8)
    }
  }

  /// `path` for the system. Throws where it has a zero byte, at which the system would stop.
  package static func cString(_ path: String) throws(SystemError) -> [CChar] {
    let bytes = bytes(of: path)
    guard !bytes.contains(0) else { throw SystemError.invalidName }
    return bytes.map(CChar.init(bitPattern:)) + [0]
  }

  /// The folder that `path` is in, where `path` names one.
  package static func parent(of path: String) -> String? {
    let slash = UInt8(ascii: "/")
    var rest = path.utf8[...]
    while rest.count > 1, rest.last == slash { rest.removeLast() }
    guard let end = rest.lastIndex(of: slash) else { return nil }
    rest = rest[..<end]
    while rest.count > 1, rest.last == slash { rest.removeLast() }
    return rest.isEmpty ? nil : String(rest)
  }
}
