import Foundation

/// Pictures of 8 bits a channel as PNG files.
///
/// Source: W3C, "Portable Network Graphics (PNG) Specification", third edition.
package enum PNG {
  /// What the numbers of a pixel are.
  package enum Channels: Int, Sendable {
    case gray = 1
    case grayAlpha = 2
    case rgb = 3
    case rgba = 4

    /// The color type in the header.
    fileprivate var code: UInt8 {
      switch self {
      case .gray: 0
      case .rgb: 2
      case .grayAlpha: 4
      case .rgba: 6
      }
    }
  }

  /// The file of a picture: rows from top to bottom, pixels from left to right, the channels of a pixel together.
  ///
  /// `nil` for a picture without pixels or of another size than `width` × `height`, and where there is no memory.
  package static func encode(width: Int, height: Int, _ channels: Channels, _ pixels: [UInt8]) -> [UInt8]? {
    let row = width.multipliedReportingOverflow(by: channels.rawValue)
    guard width > 0, height > 0, width <= 1 << 24, height <= 1 << 24, !row.overflow,
      row.partialValue.multipliedReportingOverflow(by: height) == (pixels.count, false)
    else { return nil }
    var lines: [UInt8] = []
    lines.reserveCapacity(pixels.count + height)
    for start in stride(from: 0, to: pixels.count, by: row.partialValue) {
      lines.append(0)  // No filter: a picture here is small.
      lines += pixels[start..<start + row.partialValue]
    }
    guard let packed = Deflate.zlib(lines) else { return nil }
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", bytes(width) + bytes(height) + [8, channels.code, 0, 0, 0]) + chunk("IDAT", packed)
      + chunk("IEND", [])
  }

  /// The same as an address that an `<img>` takes; `nil` for the same reasons.
  package static func dataURI(width: Int, height: Int, _ channels: Channels, _ pixels: [UInt8]) -> String? {
    encode(width: width, height: height, channels, pixels).map {
      "data:image/png;base64,\(Data($0).base64EncodedString())"
    }
  }

  /// Length, name, data, and the check of name and data.
  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return bytes(data.count) + body + bytes(Int(Checksum.crc32(body)))
  }

  private static func bytes(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }
}
