import Testing

@testable import Datasets
@testable import Training

@Suite struct PNGTests {
  // Checks of the header and the end by Python's zlib.crc32.
  @Test(
    arguments: [
      (1, 1, PNG.Channels.gray, [7], 0x3A7E_9B55), (3, 2, .rgb, Array(1...18), 0x1216_F14D),
    ] as [(Int, Int, PNG.Channels, [UInt8], Int)])
  func `a picture is a file of its numbers`(
    width: Int, height: Int, channels: PNG.Channels, pixels: [UInt8], check: Int
  ) throws {
    let file = try #require(PNG.encode(width: width, height: height, channels, pixels))
    #expect(Array(file.prefix(8)) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    #expect(number(file, at: 8) == 13)
    #expect(number(file, at: 16) == width && number(file, at: 20) == height)
    #expect(number(file, at: 29) == check)
    let size = number(file, at: 33)
    #expect(Array(file[37..<41]) == Array("IDAT".utf8))
    let row = width * channels.rawValue
    let lines = try Gzip.inflate(Array(file[41..<41 + size]), limit: 1000)
    #expect(lines.count == height * (row + 1))
    for line in 0..<height where lines.count == height * (row + 1) {
      let start = line * (row + 1)
      #expect(lines[start] == 0)
      #expect(Array(lines[start + 1..<start + 1 + row]) == Array(pixels[line * row..<(line + 1) * row]))
    }
    #expect(Array(file.suffix(12)) == [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
  }

  @Test(arguments: [(0, 1, []), (1, 0, []), (-1, -1, [0]), (2, 2, [0, 0, 0]), (.max, 3, [1]), (1 << 25, 1, [1])])
  func `a picture of another size is none`(width: Int, height: Int, pixels: [UInt8]) {
    #expect(PNG.encode(width: width, height: height, .gray, pixels) == nil)
  }

  @Test func `numbers become gray by their range`() throws {
    let picture = try #require(
      PagePicture([0, 5, 10, .nan], channels: 1, height: 2, width: 2, alternative: "<x>", caption: "b"))
    let expected = try #require(PNG.dataURI(width: 2, height: 2, .gray, [0, 128, 255, 0]))
    #expect(picture.html.markup.contains(expected))
    #expect(picture.html.markup.contains("alt=\"&lt;x&gt;\""))
    #expect(PagePicture([1, 2], channels: 1, height: 2, width: 2, alternative: "") == nil)
    #expect(PagePicture([], channels: 0, height: 2, width: 2, alternative: "") == nil)
  }

  private func number(_ file: [UInt8], at index: Int) -> Int {
    file[index..<index + 4].reduce(0) { $0 << 8 | Int($1) }
  }
}
