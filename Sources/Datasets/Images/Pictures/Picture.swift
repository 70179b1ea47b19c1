import Files

/// A picture in memory, as a person sees it: samples of 8 bits, row after row, those of a pixel interleaved.
public struct Picture: Hashable, Sendable {
  /// The number of rows.
  public let height: Int
  /// The number of columns.
  public let width: Int
  /// 1 for gray, 3 for red, green and blue.
  public let channels: Int
  /// `height` × `width` × `channels` samples, 255 for full brightness.
  public let pixels: [UInt8]

  /// The most pixels of a picture that is read: 67 million. Larger ones are refused before memory is allocated.
  public static let greatestPixelCount = 1 << 26

  /// The picture in the file at `path`: PNG, JPEG, PGM or PPM, which its first bytes tell.
  ///
  /// With 1 channel, colors become gray by the luma of ITU-R BT.601; with 3, gray is repeated. What is transparent lies
  /// on white. The orientation that a camera notes (EXIF) is applied. Samples of 16 bits are rounded; color profiles
  /// are ignored.
  ///
  /// Memory is that of the file and about twice that of the pixels. Throws a `DataError` where the file is none of
  /// these, or damaged, or too large.
  public init(contentsOf path: String, channels: Int = 3) throws(DataError) {
    try Self.checkChannels(channels, path)
    let bytes = try readBytes(of: path)
    self = try DataError.naming(path) { () throws(FileFailure) in
      try PictureDecoder(bytes: bytes, channels: channels).picture()
    }
  }

  /// A picture of these pixels. Throws a `DataError` where their number is not `height` × `width` × `channels`.
  public init(pixels: [UInt8], height: Int, width: Int, channels: Int) throws(DataError) {
    try Self.checkChannels(channels, "a picture")
    guard height > 0, width > 0, height <= Self.greatestPixelCount / width,
      pixels.count == height * width * channels
    else {
      throw DataError(
        "\(pixels.count) samples should be those of a picture of \(height) × \(width) pixels and \(channels) channels")
    }
    self.init(unchecked: pixels, height: height, width: width, channels: channels)
  }

  init(unchecked pixels: [UInt8], height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
  }

  private static func checkChannels(_ channels: Int, _ name: String) throws(DataError) {
    guard channels == 1 || channels == 3 else {
      throw DataError("\(name) should be read with 1 or 3 channels, not \(channels)")
    }
  }
}
