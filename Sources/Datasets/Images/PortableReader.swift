import Files

/// Reads images in the formats PGM and PPM of netpbm.
///
/// A file may have several images of the formats P5 and P6, one after the other, and white space at its end.
/// Source: <https://netpbm.sourceforge.net/doc/pgm.html>.
struct PortableReader {
  private let bytes: [UInt8]
  private var position = 0

  /// The image at `index` of a file's images.
  static func image(_ bytes: [UInt8], _ index: Int) throws(FileFailure) -> ImageRaster {
    var reader = PortableReader(bytes: bytes)
    guard reader.beginsImage else {
      throw FileFailure("should be an image in a format that is read: \(PictureFormat.names)")
    }
    for before in 0..<index {
      _ = try reader.next()
      guard try reader.hasNext() else {
        throw FileFailure(
          "has \(before + 1) image\(before == 0 ? "" : "s"), so the index should be from 0 to \(before), not \(index)"
        )
      }
    }
    let image = try reader.next()
    // What follows is checked too: other bytes there mean that the header or the samples are corrupt.
    _ = try reader.hasNext()
    return image
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var beginsImage: Bool {
    bytes.count - position > 2 && bytes[position] == UInt8(ascii: "P") && "256".utf8.contains(bytes[position + 1])
  }

  /// Whether another image follows, after white space.
  private mutating func hasNext() throws(FileFailure) -> Bool {
    while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    guard position < bytes.count else { return false }
    guard beginsImage else {
      throw FileFailure("should end, or have another image, at byte \(position)")
    }
    return true
  }

  /// The image that begins here.
  private mutating func next() throws(FileFailure) -> ImageRaster {
    let format = bytes[position + 1]
    position += 2
    let width = try number("a width", 1...(1 << 20))
    let height = try number("a height", 1...(1 << 20))
    let greatest = try number("a greatest value", 1...65535)
    let channels = format == UInt8(ascii: "6") ? 3 : 1
    let count = width * height * channels
    guard format != UInt8(ascii: "2") else {
      return ImageRaster(
        height: height, width: width, channels: 1, bytes: try textValues(count, greatest), greatest: greatest)
    }
    let start = try samples(count, greatest)
    return ImageRaster(
      height: height, width: width, channels: channels, bytes: bytes, start: start, greatest: greatest)
  }

  /// The next number, after white space and comments.
  private mutating func number(_ what: String, _ range: ClosedRange<Int>) throws(FileFailure) -> Int {
    let start = position
    while position < bytes.count, Self.isSpace(bytes[position]) || bytes[position] == UInt8(ascii: "#") {
      if bytes[position] == UInt8(ascii: "#") {
        while position < bytes.count, bytes[position] != 10, bytes[position] != 13 { position += 1 }
      } else {
        position += 1
      }
    }
    let first = position
    var value = 0
    while position < bytes.count, (48...57).contains(bytes[position]), value <= range.upperBound {
      value = value * 10 + Int(bytes[position]) - 48
      position += 1
    }
    guard first > start, position > first, range.contains(value) else {
      throw FileFailure("should have \(what) from \(range.lowerBound) to \(range.upperBound) at byte \(first)")
    }
    return value
  }

  /// Samples written as decimal numbers, in the bytes that the binary formats would have.
  private mutating func textValues(_ count: Int, _ greatest: Int) throws(FileFailure) -> [UInt8] {
    guard count <= (bytes.count - position) / 2 else {
      throw FileFailure("should have \(count) values after its header, but is too short for them")
    }
    var values: [UInt8] = []
    values.reserveCapacity(greatest > 255 ? 2 * count : count)
    for _ in 0..<count {
      let value = try number("a value", 0...greatest)
      if greatest > 255 { values.append(UInt8(value >> 8)) }
      values.append(UInt8(truncatingIfNeeded: value))
    }
    return values
  }

  /// Where samples of one byte begin, or of two, big-endian, where the greatest value is above 255.
  private mutating func samples(_ count: Int, _ greatest: Int) throws(FileFailure) -> Int {
    let size = greatest > 255 ? 2 * count : count
    guard position < bytes.count, Self.isSpace(bytes[position]) else {
      throw FileFailure("should have white space after its greatest value")
    }
    let start = position + 1
    guard bytes.count - start >= size else {
      throw FileFailure("should have \(size) bytes after its header, not \(bytes.count - start)")
    }
    position = start + size
    if greatest != 255 && greatest != 65535 {
      for place in stride(from: start, to: position, by: greatest > 255 ? 2 : 1) {
        let value = greatest > 255 ? Int(bytes[place]) << 8 | Int(bytes[place + 1]) : Int(bytes[place])
        guard value <= greatest else { throw FileFailure("should have values up to \(greatest)") }
      }
    }
    return start
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
