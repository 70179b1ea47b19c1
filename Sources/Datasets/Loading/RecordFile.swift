import Files

/// The records of a file, all of one length: an example each, as bytes.
///
/// Only the records that are asked for are read, so the file may be larger than memory. It is not mapped: a file that
/// another program cuts is an error here, where a mapped one would end this program.
public struct RecordFile: Dataset {
  private let file: OpenFile
  private let path: String
  private let headerByteCount: Int
  /// The length of a record in bytes.
  public let recordByteCount: Int
  public let count: Int

  /// Opens the file at `path`, whose records of `recordByteCount` bytes follow a header of `headerByteCount` bytes.
  ///
  /// Throws a `DataError` where it cannot be read or does not end with a record.
  public init(_ path: String, recordByteCount: Int, headerByteCount: Int = 0) throws(DataError) {
    guard recordByteCount > 0, headerByteCount >= 0 else {
      throw DataError(
        "\(path): a record should have at least 1 byte and the header at least 0, not \(recordByteCount) and "
          + "\(headerByteCount)")
    }
    file = try DataError.naming(path) { () throws(FileFailure) in try OpenFile(path) }
    self.path = path
    self.recordByteCount = recordByteCount
    self.headerByteCount = headerByteCount
    let size = file.size ?? 0
    guard size >= headerByteCount, (size - headerByteCount) % recordByteCount == 0 else {
      throw DataError(
        "\(path) has \(size) bytes and should have \(headerByteCount) and records of \(recordByteCount) bytes each")
    }
    count = (size - headerByteCount) / recordByteCount
  }

  /// The bytes of a record. Throws a `DataError` where there is no such record or the file became shorter.
  public func example(at index: Int) throws -> [UInt8] {
    try check(index)
    let start = headerByteCount + index * recordByteCount
    return try DataError.naming(path) { () throws(FileFailure) in
      try file.bytes(in: start..<start + recordByteCount)
    }
  }
}
