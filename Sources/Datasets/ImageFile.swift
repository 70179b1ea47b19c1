import Foundation
import Tensors

/// Reads an image to classify: PGM (P2, P5), PPM (P6), or one image of an IDX file, plain or packed with gzip.
public enum ImageFile {
  private static let formats = "PGM (P2, P5), PPM (P6) or IDX (images of bytes, may be packed with gzip)"

  /// The most pixels of an image that is resized to.
  private static let greatestSize = 1 << 24

  /// The image in the file at `path`, `[1, channels, height, width]` from 0 to 1, resized to `shape`.
  ///
  /// `index` chooses an image of an IDX file, the first one unless told. `shape` is channels (1 for gray, 3 for red,
  /// green and blue), height and width. `standardization` is the one that the network was trained with, if any.
  ///
  /// Throws a `DataError` where the file is not an image in one of these formats, or `index` or `shape` does not fit.
  public static func load(
    _ path: String, index: Int? = nil, shape: Shape, standardization: Standardization? = nil
  ) throws -> Tensor {
    let image = try ImageSet(pixels: pixels(path, index: index, shape: shape), labels: [0], imageShape: shape)
      .standardized(by: standardization)
    return image.converter(standardizedBy: image.standardization).tensor(of: [0], in: image.pixels)
  }

  /// The pixels of the image in the file at `path`, resized to `shape`: channel after channel, row after row.
  ///
  /// Colors become gray by their brightness, and sizes change by area averaging. Throws as `load` does.
  public static func pixels(_ path: String, index: Int? = nil, shape: Shape) throws -> [UInt8] {
    let size = shape.dimensions
    guard size.count == 3, size[0] == 1 || size[0] == 3, size[1] > 0, size[2] > 0, size[1] <= greatestSize / size[2]
    else {
      throw DataError("\(path) is read as [1 or 3 channels, height, width]; the model should not take \(shape)")
    }
    let bytes = try readBytes(of: URL(fileURLWithPath: path))
    let raster =
      try Gzip.isGzip(bytes) || bytes.starts(with: [0, 0])
      ? idxImage(bytes, index ?? 0, path) : portableImage(bytes, index, path)
    return raster.with(channels: size[0]).planes.flatMap { resized($0, raster, height: size[1], width: size[2]) }
  }

  /// An image, a plane each channel.
  struct Raster {
    var height: Int
    var width: Int
    var planes: [[UInt8]]

    /// Gray from colors by brightness, or gray in each of three channels.
    func with(channels: Int) -> Raster {
      guard channels != planes.count else { return self }
      var result = self
      if channels == 1 {
        result.planes = [
          planes[0].indices.map { place in
            let sum = 299 * Int(planes[0][place]) + 587 * Int(planes[1][place]) + 114 * Int(planes[2][place])
            return UInt8((sum + 500) / 1000)
          }
        ]
      } else {
        result.planes = Array(repeating: planes[0], count: channels)
      }
      return result
    }
  }

  private static func idxImage(_ bytes: [UInt8], _ index: Int, _ path: String) throws -> Raster {
    let file = try IDXFile(bytes, rank: 3, name: path)
    let size = file.dimensions
    guard (0..<size[0]).contains(index) else {
      throw DataError("\(path) has \(size[0]) images, so the index should be from 0 to \(size[0] - 1), not \(index)")
    }
    let count = size[1] * size[2]
    let plane = Array(file.values[(index * count)..<((index + 1) * count)])
    return Raster(height: size[1], width: size[2], planes: [plane])
  }

  private static func portableImage(_ bytes: [UInt8], _ index: Int?, _ path: String) throws -> Raster {
    guard bytes.count > 2, bytes[0] == UInt8(ascii: "P"), "256".utf8.contains(bytes[1]) else {
      throw DataError("\(path) should be an image in a format that is read: \(formats)")
    }
    guard index ?? 0 == 0 else { throw DataError("\(path) is one image, so the index should be 0") }
    var reader = PortableReader(bytes: bytes, path: path)
    let width = try reader.number("a width", 1...(1 << 20))
    let height = try reader.number("a height", 1...(1 << 20))
    let greatest = try reader.number("a greatest value", 1...65535)
    let channels = bytes[1] == UInt8(ascii: "6") ? 3 : 1
    let count = width * height * channels
    let values =
      bytes[1] == UInt8(ascii: "2")
      ? try reader.textValues(count, greatest) : try reader.byteValues(count, greatest)
    let planes = (0..<channels).map { channel in
      stride(from: channel, to: count, by: channels).map { UInt8((values[$0] * 255 + greatest / 2) / greatest) }
    }
    return Raster(height: height, width: width, planes: planes)
  }

  /// Each new pixel is the mean of the area it covers; a pixel covered in part counts in part.
  static func resized(_ plane: [UInt8], _ raster: Raster, height: Int, width: Int) -> [UInt8] {
    if raster.height == height, raster.width == width { return plane }
    let columns = (0..<width).map { covered($0, raster.width, width) }
    return (0..<height).flatMap { row in
      let rows = covered(row, raster.height, height)
      return columns.map { columns in
        var sum = 0.0
        var area = 0.0
        for (y, tall) in rows {
          for (x, wide) in columns {
            sum += tall * wide * Double(plane[y * raster.width + x])
            area += tall * wide
          }
        }
        return UInt8(min(max((sum / area).rounded(), 0), 255))
      }
    }
  }

  /// The old pixels that new pixel `place` of `new` covers and how much of each, in units of a `new`th of a pixel.
  private static func covered(_ place: Int, _ old: Int, _ new: Int) -> [(Int, Double)] {
    let start = place * old
    let end = start + old
    return (start / new...(end - 1) / new).map { pixel in
      (pixel, Double(min(end, (pixel + 1) * new) - max(start, pixel * new)))
    }
  }
}

/// Reads the header and the values of a PGM or PPM file.
private struct PortableReader {
  let bytes: [UInt8]
  let path: String
  var position = 2

  init(bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// The next number, after white space and comments.
  mutating func number(_ what: String, _ range: ClosedRange<Int>) throws(DataError) -> Int {
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
      throw DataError("\(path) should have \(what) from \(range.lowerBound) to \(range.upperBound) at byte \(first)")
    }
    return value
  }

  /// Values as decimal numbers.
  mutating func textValues(_ count: Int, _ greatest: Int) throws(DataError) -> [Int] {
    guard count <= (bytes.count - position) / 2 else {
      throw DataError("\(path) should have \(count) values after its header, but is too short for them")
    }
    var values: [Int] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try number("a value", 0...greatest)) }
    return values
  }

  /// Values as one byte each, or two with the high one first where the greatest value is above 255.
  mutating func byteValues(_ count: Int, _ greatest: Int) throws(DataError) -> [Int] {
    let width = greatest > 255 ? 2 : 1
    guard position < bytes.count, Self.isSpace(bytes[position]) else {
      throw DataError("\(path) should have white space after its greatest value")
    }
    let start = position + 1
    guard bytes.count - start == count * width else {
      throw DataError("\(path) should have \(count * width) bytes after its header, not \(bytes.count - start)")
    }
    let values = (0..<count).map { place in
      width == 1 ? Int(bytes[start + place]) : Int(bytes[start + 2 * place]) << 8 | Int(bytes[start + 2 * place + 1])
    }
    guard values.allSatisfy({ $0 <= greatest }) else { throw DataError("\(path) should have values up to \(greatest)") }
    return values
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
