/// A table: a row of headings, then rows of cells. A wide one scrolls inside its own frame, never the page.
package struct PageTable: Sendable {
  /// A cell: text or a number, perhaps with a bar as long as a share of one.
  package struct Cell: Sendable, ExpressibleByStringLiteral {
    fileprivate enum Content: Sendable {
      case text(HTML)
      case number(ShownNumber)
    }

    fileprivate var content: Content
    fileprivate var share: Double?

    package init(stringLiteral text: String) { self.init(text) }
    package init(_ text: String) { content = .text("\(text)") }
    package init(_ html: HTML) { content = .text(html) }
    /// A number, aligned to the right.
    package init(_ number: ShownNumber) { content = .number(number) }
    /// A share of one as percent, with a bar.
    package static func bar(_ share: Double, key: String? = nil) -> Cell {
      var cell = Cell(ShownNumber.percent(share, key: key))
      cell.share = share.isFinite ? min(max(share, 0), 1) : nil
      return cell
    }

    fileprivate var number: ShownNumber? {
      if case .number(let number) = content { number } else { nil }
    }

    fileprivate var isBlank: Bool {
      // A dash stands for a number that there is none of.
      if case .text(let html) = content { html.markup.isEmpty || html.markup == "—" } else { false }
    }
  }

  private let headings: [String]
  private let hasLines: Bool
  private var rows: [[Cell]] = []

  /// `hasLines`: each row is one line, and long texts are cut short.
  package init(_ headings: [String], hasLines: Bool = false) {
    self.headings = headings
    self.hasLines = hasLines
  }

  package var isEmpty: Bool { rows.isEmpty }

  /// Adds a row; the first cell is its heading.
  package mutating func add(_ cells: [Cell]) { rows.append(cells) }

  package var html: HTML {
    let count = max(headings.count, rows.map(\.count).max() ?? 0)
    let columns = (0..<count).map { column in Column(rows.compactMap { column < $0.count ? $0[column] : nil }) }
    let head: HTML =
      headings.isEmpty
      ? ""
      : "<thead><tr>\(zip(headings, columns).map { "<th scope=\"col\"\($1.style)>\($0)</th>" as HTML })</tr></thead>"
    let body = rows.map { row in
      "<tr>\(row.enumerated().map { Self.html($1, columns[$0], isHeading: $0 == 0) })</tr>" as HTML
    }
    let kind: HTML = hasLines ? " class=\"lines\"" : ""
    return "<div class=\"scroll\"><table\(kind)>\(head)<tbody>\(body)</tbody></table></div>"
  }

  private static func html(_ cell: Cell, _ column: Column, isHeading: Bool) -> HTML {
    let (tag, scope): (HTML, HTML) = isHeading ? ("th", " scope=\"row\"") : ("td", "")
    let bar: HTML = cell.share.map { "<span class=\"bar\"><b style=\"width:\(at: $0 * 100)%\"></b></span>" } ?? ""
    let content: HTML =
      switch cell.content {
      case .text(let html): html
      case .number(let number): "\(column.aligned(number))"
      }
    let style = cell.number == nil && !cell.isBlank ? "" : column.style
    return "<\(tag)\(scope)\(style)>\(content)\(bar)</\(tag)>"
  }

  /// What the cells of a column have in common.
  private struct Column {
    /// Whether all are numbers: they and their heading are then aligned to the right.
    private var areNumbers: Bool
    private var places: Int?

    init(_ cells: [Cell]) {
      let numbers = cells.compactMap(\.number)
      areNumbers = !numbers.isEmpty && cells.allSatisfy { $0.number != nil || $0.isBlank }
      places = areNumbers && numbers.allSatisfy(\.isShort) ? ShownNumber.places(numbers.map(\.value)) : nil
    }

    var style: HTML { areNumbers ? " class=\"num\"" : "" }

    /// With as many digits after the point as the others.
    func aligned(_ number: ShownNumber) -> ShownNumber {
      guard let places, number.value.isFinite else { return number }
      var number = number
      number.text = ShownNumber.aligned(number.value, places: places)
      return number
    }
  }
}
