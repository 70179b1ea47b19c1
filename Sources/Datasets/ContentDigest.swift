/// What is in a file, whatever its name: equal for equal bytes, and different for other ones.
///
/// Not for secrets. It is FNV-1a of 64 bits, by which two of 100,000 files are mistaken for each other once in three
/// billion folders.
/// Source: Fowler, Noll, Vo & Eastlake, "The FNV Non-Cryptographic Hash Algorithm", RFC 9923 (2025).
package struct ContentDigest: Hashable, Sendable, Codable {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  init(of bytes: some Sequence<UInt8>) { append(bytes) }

  /// Adds the bytes that follow.
  mutating func append(_ bytes: some Sequence<UInt8>) {
    value = bytes.reduce(value) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let value = UInt64(text, radix: 16) else { throw DataError("a digest should be hexadecimal, not '\(text)'") }
    self.value = value
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(String(value, radix: 16))
  }
}
