import Foundation

/// Named arrays of numbers in a file of the safetensors format.
///
/// Eight bytes with the length of the header (the lowest first), the header as JSON, then the numbers of all arrays one
/// after the other. Arrays are written as F32; F64, F16 and BF16 are read as well and converted.
public struct SafeTensors {
  /// An array and its name.
  public struct Entry: Sendable {
    /// What it is called. No two in a file are called the same.
    public var name: String
    /// The sizes of its dimensions.
    public var shape: [Int]
    /// Its numbers in row-major order.
    public var values: [Float]

    /// An array called `name`.
    public init(name: String, shape: [Int], values: [Float]) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  private static let metadataKey = "__metadata__"
  private static let greatestHeader = 100_000_000

  /// Writes `entries`, and `metadata` beside them, to the file at `url`, which is replaced as a whole.
  public static func write(_ entries: [Entry], metadata: [String: String], to url: URL) throws {
    try AtomicFile.replace(url, with: encode(entries, metadata: metadata))
  }

  /// The arrays in the file at `url`, in the order of their numbers, and the metadata beside them.
  public static func read(_ url: URL) throws -> (entries: [Entry], metadata: [String: String]) {
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw ModelError("\(url.path) cannot be read; it should be a safetensors file")
    }
    do { return try decode([UInt8](data)) } catch { throw ModelError("\(url.path) \(error)") }
  }

  static func encode(_ entries: [Entry], metadata: [String: String]) throws -> Data {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\(quoted(metadataKey)):{\(pairs.joined(separator: ","))}")
    }
    var names: Set<String> = [metadataKey]
    var numbers: [UInt8] = []
    numbers.reserveCapacity(4 * entries.reduce(0) { $0 + $1.values.count })
    for entry in entries {
      guard names.insert(entry.name).inserted else {
        throw ModelError("two arrays are called '\(entry.name)'; their names should differ")
      }
      guard elementCount(entry.shape) == entry.values.count else {
        throw ModelError("'\(entry.name)' should have as many values as its shape \(entry.shape) says")
      }
      let start = numbers.count
      for value in entry.values {
        let bits = value.bitPattern
        numbers.append(UInt8(truncatingIfNeeded: bits))
        numbers.append(UInt8(truncatingIfNeeded: bits >> 8))
        numbers.append(UInt8(truncatingIfNeeded: bits >> 16))
        numbers.append(UInt8(truncatingIfNeeded: bits >> 24))
      }
      let shape = entry.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(entry.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(start),\(numbers.count)]}")
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    guard header.count <= greatestHeader else { throw ModelError("names and metadata should be below 100 MB") }
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    return Data(length + header + numbers)
  }

  /// The product of `shape`, or `nil` where it has no meaning or cannot be counted.
  private static func elementCount(_ shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension SafeTensors {
  /// How numbers are stored.
  private enum Format: String {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"

    var size: Int {
      switch self {
      case .f64: 8
      case .f32: 4
      case .f16, .bf16: 2
      }
    }

    func values(_ bytes: ArraySlice<UInt8>) -> [Float] {
      let size = size
      return stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map { start in
        var bits: UInt64 = 0
        for place in 0..<size { bits |= UInt64(bytes[start + place]) << UInt64(8 * place) }
        switch self {
        case .f64: return Float(Double(bitPattern: bits))
        case .f32: return Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        case .bf16: return Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16)
        case .f16: return Self.half(UInt32(truncatingIfNeeded: bits))
        }
      }
    }

    /// IEEE 754 binary16, written out since `Float16` is not on every platform.
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

  private struct Place {
    var name: String
    var shape: [Int]
    var format: Format
    var start: Int
    var end: Int
  }

  static func decode(_ bytes: [UInt8]) throws(ModelError) -> (entries: [Entry], metadata: [String: String]) {
    guard bytes.count >= 8 else { throw ModelError("should be a safetensors file, which has at least 8 bytes") }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
    guard length <= UInt64(greatestHeader) else {
      throw ModelError("should be a safetensors file with a header of at most 100 MB, not \(length) bytes")
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= bytes.count else {
      throw ModelError("ends in its header, which should have \(length) bytes")
    }
    var parser = HeaderParser(bytes: bytes[8..<dataStart])
    let members = try parser.parse()
    var metadata: [String: String] = [:]
    var places: [Place] = []
    for (name, value) in members {
      guard case .object(let fields) = value else {
        throw ModelError("should have an object for '\(name)' in its header")
      }
      if name == metadataKey {
        for (key, value) in fields {
          guard case .string(let text) = value else { throw ModelError("should have text as metadata '\(key)'") }
          metadata[key] = text
        }
      } else {
        places.append(try place(name, Dictionary(uniqueKeysWithValues: fields)))
      }
    }
    places.sort { ($0.start, $0.end) < ($1.start, $1.end) }
    var next = 0
    for place in places {
      guard place.start == next else {
        throw ModelError("should have '\(place.name)' at byte \(next) of its data, right after the one before it")
      }
      next = place.end
    }
    guard next == bytes.count - dataStart else {
      throw ModelError("should have \(next) bytes after its header, not \(bytes.count - dataStart)")
    }
    return (
      places.map {
        let numbers = bytes[(dataStart + $0.start)..<(dataStart + $0.end)]
        return Entry(name: $0.name, shape: $0.shape, values: $0.format.values(numbers))
      }, metadata
    )
  }

  private static func place(_ name: String, _ fields: [String: HeaderParser.Value]) throws(ModelError) -> Place {
    guard fields.count == 3, case .string(let dtype)? = fields["dtype"], case .numbers(let shape)? = fields["shape"],
      case .numbers(let offsets)? = fields["data_offsets"], offsets.count == 2
    else { throw ModelError("should have dtype, shape and two data_offsets for '\(name)' and nothing else") }
    guard let format = Format(rawValue: dtype) else {
      throw ModelError("should have F32, F64, F16 or BF16 for '\(name)', not \(dtype)")
    }
    guard let count = elementCount(shape), count <= Int.max / format.size else {
      throw ModelError("should have a shape that can be counted for '\(name)', not \(shape)")
    }
    guard offsets[0] <= offsets[1], offsets[1] - offsets[0] == count * format.size else {
      throw ModelError("should have \(count * format.size) bytes for '\(name)', but its data_offsets are \(offsets)")
    }
    return Place(name: name, shape: shape, format: format, start: offsets[0], end: offsets[1])
  }
}

/// Reads as much of JSON as safetensors headers have. Unlike Foundation's reader it refuses a name given twice.
private struct HeaderParser {
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
