/// A table: a row of headings, then rows of cells. A wide one scrolls inside its own frame, never the page.
package struct PageTable: Sendable {
  /// A cell: text or a number, perhaps with a bar as long as a share of one.
  package struct Cell: Sendable, ExpressibleByStringLiteral {
    fileprivate var content: HTML
    fileprivate var isNumber: Bool
    fileprivate var share: Double?

    package init(stringLiteral text: String) { self.init(text) }
    package init(_ text: String) { (content, isNumber) = ("\(text)", false) }
    package init(_ html: HTML) { (content, isNumber) = (html, false) }
    /// A number, aligned to the right.
    package init(_ number: ShownNumber) { (content, isNumber) = ("\(number)", true) }
    /// A share of one as percent, with a bar.
    package static func bar(_ share: Double, key: String? = nil) -> Cell {
      var cell = Cell(ShownNumber.percent(share, key: key))
      cell.share = share.isFinite ? min(max(share, 0), 1) : nil
      return cell
    }
  }

  private let headings: [String]
  private var rows: [HTML] = []

  package init(_ headings: [String]) { self.headings = headings }

  /// Adds a row; the first cell is its heading.
  package mutating func add(_ cells: [Cell]) {
    let cells = cells.enumerated().map { index, cell -> HTML in
      let tag: HTML = index == 0 ? "th" : "td"
      let kind: HTML = cell.isNumber ? " class=\"num\"" : ""
      let bar: HTML = cell.share.map { "<span class=\"bar\"><b style=\"width:\(at: $0 * 100)%\"></b></span>" } ?? ""
      let scope: HTML = index == 0 ? " scope=\"row\"" : ""
      return "<\(tag)\(scope)\(kind)>\(cell.content)\(bar)</\(tag)>"
    }
    rows.append("<tr>\(cells)</tr>")
  }

  package var html: HTML {
    let head: HTML =
      headings.isEmpty
      ? "" : "<thead><tr>\(headings.map { "<th scope=\"col\">\($0)</th>" as HTML })</tr></thead>"
    return "<div class=\"scroll\"><table>\(head)<tbody>\(rows)</tbody></table></div>"
  }
}
