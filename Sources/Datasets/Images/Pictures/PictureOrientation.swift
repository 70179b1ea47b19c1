/// How a camera was held, by EXIF's number: how rows and columns of the file are those of the picture.
///
/// Source: "Exchangeable image file format for digital still cameras: Exif Version 2.32", CIPA DC-008 (2019), tag 0x0112.
enum PictureOrientation: Int {
  case upright = 1
  case mirrored, rotatedBy180, flipped, transposed, rotatedBy90, transposedAndRotatedBy180, rotatedBy270

  /// Whether rows of the file are columns of the picture.
  var transposes: Bool { rawValue >= 5 }
  /// Whether the file's last row comes first.
  private var reversesRows: Bool { [3, 4, 6, 7].contains(rawValue) }
  /// Whether the file's last column comes first.
  private var reversesColumns: Bool { [2, 3, 7, 8].contains(rawValue) }

  /// The picture that a file's rows and columns show.
  func applied(to file: Picture) -> Picture {
    guard self != .upright else { return file }
    let (height, width) = transposes ? (file.width, file.height) : (file.height, file.width)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(file.pixels.count)
    for y in 0..<height {
      for x in 0..<width {
        let (row, column) = transposes ? (x, y) : (y, x)
        let place =
          (reversesRows ? file.height - 1 - row : row) * file.width
          + (reversesColumns ? file.width - 1 - column : column)
        for channel in 0..<file.channels { pixels.append(file.pixels[place * file.channels + channel]) }
      }
    }
    return Picture(unchecked: pixels, height: height, width: width, channels: file.channels)
  }
}
