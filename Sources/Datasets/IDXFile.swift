import Foundation

/// An array of bytes in the format of the MNIST files, plain or packed with gzip.
///
/// Two zero bytes, the type of the elements (8: bytes, the only one read here), the number of dimensions, each
/// dimension as four bytes with the highest first, then the elements.
struct IDXFile {
  /// The sizes of the dimensions.
  var dimensions: [Int]
  /// The elements in row-major order.
  var values: [UInt8]

  /// The most elements that are read, 1 GiB: twice the greatest set of this format (EMNIST) and no more than a small
  /// packed file may make of itself.
  private static let greatestCount = 1 << 30

  /// Reads a file whose number of dimensions should be `rank`.
  init(contentsOf url: URL, rank: Int) throws(DataError) {
    try self.init(readBytes(of: url), rank: rank, name: url.path)
  }

  /// Reads `bytes`, naming them `name` in errors.
  init(_ bytes: [UInt8], rank: Int, name: String) throws(DataError) {
    let headerSize = 4 + 4 * rank
    let isPacked = Gzip.isGzip(bytes)
    let header = isPacked ? try Self.unpack(bytes, limit: headerSize, name) : Array(bytes.prefix(headerSize))
    let (dimensions, count) = try Self.dimensions(header, rank: rank, name)
    let size = headerSize + count
    // One byte more than there should be tells a longer file.
    let whole = isPacked ? try Self.unpack(bytes, limit: size + 1, name) : bytes
    guard whole.count == size else {
      let found = isPacked && whole.count > size ? "more" : "\(whole.count - headerSize)"
      throw DataError("\(name) should have \(count) bytes after its header as the header says, but has \(found)")
    }
    self.dimensions = dimensions
    values = Array(whole[headerSize...])
  }

  private static func unpack(_ bytes: [UInt8], limit: Int, _ name: String) throws(DataError) -> [UInt8] {
    do { return try Gzip.inflate(bytes, limit: limit) } catch { throw DataError("\(name) \(error.reason)") }
  }

  private static func dimensions(
    _ header: [UInt8], rank: Int, _ name: String
  ) throws(DataError) -> (dimensions: [Int], count: Int) {
    guard header.count >= 4, header[0] == 0, header[1] == 0 else {
      throw DataError("\(name) should be an IDX file, which begins with two zero bytes, a type and a rank")
    }
    guard header[2] == 0x08 else {
      throw DataError("\(name) should have elements of IDX type 8 (bytes), not \(header[2])")
    }
    guard Int(header[3]) == rank else {
      throw DataError("\(name) should have \(rank) dimensions, not \(header[3])")
    }
    guard header.count == 4 + 4 * rank else {
      throw DataError("\(name) ends in its header and should have \(4 + 4 * rank) bytes of it")
    }
    let dimensions = (0..<rank).map { axis in
      header[(4 + 4 * axis)..<(8 + 4 * axis)].reduce(0) { $0 << 8 | Int($1) }
    }
    var count = 1
    for dimension in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard dimension > 0 else { throw DataError("\(name) should have dimensions of at least 1, not \(dimensions)") }
      guard !overflow, product <= greatestCount else {
        throw DataError("\(name) should have at most \(greatestCount) elements, but its dimensions are \(dimensions)")
      }
      count = product
    }
    return (dimensions, count)
  }
}

/// The bytes of a file, of which there should be at most `limit`; a device without end is read no further.
func readBytes(of url: URL, limit: Int = (1 << 30) + (1 << 10)) throws(DataError) -> [UInt8] {
  var bytes: [UInt8] = []
  do {
    let file = try FileHandle(forReadingFrom: url)
    defer { try? file.close() }
    while bytes.count <= limit, let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty {
      bytes.append(contentsOf: chunk)
    }
  } catch {
    let isThere = FileManager.default.fileExists(atPath: url.path)
    throw DataError("\(url.path) \(isThere ? "cannot be read and should be a readable file" : "should exist")")
  }
  guard bytes.count <= limit else { throw DataError("\(url.path) should have at most \(limit) bytes") }
  return bytes
}
