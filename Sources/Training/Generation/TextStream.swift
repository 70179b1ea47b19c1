import Datasets

/// The text of tokens as they come, in pieces that are valid UTF-8, up to a text to stop at.
public struct TextStream {
  private let tokenizer: any Tokenizer
  private let stop: String?
  private var assembler = UTF8Assembler()
  /// Complete text that may be the beginning of `stop`.
  private var held = ""
  /// Whether `stop` was reached; it and the text after it are omitted.
  public private(set) var isStopped = false

  /// A stream of what `tokenizer` decodes, which ends before the text `stop`; an empty one is ignored.
  public init(_ tokenizer: any Tokenizer, stop: String? = nil) {
    self.tokenizer = tokenizer
    self.stop = stop.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The text that is certain now; may be empty.
  public mutating func add(_ id: Int32) throws -> String {
    guard !isStopped else { return "" }
    return release(assembler.append(try tokenizer.decode([id])))
  }

  /// The text that was held back, after the last token.
  public mutating func finish() -> String {
    guard !isStopped else { return "" }
    let rest = release(assembler.finish())
    defer { held = "" }
    return isStopped ? rest : rest + held
  }

  /// Compared by Unicode scalars, as tokens consist of them and not of grapheme clusters.
  private mutating func release(_ text: String) -> String {
    guard let stop else { return text }
    let scalars = Array((held + text).unicodeScalars)
    let wanted = Array(stop.unicodeScalars)
    for start in scalars.indices {
      let rest = scalars[start...].prefix(wanted.count)
      guard rest.elementsEqual(wanted.prefix(rest.count)) else { continue }
      isStopped = rest.count == wanted.count
      held = isStopped ? "" : string(scalars[start...])
      return string(scalars[..<start])
    }
    held = ""
    return string(scalars[...])
  }

  private func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }
}
