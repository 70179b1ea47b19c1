/// Parses the subset of JSON that safetensors headers use. Unlike Foundation's parser it rejects duplicate names.
struct SafeTensorsHeader {
  enum Value {
    case string(String)
    case numbers([Int])
    case object([(key: String, value: Value)])
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  mutating func parse() throws(ModelError) -> [(key: String, value: Value)] {
    guard bytes.first == UInt8(ascii: "{") else { throw wrong("{") }
    let members = try object(depth: 0)
    skipSpace()
    guard position == bytes.endIndex else { throw wrong("the end of the header") }
    return members
  }

  private func wrong(_ expected: String) -> ModelError {
    ModelError("should have \(expected) at byte \(position - bytes.startIndex) of its header")
  }

  private mutating func skipSpace() {
    while position < bytes.endIndex, [9, 10, 13, 32].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.endIndex, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(ModelError) {
    guard take(character) else { throw wrong(String(character)) }
  }

  private mutating func object(depth: Int) throws(ModelError) -> [(key: String, value: Value)] {
    try expect("{")
    var members: [(key: String, value: Value)] = []
    var keys: Set<String> = []
    if take("}") { return members }
    repeat {
      let key = try string()
      guard keys.insert(key).inserted else { throw ModelError("should have '\(key)' only once in its header") }
      try expect(":")
      members.append((key, try value(depth: depth + 1)))
    } while take(",")
    try expect("}")
    return members
  }

  private mutating func value(depth: Int) throws(ModelError) -> Value {
    skipSpace()
    guard position < bytes.endIndex else { throw wrong("a value") }
    switch bytes[position] {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "["): return .numbers(try numbers())
    case UInt8(ascii: "{") where depth < 2: return .object(try object(depth: depth))
    default: throw wrong("text, a list of numbers or an object")
    }
  }

  private mutating func numbers() throws(ModelError) -> [Int] {
    try expect("[")
    var result: [Int] = []
    if take("]") { return result }
    repeat {
      skipSpace()
      let start = position
      while position < bytes.endIndex, (48...57).contains(bytes[position]) { position += 1 }
      let digits = String(decoding: bytes[start..<position], as: UTF8.self)
      guard let number = Int(digits), digits == "0" || !digits.hasPrefix("0") else {
        position = start
        throw wrong("a whole number from 0 to \(Int.max)")
      }
      result.append(number)
    } while take(",")
    try expect("]")
    return result
  }

  private mutating func string() throws(ModelError) -> String {
    try expect("\"")
    var text: [UInt8] = []
    while position < bytes.endIndex, bytes[position] != UInt8(ascii: "\"") {
      let byte = bytes[position]
      guard byte >= 0x20 else { throw wrong("no control character") }
      position += 1
      if byte == UInt8(ascii: "\\") { try text.append(contentsOf: escape()) } else { text.append(byte) }
    }
    try expect("\"")
    guard let result = String(validating: text, as: UTF8.self) else { throw wrong("text in UTF-8 before") }
    return result
  }

  private mutating func escape() throws(ModelError) -> [UInt8] {
    guard position < bytes.endIndex else { throw wrong("an escape") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]), bytes[position...].starts(with: Array("\\u".utf8)) {
        position += 2
        units.append(try codeUnit())
      }
      guard let text = String(validating: units, as: UTF16.self) else { throw wrong("a whole character before") }
      return Array(text.utf8)
    default: throw wrong("a JSON escape before")
    }
  }

  private mutating func codeUnit() throws(ModelError) -> UInt16 {
    let digits = bytes[position...].prefix(4)
    let text = String(decoding: digits, as: UTF8.self)
    guard digits.count == 4, text.allSatisfy(\.isHexDigit), let unit = UInt16(text, radix: 16) else {
      throw wrong("four hexadecimal digits")
    }
    position += 4
    return unit
  }
}
