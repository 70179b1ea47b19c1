import ArgumentParser
import Backprop

/// The flags of `train table` that say how cells are read where they do not say it themselves.
struct TableReadingOptions: ParsableArguments {
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A word for a missing value beside the known ones, such as NA and #N/A; may be given several times.",
      valueName: "word"))
  var missing: [String] = []

  @Option(
    help: """
      point or comma: the decimal mark of numbers such as 4.217, which may also have marks for thousands (default: that \
      of other columns, or else the mark that is there).
      """)
  var decimal: String?

  @Option(
    help: """
      month-first or day-first, for dates such as 03/04/2026 (default: what fits all dates of the column, or else the month \
      first with slashes and the day first with dashes).
      """)
  var dateOrder: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A column to leave out; may be given several times.", valueName: "column"))
  var ignore: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A column to use that would be left out, as it numbers the rows or has another text in most rows; may be given several times.",
      valueName: "column"))
  var include: [String] = []

  mutating func validate() throws {
    try RequestError.validating {
      for word in missing { try requirePath(word, "--missing") }
      for column in ignore { try requirePath(column, "--ignore") }
      for column in include { try requirePath(column, "--include") }
      if let decimal, DecimalMark(rawValue: decimal) == nil {
        throw RequestError.unknown("decimal mark", decimal, known: DecimalMark.allCases.map(\.rawValue))
      }
      if let dateOrder, TableReading.DateOrder(rawValue: dateOrder) == nil {
        throw RequestError.unknown(
          "order of dates", dateOrder, known: TableReading.DateOrder.allCases.map(\.rawValue))
      }
    }
  }

  /// Resolves the flags of a training.
  mutating func resolve(_ options: inout ResolvedOptions) throws -> TableReading {
    func list(_ name: String, _ values: [String]) throws -> [String] {
      var given = values.isEmpty ? nil : values
      try options.resolve(name, &given)
      return given ?? []
    }
    var reading = TableReading()
    reading.missing = try list("missing", missing)
    reading.ignored = try list("ignore", ignore)
    reading.included = try list("include", include)
    try options.resolve("decimal", &decimal)
    try options.resolve("date-order", &dateOrder)
    reading.decimal = decimal.flatMap(DecimalMark.init)
    reading.dateOrder = dateOrder.flatMap(TableReading.DateOrder.init)
    return reading
  }
}
