/// A line of parts that is shortened until it fits: a line that wraps cannot be overwritten, and is hard to read.
struct FittedLine {
  struct Part {
    let text: String
    /// Its short form where there is little space; `nil`: omitted.
    var short: String?
    /// The lowest is shortened first.
    let rank: Int
  }

  private var parts: [Part] = []

  mutating func add(_ text: String, short: String? = nil, rank: Int) {
    parts.append(Part(text: text, short: short, rank: rank))
  }

  /// The parts, two spaces between them, in at most `columns` columns.
  func text(columns: Int) -> String {
    var texts = parts.map { Optional($0.text) }
    var line: String { texts.compactMap { $0 }.joined(separator: "  ") }
    for index in parts.indices.sorted(by: { parts[$0].rank < parts[$1].rank }) where line.displayWidth > columns {
      texts[index] = parts[index].short
    }
    return String(line.fitting(columns))
  }
}
