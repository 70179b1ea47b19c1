import Files

/// Decodes the bytes of a picture file.
struct PictureDecoder {
  let bytes: [UInt8]
  /// 1 or 3.
  let channels: Int
  /// Which image of a file of several (PGM, PPM).
  var index = 0

  /// The most bytes of a file. The largest picture that is read has as many, at 16 bits a sample and not compressed.
  static let greatestFileSize = Picture.greatestPixelCount * 8 + (1 << 20)

  /// What the file's header says of the picture, its sides as it is stored.
  func header() throws(FileFailure) -> PictureReader.Header {
    switch PictureFormat(bytes) {
    case .png?: return try ImageCodec.png.header(of: bytes).summary
    case .jpeg?: return try ImageCodec.jpeg.header(of: bytes).summary
    case .portable?:
      let raster = try PortableReader.image(bytes, index)
      return PictureReader.Header(height: raster.height, width: raster.width, isGray: raster.channels == 1)
    case let other: throw Self.unknown(other)
    }
  }

  /// The whole picture, upright.
  func picture() throws(FileFailure) -> Picture {
    let (file, orientation) = try decoded(for: nil)
    return orientation.applied(to: file)
  }

  /// The picture in this size, which should be valid. It is upright, and a JPEG is decoded to no more than needed.
  func picture(height: Int, width: Int, fit: PictureFit) throws(FileFailure) -> Picture {
    let (file, orientation) = try decoded(for: (height, width, fit))
    // The small picture is rotated and not the large one.
    let (newHeight, newWidth) = orientation.transposes ? (width, height) : (height, width)
    return orientation.applied(to: file.resized(unchecked: newHeight, newWidth, fit))
  }

  private typealias Target = (height: Int, width: Int, fit: PictureFit)

  private func decoded(for target: Target?) throws(FileFailure) -> (file: Picture, orientation: PictureOrientation) {
    let format = PictureFormat(bytes)
    guard index == 0 || format == .portable else {
      throw FileFailure("has 1 image, so the index should be 0, not \(index)")
    }
    switch format {
    case .png?:
      return (try png(), EXIFReader.orientation(ofPNG: bytes) ?? .upright)
    case .jpeg?:
      let orientation = EXIFReader.orientation(ofJPEG: bytes) ?? .upright
      return (try jpeg(for: target, transposed: orientation.transposes), orientation)
    case .portable?:
      let raster = try PortableReader.image(bytes, index)
      try Self.check(height: raster.height, width: raster.width)
      return (raster.picture(channels: channels), .upright)
    case let other: throw Self.unknown(other)
    }
  }

  private static func unknown(_ format: PictureFormat?) -> FileFailure {
    if case .other(let name)? = format {
      return FileFailure("is \(name), which is not read, and should be \(PictureFormat.names)")
    }
    return FileFailure("should be a picture in a format that is read: \(PictureFormat.names)")
  }

  /// Throws where a picture of this size is not read.
  private static func check(height: Int, width: Int) throws(FileFailure) {
    guard height > 0, width > 0, height <= Picture.greatestPixelCount / width else {
      throw FileFailure(
        "has \(width) × \(height) pixels and should have at most \(Picture.greatestPixelCount) in all")
    }
  }

  private func png() throws(FileFailure) -> Picture {
    let header = try ImageCodec.png.header(of: bytes)
    try Self.check(height: header.height, width: header.width)
    // Rows begin with a byte of their own, which only makes them longer.
    guard header.height * (header.width * header.bits / 8) <= Gzip.greatestCount(packed: bytes.count) else {
      throw FileFailure(
        "should have \(header.width) × \(header.height) pixels as its header says, which its \(bytes.count) bytes "
          + "cannot hold")
    }
    return try ImageCodec.png.picture(of: bytes, header, channels: channels).picture
  }

  /// Whether a JPEG ends with the marker of its end, after which there may be zeros.
  private var hasEnd: Bool {
    let end = bytes.lastIndex { $0 != 0 } ?? 0
    return end > 0 && bytes[end - 1...end].elementsEqual([0xFF, 0xD9])
  }

  private func jpeg(for target: Target?, transposed: Bool) throws(FileFailure) -> Picture {
    var header = try ImageCodec.jpeg.header(of: bytes)
    try Self.check(height: header.height, width: header.width)
    if let target {
      let (newHeight, newWidth) = transposed ? (target.width, target.height) : (target.height, target.width)
      header = header.shrunk(toFill: newHeight, newWidth, target.fit)
    }
    let (picture, warning) = try ImageCodec.jpeg.picture(of: bytes, header, channels: channels)
    // Cameras and editors write files with these, of which no pixel is missing; libjpeg's words.
    if let warning,
      !["extraneous bytes before marker", "Invalid SOS parameters"].contains(where: warning.contains)
        || !hasEnd
    {
      throw FileFailure("is a damaged JPEG: \(warning)")
    }
    return picture
  }
}
