import Files

/// Decodes the bytes of a picture file.
struct PictureDecoder {
  let bytes: [UInt8]
  /// 1 or 3.
  let channels: Int
  /// Which image of a file of several (PGM, PPM).
  var index = 0
  /// The most pixels of a picture; fuzzing takes less.
  var greatestPixelCount = Picture.greatestPixelCount

  /// The most bytes of a file. The largest picture that is read has as many, at 16 bits a sample and not compressed.
  static let greatestFileSize = Picture.greatestPixelCount * 8 + (1 << 20)

  /// What the file's header says of the picture, its sides as it is stored.
  func header() throws(FileFailure) -> PictureHeader {
    switch PictureFormat(bytes) {
    case .png?: return try ImageCodec.png.header(of: bytes).summary
    case .jpeg?: return try ImageCodec.jpeg.header(of: bytes).summary
    case .portable?:
      let raster = try PortableReader.image(bytes, index)
      return PictureHeader(height: raster.height, width: raster.width, isGray: raster.channels == 1)
    case let other: throw unknown(other)
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
      try check(height: raster.height, width: raster.width)
      return (raster.picture(channels: channels), .upright)
    case let other: throw unknown(other)
    }
  }

  private func unknown(_ format: PictureFormat?) -> FileFailure {
    if bytes.isEmpty { return FileFailure("is empty and should be a picture: \(PictureFormat.names)") }
    if case .other(let name)? = format {
      return FileFailure("is \(name), which is not read, and should be \(PictureFormat.names)")
    }
    return FileFailure("should be a picture in a format that is read: \(PictureFormat.names)")
  }

  /// Throws where a picture of this size is not read, or the file is too short for it: it has at most so many pixels a
  /// byte.
  private func check(height: Int, width: Int, pixelsPerByte: Int = .max) throws(FileFailure) {
    guard height > 0, width > 0, height <= greatestPixelCount / width else {
      throw FileFailure("has \(width) × \(height) pixels and should have at most \(greatestPixelCount) in all")
    }
    guard height * width / pixelsPerByte <= bytes.count else {
      throw FileFailure(
        "should have \(width) × \(height) pixels as its header says, which its \(bytes.count) bytes cannot hold")
    }
  }

  private func png() throws(FileFailure) -> Picture {
    let header = try ImageCodec.png.header(of: bytes)
    let pixelsPerByte = Gzip.greatestCount(packed: 8) / max(header.bits, 1)
    try check(height: header.height, width: header.width, pixelsPerByte: pixelsPerByte)
    return try ImageCodec.png.picture(of: bytes, header, channels: channels).picture
  }

  /// Whether a JPEG ends with the marker of its end, after which there may be zeros.
  private var hasEnd: Bool {
    let end = bytes.lastIndex { $0 != 0 } ?? 0
    return end > 0 && bytes[end - 1...end].elementsEqual([0xFF, 0xD9])
  }

  private func jpeg(for target: Target?, transposed: Bool) throws(FileFailure) -> Picture {
    var header = try ImageCodec.jpeg.header(of: bytes)
    // A block of 64 pixels takes a bit at least; the rest is for arithmetic coding, which hardly any file has.
    try check(height: header.height, width: header.width, pixelsPerByte: 4096)
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
