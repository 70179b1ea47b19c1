/// Scans text that should be JSON, where the decoder only says that it is not valid: finds the position of the syntax
/// error, and the positions of numbers.
struct JSONOutline {
  /// What is expected where the syntax is broken; `nil` where it is valid.
  private(set) var problem: String?
  /// The positions of numbers that are not 64-bit integers, the only ones that the decoder can reject by value.
  private(set) var unusualNumbers: [Range<Int>] = []

  private let bytes: [UInt8]
  private var position = 0
  /// The nesting limit of Foundation's decoder.
  private static let greatestDepth = 512

  private struct Broken: Error { var expected: String }

  init(of bytes: [UInt8]) {
    self.bytes = bytes
    do throws(Broken) {
      try value(depth: 0)
      skipSpace()
      if position < bytes.count { throw Broken(expected: "the end") }
    } catch {
      let before = bytes[..<min(position, bytes.count)]
      let line = before.count { $0 == 10 } + 1
      let column = position - (before.lastIndex(of: 10).map { $0 + 1 } ?? 0) + 1
      problem =
        position >= bytes.count
        ? "it ends where \(error.expected) should stand"
        : "line \(line), column \(column) should have \(error.expected)"
    }
  }

  private mutating func skipSpace() {
    while position < bytes.count, [9, 10, 13, 32].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar, or other: String = "") throws(Broken) {
    guard take(character) else { throw Broken(expected: "'\(character)'\(other)") }
  }

  private mutating func value(depth: Int) throws(Broken) {
    guard depth < Self.greatestDepth else { throw Broken(expected: "no more than \(Self.greatestDepth) levels") }
    skipSpace()
    let rest = bytes[position...]
    switch rest.first {
    case UInt8(ascii: "{"):
      position += 1
      if take("}") { return }
      repeat {
        skipSpace()
        try string("a key in quotation marks")
        try expect(":")
        try value(depth: depth + 1)
      } while take(",")
      try expect("}", or: " or ','")
    case UInt8(ascii: "["):
      position += 1
      if take("]") { return }
      repeat { try value(depth: depth + 1) } while take(",")
      try expect("]", or: " or ','")
    case UInt8(ascii: "\""): try string("text")
    default:
      for word in ["true", "false", "null"] where rest.starts(with: word.utf8) {
        position += word.utf8.count
        return
      }
      try number()
    }
  }

  private mutating func string(_ expected: String) throws(Broken) {
    guard take("\"") else { throw Broken(expected: expected) }
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      guard bytes[position] >= 0x20 else { throw Broken(expected: "no control character in text") }
      if bytes[position] == UInt8(ascii: "\\") {
        guard position + 1 < bytes.count, "\"\\/bfnrtu".utf8.contains(bytes[position + 1]) else {
          throw Broken(expected: "an escape of JSON")
        }
        position += 1
      }
      position += 1
    }
    try expect("\"")
  }

  private mutating func digits() throws(Broken) {
    let start = position
    while position < bytes.count, (48...57).contains(bytes[position]) { position += 1 }
    if position == start { throw Broken(expected: "a value") }
  }

  private mutating func number() throws(Broken) {
    let start = position
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
    let first = position
    try digits()
    if bytes[first] == UInt8(ascii: "0"), position > first + 1 {
      position = first
      throw Broken(expected: "a number without zeros before it")
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count, [43, 45].contains(bytes[position]) { position += 1 }
      try digits()
    }
    let range = start..<position
    if Int(String(decoding: bytes[range], as: UTF8.self)) == nil { unusualNumbers.append(range) }
  }
}
