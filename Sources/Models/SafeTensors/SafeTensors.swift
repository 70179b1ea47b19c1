import Files
import Foundation
import Tensors

/// Named arrays of numbers in a file of the safetensors format.
///
/// Eight bytes with the length of the header (little-endian), the header as JSON, then the numbers of all arrays one
/// after the other. Arrays are of any `DType`: F32, F64, BF16, F16, I8, U8, I32, I64 or BOOL.
///
/// Source: <https://github.com/huggingface/safetensors>, "Format".
public struct SafeTensors {
  /// An array and its name.
  public struct Entry: Sendable {
    /// Its name, unique in a file.
    public var name: String
    /// The sizes of its dimensions.
    public let shape: [Int]
    /// The type of its numbers.
    public let dtype: DType
    /// Its numbers in row-major order, little-endian.
    let bytes: [UInt8]

    /// An array of numbers called `name`.
    public init(name: String, shape: [Int], values: [Float]) { self.init(name, shape, values) }

    /// An array of any type, such as `Int32` or `Double`, called `name`.
    @_disfavoredOverload
    public init<Element: TensorElement>(name: String, shape: [Int], values: [Element]) {
      self.init(name, shape, values)
    }

    /// A tensor called `name`, which is computed if need be. Throws the error of a failed tensor.
    public init(name: String, _ tensor: Tensor) throws(TensorError) {
      self.init(name: name, shape: tensor.shape.dimensions, dtype: tensor.dtype, bytes: try tensor.bytes())
    }

    /// The values of a variable.
    package init(name: String, _ variable: Variable) throws(TensorError) {
      self.init(
        name: name, shape: variable.shape.dimensions, dtype: variable.dtype, bytes: try variable.bytes())
    }

    init(name: String, shape: [Int], dtype: DType, bytes: [UInt8]) {
      (self.name, self.shape, self.dtype, self.bytes) = (name, shape, dtype, bytes)
    }

    private init<Element: TensorElement>(_ name: String, _ shape: [Int], _ values: [Element]) {
      // Values that do not fill the shape are an error when the file is written.
      let bytes = (try? Tensor(values, shape: [values.count]).bytes()) ?? []
      self.init(name: name, shape: shape, dtype: Element.tensorType, bytes: bytes)
    }

    /// Replaces the values of a variable of this shape, converted to its type.
    package func write(to variable: Variable) throws(TensorError) {
      if dtype == variable.dtype { try variable.set(bytes: bytes) } else { try variable.set(converting: tensor) }
    }

    /// How many numbers there are.
    public var count: Int { bytes.count / dtype.byteCount }

    /// The numbers as a tensor of the array's type.
    public var tensor: Tensor { Tensor(bytes: bytes, shape: shape, dtype: dtype) }

    /// Its numbers in row-major order as float32, converted where they are of another type.
    public func values() throws(TensorError) -> [Float] { try tensor.cast(to: .float32).values() }
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
      guard elementCount(entry.shape) == entry.count else {
        throw ModelError("'\(entry.name)' should have as many values as its shape \(entry.shape) says")
      }
      let start = end
      end += entry.bytes.count
      let shape = entry.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(entry.name)):{\"dtype\":\"\(entry.dtype.formatName)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(start),\(end)]}")
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    guard header.count <= greatestHeader else { throw ModelError("names and metadata should be below 100 MB") }

    var data = Data(capacity: 8 + header.count + end)
    data.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
    data.append(contentsOf: header)
    for entry in entries { data.append(contentsOf: entry.bytes) }
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
