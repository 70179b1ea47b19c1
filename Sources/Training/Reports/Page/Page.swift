/// One file of HTML that needs nothing else: no network, no fonts, no library. Light and dark by the reader's setting,
/// from the width of a phone up.
///
/// ```
/// var page = Page(title: "Two runs")
/// page.section("Curves", note: "Hover to read values.", [lossChart.html, accuracyChart.html])
/// try AtomicFile.replace(url, with: Data(page.html.utf8))
/// ```
package struct Page: Sendable {
  private let title: String
  private let subtitle: HTML
  private let script: String
  private var contents: [(id: String, title: String)] = []
  private var pieces: [HTML] = []

  /// An empty page. `subtitle` is a line below the title; `script` is the page's own JavaScript, which is trusted: no
  /// text from data may be part of it.
  package init(title: String, subtitle: HTML = "", script: String = "") {
    self.title = title
    self.subtitle = subtitle
    self.script = script
  }

  /// Adds a section with a heading, a sentence or two about it, and its contents one below the other.
  package mutating func section(_ heading: String, note: HTML = "", _ parts: [HTML]) {
    let id = "s\(contents.count + 1)"
    contents.append((id, heading))
    let about: HTML = note.markup.isEmpty ? "" : "<p class=\"note\">\(note)</p>"
    pieces.append("<section id=\"\(id)\"><h2>\(heading)</h2>\(about)\(parts)</section>")
  }

  /// The file's text.
  package var html: String {
    let links = HTML(contents.map { "<a href=\"#\($0.id)\">\($0.title)</a>" as HTML })
    let navigation: HTML = contents.count > 2 ? "<nav>\(links)</nav>" : ""
    // The policy keeps the promise: whatever the page holds, a browser fetches nothing for it.
    return
      ("""
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
    script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="data:,">
    <title>\(title)</title>
    <style>\(HTML(trusted: PageStyle.text))</style>
    </head>
    <body>
    <header><h1>\(title)</h1><p>\(subtitle)</p>\(navigation)</header>
    <main>
    \(pieces)
    </main>
    <script>\(HTML(trusted: PageScript.text + script))</script>
    </body>
    </html>

    """ as HTML).markup
  }
}

extension HTML {
  /// Charts and pictures side by side where there is space for several.
  package static func grid(_ parts: [HTML]) -> HTML { "<div class=\"grid\">\(parts)</div>" }

  /// A drawing as wide as it is, and a table beside it where there is space for both.
  package static func pair(_ drawing: HTML, _ table: HTML) -> HTML {
    "<div class=\"pair\">\(drawing)<div>\(table)</div></div>"
  }

  /// A few numbers that matter most, large.
  package static func tiles(_ tiles: [(name: String, number: ShownNumber)]) -> HTML {
    let all = tiles.map { "<div><b>\($0.number)</b><span>\($0.name)</span></div>" as HTML }
    return "<div class=\"tiles\">\(all)</div>"
  }

  /// A paragraph in a quieter color.
  package static func note(_ text: HTML) -> HTML { "<p class=\"note\">\(text)</p>" }

  /// A heading inside a section.
  package static func heading(_ text: String) -> HTML { "<h3>\(text)</h3>" }

  /// A part that a click opens.
  package static func details(_ summary: String, _ content: HTML, isOpen: Bool = false) -> HTML {
    isOpen
      ? "<details open><summary>\(summary)</summary>\(content)</details>"
      : "<details><summary>\(summary)</summary>\(content)</details>"
  }

  /// Text as it stands, with its lines.
  package static func preformatted(_ text: String) -> HTML { "<pre>\(text)</pre>" }

  /// The names of what is drawn, each with its color.
  package static func legend(_ names: [String]) -> HTML {
    let items = names.enumerated().map { index, name in
      legendItem(name, color: "\(Palette.index(index))", stroke: .ofSeries(index))
    }
    return "<p class=\"legend\">\(items)</p>"
  }

  /// What colors stand for, each by its number.
  package static func key(_ entries: [(name: String, color: Int)]) -> HTML {
    let items = entries.map { "<span><i class=\"block k\(Palette.index($0.color))\"></i>\($0.name)</span>" as HTML }
    return "<p class=\"legend\">\(items)</p>"
  }

  static func legendItem(_ name: String, color: String, stroke: LineChart.Stroke = .solid) -> HTML {
    "<span><i class=\"k\(color)\(stroke.className)\"></i>\(name)</span>"
  }
}
