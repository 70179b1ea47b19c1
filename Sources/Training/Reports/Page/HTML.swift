import Files

/// A piece of HTML or SVG. What is interpolated into one is escaped, unless it is HTML itself:
/// `"<td>\(className)</td>"` shows any name as it is.
package struct HTML: Hashable, Sendable, ExpressibleByStringInterpolation {
  /// The markup.
  package private(set) var markup: String

  package init(stringLiteral markup: String) { self.markup = markup }
  package init(stringInterpolation: Interpolation) { markup = stringInterpolation.markup }

  /// Text as it is, escaped.
  package init(text: String) { markup = Self.escaped(text) }

  /// Markup that is trusted: the page's own style and script.
  init(trusted markup: String) { self.markup = markup }

  /// The pieces one after the other, a line each.
  package init(_ pieces: some Sequence<HTML>) { markup = pieces.map(\.markup).joined(separator: "\n") }

  package static func += (left: inout HTML, right: HTML) { left.markup += right.markup }

  package static func + (left: HTML, right: HTML) -> HTML { HTML(trusted: left.markup + right.markup) }

  /// How an `HTML` is made from a literal with `\(…)` in it.
  package struct Interpolation: StringInterpolationProtocol {
    fileprivate var markup = ""

    package init(literalCapacity: Int, interpolationCount: Int) { markup.reserveCapacity(literalCapacity) }
    package mutating func appendLiteral(_ literal: String) { markup += literal }
    package mutating func appendInterpolation(_ html: HTML) { markup += html.markup }
    package mutating func appendInterpolation(_ pieces: [HTML]) { markup += HTML(pieces).markup }
    package mutating func appendInterpolation(_ text: String) { markup += HTML.escaped(text) }
    package mutating func appendInterpolation(_ number: Int) { markup += "\(number)" }
    /// A place in a drawing, to a hundredth.
    package mutating func appendInterpolation(at place: Double) { markup += HTML.place(place) }
    /// A number that a person reads, with its exact value in `data-value`: a page can be checked by these.
    package mutating func appendInterpolation(_ number: ShownNumber) { markup += number.html.markup }
  }

  /// Characters with a meaning in HTML as entities; control characters in a visible form.
  private static func escaped(_ text: String) -> String {
    let text = text.printableLines
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func place(_ place: Double) -> String {
    guard place.isFinite, place.magnitude < 1e9 else { return "0" }
    let rounded = (place * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
