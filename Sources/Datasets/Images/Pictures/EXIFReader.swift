/// Finds the orientation in the metadata of a JPEG or a PNG. Where anything is wrong there, there is none: it is no
/// reason to refuse a picture.
struct EXIFReader {
  private let bytes: ArraySlice<UInt8>
  private var isBigEndian = true

  private init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  /// The orientation of the JPEG that these bytes are.
  static func orientation(ofJPEG bytes: [UInt8]) -> PictureOrientation? {
    let file = EXIFReader(bytes[...])
    var place = 2
    // Segments: 0xFF, a marker, and where it has data their length, which counts its own two bytes.
    while file.number(at: place, size: 1) == 0xFF, let marker = file.number(at: place + 1, size: 1) {
      switch marker {
      case 0xFF: place += 1  // A byte of padding before a marker.
      case 0x01, 0xD0...0xD8: place += 2
      case 0xD9, 0xDA: return nil
      default:
        guard let length = file.number(at: place + 2, size: 2), length >= 2 else { return nil }
        if marker == 0xE1, let data = file.part(place + 4, length - 2), data.starts(with: Array("Exif\0\0".utf8)) {
          return orientation(ofTIFF: data.dropFirst(6))
        }
        place += 2 + length
      }
    }
    return nil
  }

  /// The orientation of the PNG that these bytes are.
  static func orientation(ofPNG bytes: [UInt8]) -> PictureOrientation? {
    let file = EXIFReader(bytes[...])
    var place = 8
    // Chunks: the length of the data, a name, the data, a checksum.
    while let length = file.number(at: place, size: 4), let name = file.part(place + 4, 4) {
      if name.elementsEqual("eXIf".utf8) { return file.part(place + 8, length).flatMap(orientation(ofTIFF:)) }
      place += 12 + length
    }
    return nil
  }

  /// The orientation in EXIF's directory: a TIFF file without pixels.
  private static func orientation(ofTIFF data: ArraySlice<UInt8>) -> PictureOrientation? {
    var reader = EXIFReader(data)
    reader.isBigEndian = data.starts(with: "MM".utf8)
    guard reader.isBigEndian || data.starts(with: "II".utf8), reader.number(at: 2, size: 2) == 42,
      let directory = reader.number(at: 4, size: 4), let count = reader.number(at: directory, size: 2)
    else { return nil }
    for entry in 0..<count {
      let place = directory + 2 + 12 * entry
      guard let tag = reader.number(at: place, size: 2) else { return nil }
      // One number of 16 bits, which stands in the entry itself.
      if tag == 0x0112, reader.number(at: place + 2, size: 2) == 3, reader.number(at: place + 4, size: 4) == 1 {
        return reader.number(at: place + 8, size: 2).flatMap(PictureOrientation.init)
      }
    }
    return nil
  }

  /// `count` bytes from `place` on, where there are so many.
  private func part(_ place: Int, _ count: Int) -> ArraySlice<UInt8>? {
    guard place >= 0, count >= 0, place <= bytes.count, count <= bytes.count - place else { return nil }
    let start = bytes.startIndex + place
    return bytes[start..<start + count]
  }

  private func number(at place: Int, size: Int) -> Int? {
    guard let part = part(place, size) else { return nil }
    return isBigEndian ? part.reduce(0) { $0 << 8 | Int($1) } : part.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
