import Files

/// The cells of a CSV while it is read. The first record is the header.
struct TableBuilder: CSVSink {
  private(set) var columns: [String] = []
  private(set) var bytes: [UInt8] = []
  private(set) var ends: [Int] = []
  private(set) var lines: [Int] = []
  /// Fields of the current record, also those beyond the header's, which are not stored.
  private var fields = 0
  private var header: [String] = []
  private var isHeader: Bool { columns.isEmpty }
  private var fieldStart = 0
  private var recordStart = 0

  /// Makes sure that a piece of so many bytes can be stored: a cell takes at least one.
  mutating func reserve(_ count: Int) throws(DataError) {
    do throws(FileFailure) {
      if bytes.count + count > bytes.capacity {
        try OpenFile.requireMemory(2 * (bytes.count + count))
        bytes.reserveCapacity(max(2 * bytes.capacity, bytes.count + count))
      }
      if ends.count + count > ends.capacity { try OpenFile.requireMemory(16 * (ends.count + count)) }
    } catch {
      throw DataError("the table \(error.reason)")
    }
  }

  private var isStored: Bool { isHeader || fields < columns.count }

  mutating func append(_ new: ArraySlice<UInt8>, line: Int) throws(DataError) {
    guard isStored else { return }
    guard bytes.count - fieldStart + new.count <= Table.longestCell else {
      throw DataError(
        "line \(line) has a field of more than \(Table.longestCell) bytes; a quote may not be closed, or it is not a CSV"
      )
    }
    bytes += new
  }

  mutating func restartField() { bytes.removeSubrange(fieldStart...) }

  mutating func endField(line: Int) throws(DataError) {
    defer {
      fields += 1
      fieldStart = bytes.count
    }
    guard isHeader else {
      if isStored { ends.append(bytes.count) }
      return
    }
    guard fields < Table.mostColumns else {
      throw DataError("line \(line) has more than \(Table.mostColumns) columns, which are too many")
    }
    guard let name = String(validating: bytes[fieldStart...].trimmed, as: UTF8.self) else { throw Self.isNotUTF8(line) }
    header.append(name)
    bytes.removeAll(keepingCapacity: true)
  }

  mutating func endRecord(line: Int) throws(DataError) {
    defer {
      (fields, recordStart) = (0, bytes.count)
      fieldStart = recordStart
    }
    guard isHeader else {
      guard fields == columns.count else {
        throw DataError(
          "line \(line) has \("field".counted(fields)), but the header has \("column".counted(columns.count))")
      }
      let record = bytes[recordStart...]
      if record.contains(where: { $0 >= 0x80 }), String(validating: record, as: UTF8.self) == nil {
        throw Self.isNotUTF8(line)
      }
      return lines.append(line)
    }
    var known: [String: Int] = [:]
    // Spreadsheets write empty columns at the right side, too.
    let named = (header.lastIndex { !$0.isEmpty } ?? 0) + 1
    for (index, var name) in header.enumerated() {
      if name.isEmpty {
        guard header.count > 1, index == 0 || index >= named else {
          throw DataError("line \(line): column \(index + 1) has no name; give it one in the header")
        }
        name = "column \(index + 1)"
      }
      if let other = known[name] {
        throw DataError(
          "line \(line): columns \(other + 1) and \(index + 1) are both called '\(name)'; give one another name")
      }
      known[name] = index
      columns.append(name)
    }
  }

  private static func isNotUTF8(_ line: Int) -> DataError {
    DataError("line \(line) has bytes that are not UTF-8; save the file in UTF-8, it may be in Windows-1252 or Latin-1")
  }
}
