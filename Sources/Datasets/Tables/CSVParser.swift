/// What a `CSVParser` finds, in the order of the file.
protocol CSVSink {
  /// Bytes of the current field.
  mutating func append(_ bytes: ArraySlice<UInt8>, line: Int) throws(DataError)
  /// Forgets the bytes of the current field.
  mutating func restartField()
  mutating func endField(line: Int) throws(DataError)
  /// The end of a record that began on this line.
  mutating func endRecord(line: Int) throws(DataError)
}

/// Splits the bytes of a CSV into records and fields, piece by piece.
///
/// As RFC 4180 says, with what files have beside that: any of LF, CR LF and CR ends a record; a quote inside an unquoted
/// field is a character; spaces around a quoted field are left out; empty lines are no records. Cost: one pass, with
/// nothing stored.
struct CSVParser {
  private enum State { case fieldStart, unquoted, quoted, quoteInQuoted, afterQuoted }

  let separator: UInt8
  /// The line of the next byte, from 1.
  private(set) var line: Int
  private var state = State.fieldStart
  /// Where the current record and the current quoted field began.
  private var recordLine: Int
  private var quoteLine: Int
  /// Whether the current record has a separator, a quote or a byte.
  private var recordIsEmpty = true
  /// Whether the current unquoted field has only spaces so far.
  private var fieldIsBlank = true
  private var lastWasReturn = false

  /// The first line is number `line`.
  init(separator: UInt8, line: Int = 1) {
    (self.separator, self.line, recordLine, quoteLine) = (separator, line, line, line)
  }

  private static let quote = UInt8(ascii: "\"")
  private static let (feed, carriageReturn, space) = (UInt8(10), UInt8(13), UInt8(ascii: " "))

  /// Throws a `DataError` that names the line for a zero byte and for text after a closing quote, and what `sink` throws.
  mutating func parse(_ piece: [UInt8], to sink: inout some CSVSink) throws(DataError) {
    var index = 0
    while index < piece.count {
      let byte = piece[index]
      if lastWasReturn {
        lastWasReturn = false
        if byte == Self.feed, state != .quoted {
          index += 1
          continue
        }
        if state == .quoted, byte != Self.feed { line += 1 }
      }
      guard byte != 0 else { throw DataError("line \(line) has a zero byte, so it is not a CSV, which is text") }
      switch state {
      case .fieldStart, .unquoted:
        let stop = endOfOrdinaryBytes(in: piece, from: index)
        if stop > index {
          recordIsEmpty = false
          if fieldIsBlank { fieldIsBlank = piece[index..<stop].allSatisfy { $0 == Self.space } }
          state = .unquoted
          try sink.append(piece[index..<stop], line: line)
          index = stop
          continue
        }
        if byte == Self.quote, state == .fieldStart || fieldIsBlank {
          sink.restartField()
          (state, quoteLine, recordIsEmpty) = (.quoted, line, false)
        } else if byte == Self.quote {
          try sink.append(piece[index...index], line: line)
        } else {
          try end(byte, &sink)
        }
      case .quoted:
        var stop = index
        while stop < piece.count, piece[stop] != Self.quote, piece[stop] != 0 {
          if piece[stop] == Self.feed { line += 1 }
          if piece[stop] == Self.carriageReturn {
            if stop + 1 == piece.count {
              lastWasReturn = true
            } else if piece[stop + 1] != Self.feed {
              line += 1
            }
          }
          stop += 1
        }
        if stop > index {
          try sink.append(piece[index..<stop], line: quoteLine)
          index = stop
          continue
        }
        state = .quoteInQuoted
      case .quoteInQuoted:
        if byte == Self.quote {
          try sink.append(piece[index...index], line: quoteLine)
          state = .quoted
        } else if byte == Self.space {
          state = .afterQuoted
        } else {
          try end(byte, &sink)
        }
      case .afterQuoted:
        if byte != Self.space { try end(byte, &sink) }
      }
      index += 1
    }
  }

  /// Where the bytes end that are neither a separator, a quote nor an end of a line.
  private func endOfOrdinaryBytes(in piece: [UInt8], from start: Int) -> Int {
    var end = start
    while end < piece.count {
      let byte = piece[end]
      if byte == separator || byte == Self.quote || byte == Self.feed || byte == Self.carriageReturn || byte == 0 {
        break
      }
      end += 1
    }
    return end
  }

  /// Ends a field at a separator or the end of a line.
  private mutating func end(_ byte: UInt8, _ sink: inout some CSVSink) throws(DataError) {
    switch byte {
    case separator:
      try sink.endField(line: line)
      (state, recordIsEmpty, fieldIsBlank) = (.fieldStart, false, true)
    case Self.feed, Self.carriageReturn:
      try endRecord(&sink)
      line += 1
      (recordLine, lastWasReturn) = (line, byte == Self.carriageReturn)
    default:
      throw DataError(
        "line \(line) has text after the closing quote of a field; a quote inside of a quoted field should be doubled")
    }
  }

  private mutating func endRecord(_ sink: inout some CSVSink) throws(DataError) {
    if !recordIsEmpty {
      try sink.endField(line: line)
      try sink.endRecord(line: recordLine)
    }
    (state, recordIsEmpty, fieldIsBlank) = (.fieldStart, true, true)
  }

  /// Ends the last record, where the file has no end of a line there. Throws where a quoted field has no closing quote.
  mutating func finish(_ sink: inout some CSVSink) throws(DataError) {
    guard state != .quoted else {
      throw DataError("the quote that opens a field in line \(quoteLine) is never closed")
    }
    try endRecord(&sink)
  }
}

/// The separator of a CSV: a comma, a semicolon, a tab or a vertical bar.
enum CSVSeparator {
  static let known = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|")]

  /// The one that a first line such as `sep=;` says, as Excel writes it, which is removed; `nil` where there is none.
  static func declared(in beginning: inout [UInt8]) -> UInt8? {
    for separator in known {
      for end in ["\r\n", "\n", "\r"] {
        let line = Array("sep=".utf8) + [separator] + Array(end.utf8)
        guard beginning.starts(with: line) else { continue }
        beginning.removeFirst(line.count)
        return separator
      }
    }
    return nil
  }

  /// The one by which the records of `beginning` have the same number of fields, and the most; a comma where there is
  /// only one column. `isWhole` says that the file ends there.
  static func detect(in beginning: [UInt8], isWhole: Bool) -> UInt8 {
    var best = (separator: known[0], isConsistent: false, fields: 1)
    for separator in known {
      var (parser, counts) = (CSVParser(separator: separator), FieldCounts())
      // An error here is one of the file, or of a separator that is not the file's; the records before it count.
      if (try? parser.parse(beginning, to: &counts)) != nil, isWhole { try? parser.finish(&counts) }
      guard let first = counts.records.first, first > 1 else { continue }
      let isConsistent = counts.records.allSatisfy { $0 == first }
      if isConsistent ? !best.isConsistent || first > best.fields : !best.isConsistent && first > best.fields {
        best = (separator, isConsistent, first)
      }
    }
    return best.separator
  }

  /// How many fields each record has.
  private struct FieldCounts: CSVSink {
    var records: [Int] = []
    private var fields = 0

    mutating func append(_ bytes: ArraySlice<UInt8>, line: Int) {}
    mutating func restartField() {}
    mutating func endField(line: Int) { fields += 1 }
    mutating func endRecord(line: Int) {
      records.append(fields)
      fields = 0
    }
  }
}
