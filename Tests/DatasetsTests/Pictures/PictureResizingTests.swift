import Testing

@testable import Datasets

@Suite struct PictureResizingTests {
  @Test(arguments: PictureFixtures.all.resized.sizes)
  func resizesAsPillowDoes(_ size: PictureFixtures.Resized.Size) throws {
    let decoder = PictureDecoder(bytes: [UInt8](PictureFixtures.all.resized.file), channels: size.channels ?? 3)
    let picture = try decoder.picture(height: size.height, width: size.width, fit: size.fit ?? .crop)
    // Pillow rounds after each axis, and this once.
    let difference = try #require(greatestDifference(picture.pixels, size.pixels))
    #expect(difference <= 1)
    let whole = try decoder.picture().resized(height: size.height, width: size.width, fit: size.fit ?? .crop)
    #expect(whole == picture)
  }

  /// A JPEG is decoded to a half, a quarter or an eighth first, as Pillow's `draft` does it.
  @Test(arguments: PictureFixtures.all.shrunk.sizes)
  func decodesNoMorePixelsThanNeeded(_ size: PictureFixtures.Resized.Size) throws {
    let picture = try PictureDecoder(bytes: [UInt8](PictureFixtures.all.shrunk.file), channels: 3)
      .picture(height: size.height, width: size.width, fit: .crop)
    let difference = try #require(greatestDifference(picture.pixels, size.pixels))
    #expect(difference <= 1)
  }

  /// The small picture is rotated in place of the large one. No size here is so small that fewer pixels are decoded.
  @Test(arguments: PictureFixtures.all.pictures.filter { $0.name.contains("orientation") })
  func rotatesAfterResizing(_ file: PictureFixtures.File) throws {
    let decoder = PictureDecoder(bytes: file.bytes, channels: 3)
    for (height, width, fit) in [(5, 5, .crop), (5, 4, .stretch), (4, 6, .crop)] as [(Int, Int, PictureFit)] {
      let small = try decoder.picture(height: height, width: width, fit: fit)
      let other = try decoder.picture().resized(height: height, width: width, fit: fit)
      #expect(small.height == height && small.width == width)
      #expect(zip(small.pixels, other.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    }
  }

  @Test(arguments: [(1, 1, 1 << 20, 1), (1, 5000, 1, 1), (3, 2, 2, 3), (7, 1, 1, 7)])
  func anyShapeFitsAnyOther(height: Int, width: Int, newHeight: Int, newWidth: Int) throws {
    let picture = try Picture(
      pixels: [UInt8](repeating: 200, count: height * width), height: height, width: width, channels: 1)
    for fit in PictureFit.allCases {
      let other = try picture.resized(height: newHeight, width: newWidth, fit: fit)
      #expect(other.pixels == [UInt8](repeating: 200, count: newHeight * newWidth))
    }
  }

  @Test(arguments: [(0, 1), (1, 0), (-1, -1), (.max, .max), (1 << 24, 2)])
  func refusesSizes(height: Int, width: Int) throws {
    let picture = try Picture(pixels: [1], height: 1, width: 1, channels: 1)
    let error = try #require(throws: DataError.self) { try picture.resized(height: height, width: width) }
    #expect(error.message.contains("1 to 16777216 pixels"))
  }
}
