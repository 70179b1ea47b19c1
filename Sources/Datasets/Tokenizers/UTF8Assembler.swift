/// Decodes text incrementally from bytes, such as those of generated tokens.
///
/// A token may end in the middle of a character; only text that no later byte can change is returned. Bytes that are
/// not UTF-8 become U+FFFD, one for each maximal subpart, as soon as that is certain: all pieces together are the text
/// that the bytes would give at once.
public struct UTF8Assembler: Sendable {
  /// The beginning of a character, at most three bytes.
  private var pending: [UInt8] = []

  /// An assembler without bytes.
  public init() {}

  /// The text that is certain after these bytes and was not returned before. May be empty.
  public mutating func append(_ bytes: [UInt8]) -> String {
    pending += bytes
    let cut = UTF8Cut.last(in: pending)
    defer { pending.removeFirst(cut) }
    return String(decoding: pending[..<cut], as: UTF8.self)
  }

  /// The rest after the last byte: U+FFFD where a character was not completed. The assembler can be reused then.
  public mutating func finish() -> String {
    defer { pending = [] }
    return String(decoding: pending, as: UTF8.self)
  }
}
