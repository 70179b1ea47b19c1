import Files
import Foundation

/// Named arrays of numbers in a file of the safetensors format.
///
/// Eight bytes with the length of the header (little-endian), the header as JSON, then the numbers of all arrays one
/// after the other. Arrays are F32 or I32; F64, F16 and BF16 are read as well and converted to F32.
///
/// Source: <https://github.com/huggingface/safetensors>, "Format".
public struct SafeTensors {
  /// An array and its name.
  public struct Entry: Sendable {
    /// Its name, unique in a file.
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

    /// Its numbers in row-major order; integers beyond 2²⁴ are rounded to a `Float`.
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

    /// An array of integers called `name`.
    public init(name: String, shape: [Int], integers: [Int32]) {
      self.init(name: name, shape: shape, contents: .integers(integers))
    }

    init(name: String, shape: [Int], contents: Contents) {
      self.name = name
      self.shape = shape
      self.contents = contents
    }
  }

  static let metadataKey = "__metadata__"
  static let greatestHeader = 100_000_000

  /// Writes `entries`, and `metadata`, to the file at `url`, which is replaced as a whole.
  ///
  /// Throws a `ModelError` where two arrays have the same name, an array's count differs from its shape, or
  /// the file cannot be written.
  public static func write(_ entries: [Entry], metadata: [String: String], to url: URL) throws {
    let data: Data
    do { data = try encode(entries, metadata: metadata) } catch {
      throw ModelError("\(url.path) cannot be written: \(error)")
    }
    try AtomicFile.replace(url, with: data)
  }

  /// The arrays in the file at `url`, in the order of their data, and the metadata.
  ///
  /// Throws a `ModelError` that names the file and says what is wrong where it is not valid.
  public static func read(_ url: URL) throws -> (entries: [Entry], metadata: [String: String]) {
    let file = try SafeTensorsFile(url)
    return (try file.entries(), file.layout.metadata)
  }

  /// The bytes of the file at `url`.
  package static func contents(of url: URL) throws(ModelError) -> [UInt8] {
    try ModelError.naming(url.path) { () throws(FileFailure) in try OpenFile(url.path).contents(limit: .max) }
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

  /// The product of `shape`, or `nil` where it is invalid or overflows.
  static func elementCount(_ shape: [Int]) -> Int? {
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
