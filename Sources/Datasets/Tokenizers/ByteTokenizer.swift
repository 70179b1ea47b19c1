/// A token for each byte; its id is the byte's value. Any bytes at all can be encoded.
public struct ByteTokenizer: Tokenizer {
  /// The tokenizer; it has no parameters.
  public init() {}

  public var name: TokenizerName { .byte }
  public var vocabularySize: Int { 256 }

  public func encode(_ bytes: [UInt8]) -> [Int32] { bytes.map(Int32.init) }

  public func decode(_ ids: [Int32]) throws(TokenizerError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(ids.count)
    for (offset, id) in ids.enumerated() {
      guard let byte = UInt8(exactly: id) else { throw TokenizerError(unknownID: id, at: offset, of: 256) }
      bytes.append(byte)
    }
    return bytes
  }

  public func lastCut(in bytes: [UInt8]) -> Int? { bytes.isEmpty ? nil : bytes.count }
}
