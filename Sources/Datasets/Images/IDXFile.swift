import Files

/// An array of bytes in the format of the MNIST files, plain or compressed with gzip.
///
/// Two zero bytes, the type of the elements (8: bytes, the only one read here), the number of dimensions, each
/// dimension as four big-endian bytes, then the elements.
struct IDXFile {
  /// The sizes of the dimensions.
  var dimensions: [Int]
  /// The elements in row-major order.
  var values: [UInt8]

  /// The most elements that are read, 1 GiB: twice the greatest set of this format (EMNIST) and the limit for what a
  /// small compressed file may expand to.
  private static let greatestCount = 1 << 30
  /// The most images or labels.
  private static let greatestLength = 1 << 26

  /// Reads a regular file, whose number of dimensions should be `rank`: a pipe in a folder may have no writer.
  init(contentsOf path: String, rank: Int) throws(DataError) {
    try self.init(readBytes(of: path, accepting: .regular), rank: rank, name: path)
  }

  /// Reads `contents`, naming them `name` in errors. The header is compared with the length before memory is allocated.
  init(_ contents: consuming [UInt8], rank: Int, name: String) throws(DataError) {
    var bytes = consume contents
    let headerSize = 4 + 4 * rank
    let isPacked = Gzip.isGzip(bytes)
    let header = isPacked ? try Self.unpack(bytes, limit: headerSize, name) : Array(bytes.prefix(headerSize))
    let (dimensions, count) = try Self.dimensions(header, rank: rank, name)
    let size = headerSize + count
    if isPacked {
      guard size <= Gzip.greatestCount(packed: bytes.count) else {
        throw DataError(
          "\(name) should have \(count) bytes after its header as the header says, which its \(bytes.count) packed "
            + "bytes cannot hold")
      }
      // One byte more than expected, to detect a longer file.
      bytes = try Self.unpack(bytes, limit: size + 1, name)
    }
    guard bytes.count == size else {
      let found = isPacked && bytes.count > size ? "more" : "\(bytes.count - headerSize)"
      throw DataError("\(name) should have \(count) bytes after its header as the header says, but has \(found)")
    }
    self.dimensions = dimensions
    // Moved in place: another copy would be as large as the set.
    bytes.removeFirst(headerSize)
    values = bytes
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
    guard dimensions[0] <= greatestLength else {
      throw DataError(
        "\(name) should have at most \(greatestLength) elements along its first dimension, not \(dimensions[0])")
    }
    return (dimensions, count)
  }
}
