import Testing

@testable import Datasets

@Suite struct EXIFReaderTests {
  /// A JPEG's beginning with these bytes as its EXIF.
  private static func jpeg(_ tiff: [UInt8], length: Int? = nil, before: [UInt8] = []) -> [UInt8] {
    let count = length ?? tiff.count + 8
    return [0xFF, 0xD8] + before + [0xFF, 0xE1, UInt8(count >> 8), UInt8(count & 0xFF)] + Array("Exif\0\0".utf8) + tiff
      + [0xFF, 0xDA]
  }

  private static let big = Array("MM\0*\0\0\0\u{8}".utf8)
  private static let little = Array("II*\0\u{8}\0\0\0".utf8)
  /// A directory of one entry: orientation 6, as one number of 16 bits.
  private static let entry: [UInt8] = [0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]

  @Test(
    arguments: [
      (jpeg(big + entry), 6),
      (jpeg(little + [1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 8, 0, 0, 0]), 8),
      (jpeg(big + entry, before: [0xFF, 0xE0, 0, 2, 0xFF, 0xFF, 0xFE, 0, 3, 1]), 6),
      // Another kind of number, another count, and no such orientation.
      (jpeg(big + [0, 1, 0x01, 0x12, 0, 4, 0, 0, 0, 1, 0, 6, 0, 0]), nil),
      (jpeg(big + [0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 2, 0, 6, 0, 0]), nil),
      (jpeg(big + [0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0]), nil),
      // A directory outside, and more entries than there are.
      (jpeg(Array("MM\0*".utf8) + [0xFF, 0xFF, 0xFF, 0xFF] + entry), nil),
      (jpeg(big + [0xFF, 0xFF] + [UInt8](repeating: 0, count: 12)), nil),
      // Lengths that are too small or too great.
      (jpeg(big + entry, length: 1), nil), (jpeg(big + entry, length: 0xFFFF), nil),
      (jpeg(big + entry, length: 8), nil),
      ([0xFF, 0xD8], nil), ([], nil), ([0xFF, 0xD8] + [UInt8](repeating: 0xFF, count: 100), nil),
    ] as [([UInt8], Int?)])
  func readsTheOrientation(bytes: [UInt8], expected: Int?) {
    #expect(EXIFReader.orientation(ofJPEG: bytes)?.rawValue == expected)
  }

  @Test func survivesEveryEnd() {
    let bytes = Self.jpeg(Self.big + Self.entry)
    for count in bytes.indices { _ = EXIFReader.orientation(ofJPEG: Array(bytes.prefix(count))) }
    let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10]
    for length in [[0, 0, 0, 22], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 3]] as [[UInt8]] {
      let chunk = length + Array("eXIf".utf8) + Self.big + Self.entry
      for count in chunk.indices { #expect(EXIFReader.orientation(ofPNG: png + chunk.prefix(count)) == nil) }
      #expect(EXIFReader.orientation(ofPNG: png + chunk) == (length[3] == 22 ? .rotatedBy90 : nil))
    }
  }
}
