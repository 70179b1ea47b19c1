import Files
import Foundation
import Testing

@testable import Datasets

@Suite struct PictureReadingTests {
  /// Every color type, depth and interlacing of PNG; JPEGs of all kinds; orientations.
  @Test(arguments: PictureFixtures.all.pictures)
  func readsAsPillowDoes(_ file: PictureFixtures.File) throws {
    for (channels, expected) in [(3, file.rgb), (1, file.gray)] {
      let picture = try PictureDecoder(bytes: file.bytes, channels: channels).picture()
      #expect(picture.height == file.height && picture.width == file.width && picture.channels == channels)
      #expect(picture.pixels == [UInt8](expected), "\(channels) channels")
    }
  }

  @Test(arguments: PictureFixtures.all.pictures)
  func refusesAFileThatEndsTooEarlyAnywhere(_ file: PictureFixtures.File) throws {
    for count in 0..<file.bytes.count {
      #expect(throws: FileFailure.self, "the first \(count) bytes") {
        try PictureDecoder(bytes: Array(file.bytes.prefix(count)), channels: 3).picture()
      }
    }
  }

  /// Whatever a byte becomes, there is a picture or a sentence.
  @Test(arguments: PictureFixtures.all.pictures.filter { $0.bytes.count < 1500 })
  func survivesEveryChangedByte(_ file: PictureFixtures.File) throws {
    for place in file.bytes.indices {
      for value in [0, 0xFF, file.bytes[place] ^ 0x40] as [UInt8] {
        var bytes = file.bytes
        bytes[place] = value
        do throws(FileFailure) {
          let picture = try PictureDecoder(bytes: bytes, channels: 3).picture(height: 4, width: 4, fit: .crop)
          #expect(picture.pixels.count == 48)
        } catch {
          #expect(!error.reason.isEmpty)
        }
      }
    }
  }

  @Test func readsFromAFileWhateverItsName() throws {
    try withFolder { folder in
      let file = folder.appendingPathComponent("a.txt")
      try Data(PictureFixtures.file("png palette 4")).write(to: file)
      for channels in [1, 3] {
        let picture = try Picture(contentsOf: file.path, channels: channels)
        #expect(picture.channels == channels)
      }
      let error = try #require(throws: DataError.self) { try Picture(contentsOf: file.path, channels: 2) }
      #expect(error.message.contains("1 or 3 channels, not 2"))
    }
  }

  @Test func keepsAPictureWhoseWarningIsHarmless() throws {
    var bytes = PictureFixtures.file("jpeg 4:4:4")
    bytes.insert(contentsOf: [1, 2, 3], at: bytes.count - 2)
    let picture = try PictureDecoder(bytes: bytes, channels: 3).picture()
    let unharmed = try PictureDecoder(bytes: PictureFixtures.file("jpeg 4:4:4"), channels: 3).picture()
    #expect(picture == unharmed)
    #expect(throws: FileFailure.self) { try PictureDecoder(bytes: bytes.dropLast(2) + [4], channels: 3).picture() }
  }

  private static func png(width: [UInt8], height: [UInt8]) -> [UInt8] {
    var bytes = PictureFixtures.file("png rgb 8")
    bytes.replaceSubrange(16..<24, with: width + height)
    let checksum = CRC32.of(bytes[12..<29])
    bytes.replaceSubrange(29..<33, with: (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (24 - 8 * $0)) })
    return bytes
  }

  @Test(
    arguments: [
      (png(width: [0, 0, 0x40, 0], height: [0, 0, 0x40, 1]), "16384 × 16385 pixels and should have at most 67108864"),
      (png(width: [0, 0, 0x20, 0], height: [0, 0, 0x20, 0]), "8192 × 8192 pixels as its header says, which its"),
      (png(width: [0, 0x20, 0, 0], height: [0, 0, 0, 1]), "is a damaged PNG"),
      (png(width: [0x7F, 0xFF, 0xFF, 0xFF], height: [0x7F, 0xFF, 0xFF, 0xFF]), "is a damaged PNG"),
      (Array("GIF89a".utf8), "is GIF, which is not read, and should be PNG, JPEG"),
      (Array("RIFF....WEBPVP8 ".utf8), "is WebP, which is not read"),
      (Array("hello".utf8), "should be a picture in a format that is read: PNG, JPEG, PGM"),
      ([], "should be a picture"),
      ([0xFF, 0xD8, 0xFF, 0xD9], "is a damaged JPEG"),
      (Array("P6 60000 60000 255\n".utf8), "bytes after its header"),
    ] as [([UInt8], String)])
  func refuses(bytes: [UInt8], message: String) throws {
    let error = try #require(throws: FileFailure.self) { try PictureDecoder(bytes: bytes, channels: 3).picture() }
    #expect(error.reason.contains(message), "\(error.reason)")
  }

  @Test func aPictureHasAsManySamplesAsItsSizeSays() throws {
    let picture = try Picture(pixels: [1, 2, 3, 4, 5, 6], height: 1, width: 2, channels: 3)
    #expect(picture.planes == [1, 4, 2, 5, 3, 6])
    for (count, height, width, channels) in [
      (5, 1, 2, 3), (0, 0, 0, 1), (1, -1, -1, 1), (1, .max, .max, 1), (2, 1, 1, 2),
    ] {
      #expect(throws: DataError.self) {
        try Picture(
          pixels: [UInt8](repeating: 0, count: count), height: height, width: width, channels: channels)
      }
    }
  }
}

/// The checksum of PNG's chunks (ISO 3309), for headers made by tests.
private enum CRC32 {
  static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
  }
}
