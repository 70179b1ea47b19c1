import Foundation

/// Named arrays of numbers in a file of the safetensors format.
///
/// Eight bytes with the length of the header (the lowest first), the header as JSON, then the numbers of all arrays one
/// after the other. Arrays are F32 or I32; F64, F16 and BF16 are read as well and converted to F32.
///
/// Source: <https://github.com/huggingface/safetensors>, "Format".
public struct SafeTensors {
  /// An array and its name.
  public struct Entry: Sendable {
    /// What it is called. No two in a file are called the same.
    public var name: String
    /// The sizes of its dimensions.
    public var shape: [Int]
    /// Its numbers in row-major order.
    public var contents: Contents

    /// The numbers of an array.
    public enum Contents: Hashable, Sendable {
      /// F32 in a file.
      case floats([Float])
      /// I32 in a file.
      case integers([Int32])

      /// How many numbers there are.
      public var count: Int {
        switch self {
        case .floats(let values): values.count
        case .integers(let values): values.count
        }
      }

      /// What the format calls their type: `F32` or `I32`.
      public var dtype: String {
        switch self {
        case .floats: "F32"
        case .integers: "I32"
        }
      }
    }

    /// Its numbers in row-major order; whole ones beyond 2²⁴ are rounded to what a `Float` can be.
    public var values: [Float] {
      switch contents {
      case .floats(let values): values
      case .integers(let values): values.map(Float.init)
      }
    }

    /// An array of numbers called `name`.
    public init(name: String, shape: [Int], values: [Float]) {
      self.init(name: name, shape: shape, contents: .floats(values))
    }

    /// An array of whole numbers called `name`.
    public init(name: String, shape: [Int], integers: [Int32]) {
      self.init(name: name, shape: shape, contents: .integers(integers))
    }

    init(name: String, shape: [Int], contents: Contents) {
      self.name = name
      self.shape = shape
      self.contents = contents
    }
  }

  private static let metadataKey = "__metadata__"
  private static let greatestHeader = 100_000_000

  /// Writes `entries`, and `metadata` beside them, to the file at `url`, which is replaced as a whole.
  ///
  /// Throws a `ModelError` where two arrays have the same name, an array has not as many numbers as its shape says, or
  /// the file cannot be written.
  public static func write(_ entries: [Entry], metadata: [String: String], to url: URL) throws {
    let data: Data
    do { data = try encode(entries, metadata: metadata) } catch {
      throw ModelError("\(url.path) cannot be written: \(error)")
    }
    try AtomicFile.replace(url, with: data)
  }

  /// The arrays in the file at `url`, in the order of their numbers, and the metadata beside them.
  ///
  /// Throws a `ModelError` that names the file and says what would be right where it is not wholly of this format.
  public static func read(_ url: URL) throws -> (entries: [Entry], metadata: [String: String]) {
    let bytes = try contents(of: url)
    do { return try decode(bytes) } catch { throw ModelError("\(url.path) \(error)") }
  }

  /// The bytes of the file at `url`.
  package static func contents(of url: URL) throws(ModelError) -> [UInt8] {
    let target = url.resolvingSymlinksInPath()
    let attributes = try? FileManager.default.attributesOfItem(atPath: target.path)
    // Anything but a file may have no end.
    guard attributes?[.type] as? FileAttributeType == .typeRegular, let data = try? Data(contentsOf: target) else {
      throw ModelError("\(url.path) cannot be read; it should be a safetensors file")
    }
    return [UInt8](data)
  }

  package static func encode(_ entries: [Entry], metadata: [String: String]) throws(ModelError) -> Data {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\(quoted(metadataKey)):{\(pairs.joined(separator: ","))}")
    }
    var names: Set<String> = [metadataKey]
    var end = 0
    for entry in entries {
      guard names.insert(entry.name).inserted else {
        throw ModelError("two arrays are called '\(entry.name)'; their names should differ")
      }
      guard elementCount(entry.shape) == entry.contents.count else {
        throw ModelError("'\(entry.name)' should have as many values as its shape \(entry.shape) says")
      }
      let start = end
      end += 4 * entry.contents.count
      let shape = entry.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(entry.name)):{\"dtype\":\"\(entry.contents.dtype)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(start),\(end)]}")
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    guard header.count <= greatestHeader else { throw ModelError("names and metadata should be below 100 MB") }

    var data = Data(capacity: 8 + header.count + end)
    data.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
    data.append(contentsOf: header)
    for entry in entries {
      switch entry.contents {
      case .floats(let values): LittleEndian.append(values, to: &data)
      case .integers(let values): LittleEndian.append(values, to: &data)
      }
    }
    return data
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

    /// Puts the bytes of each number together, the lowest first, and makes a number of these bits.
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

  package static func decode(_ bytes: [UInt8]) throws(ModelError) -> (entries: [Entry], metadata: [String: String]) {
    guard bytes.count >= 8 else { throw ModelError("should be a safetensors file, which has at least 8 bytes") }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
    guard length <= UInt64(greatestHeader) else {
      throw ModelError("should be a safetensors file with a header of at most 100 MB, not \(length) bytes")
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= bytes.count else {
      throw ModelError("ends in its header, which should have \(length) bytes")
    }
    var parser = SafeTensorsHeader(bytes: bytes[8..<dataStart])
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
        return Entry(name: $0.name, shape: $0.shape, contents: $0.format.contents(numbers))
      }, metadata
    )
  }

  private static func place(_ name: String, _ fields: [String: SafeTensorsHeader.Value]) throws(ModelError) -> Place {
    guard fields.count == 3, case .string(let dtype)? = fields["dtype"], case .numbers(let shape)? = fields["shape"],
      case .numbers(let offsets)? = fields["data_offsets"], offsets.count == 2
    else { throw ModelError("should have dtype, shape and two data_offsets for '\(name)' and nothing else") }
    guard let format = Format(rawValue: dtype) else {
      throw ModelError("should have F32, I32, F64, F16 or BF16 for '\(name)', not \(dtype)")
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
