import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How wide lines may be.
enum Terminal {
  /// The width of the terminal that `descriptor` is, in columns: what `COLUMNS` says, else the terminal itself. `nil`
  /// for a file or a pipe.
  static func columns(of descriptor: Int32) -> Int? {
    if let text = ProcessInfo.processInfo.environment["COLUMNS"], let columns = Int(text), columns > 0 {
      return columns
    }
    guard isTerminal(descriptor) else { return nil }
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return defaultColumns }
    return Int(size.ws_col)
  }

  /// The default width of a terminal.
  static let defaultColumns = 80

  /// The sentence on lines of at most the terminal's width. In a file or a pipe it stays on one line, so that it can be
  /// searched.
  static func wrapped(_ sentence: String, for descriptor: Int32) -> String {
    guard let columns = columns(of: descriptor) else { return sentence }
    return wrapped(sentence, columns: columns)
  }

  /// The same on lines that take at most `columns` columns. A word that is longer, such as a path, has a line of its own.
  static func wrapped(_ text: String, columns: Int) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard line.displayWidth > columns else { return String(line) }
      var lines: [Substring] = []
      var start = line.startIndex
      var end = start
      var words = line.split(separator: " ", omittingEmptySubsequences: false)[...]
      while let word = words.popFirst() {
        if end > start, line[start..<word.endIndex].displayWidth > columns {
          lines.append(line[start..<end])
          start = word.startIndex
        }
        end = word.endIndex
      }
      return (lines + [line[start..<end]]).joined(separator: "\n")
    }.joined(separator: "\n")
  }
}
