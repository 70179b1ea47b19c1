import CImages
import Files

/// libpng or TurboJPEG, which read the bytes of a file.
enum ImageCodec: String {
  case png = "PNG"
  case jpeg = "JPEG"

  /// What stands before the pixels.
  struct Header {
    fileprivate(set) var header = backprop_image_header()

    var height: Int { Int(header.height) }
    var width: Int { Int(header.width) }
    /// How many bits a pixel of a PNG has before it is compressed.
    var bits: Int { Int(header.bits) }

    /// Size and color.
    var summary: PictureHeader {
      let isGray = [BACKPROP_IMAGE_GRAY, BACKPROP_IMAGE_GRAY_ALPHA].map { Int32($0) }.contains(header.kind)
      return PictureHeader(height: height, width: width, isGray: isGray)
    }

    /// The JPEG decoded to the least of 1, 1/2, 1/4 and 1/8 of its size that is not coarser than a picture that it
    /// should fill. The transform of a block then gives fewer pixels, which is that much faster.
    func shrunk(toFill newHeight: Int, _ newWidth: Int, _ fit: PictureFit) -> Header {
      for divisor in [8, 4, 2] as [Int32] {
        var small = self
        small.header.height = backprop_jpeg_side(header.height, divisor)
        small.header.width = backprop_jpeg_side(header.width, divisor)
        let box = fit.box(height: small.height, width: small.width, filling: newHeight, newWidth)
        if box.rows.upperBound - box.rows.lowerBound >= Double(newHeight),
          box.columns.upperBound - box.columns.lowerBound >= Double(newWidth)
        {
          return small
        }
      }
      return self
    }
  }

  func header(of bytes: [UInt8]) throws(FileFailure) -> Header {
    var result = Header()
    _ = try reading { message in
      bytes.withUnsafeBufferPointer { bytes in
        switch self {
        case .png: backprop_png_header(bytes.baseAddress, Int64(bytes.count), &result.header, message)
        case .jpeg: backprop_jpeg_header(bytes.baseAddress, Int64(bytes.count), &result.header, message)
        }
      }
    }
    return result
  }

  /// The pixels in 1 or 3 channels, and what is wrong with the file although it has pixels.
  ///
  /// `header` should be that of the same bytes, its size checked.
  func picture(
    of bytes: [UInt8], _ header: Header, channels: Int
  ) throws(FileFailure) -> (picture: Picture, warning: String?) {
    let count = header.height * header.width
    let size = count * max(Int(header.header.samples), channels)
    try OpenFile.requireMemory(size)
    var description = header.header
    var failure: FileFailure?
    var warning: String?
    let pixels = [UInt8](unsafeUninitializedCapacity: size) { pixels, initialized in
      // No pixel is left as it was in memory, whatever a decoder does not write.
      pixels.initialize(repeating: 0)
      do throws(FileFailure) {
        warning = try reading { message in
          bytes.withUnsafeBufferPointer { bytes in
            switch self {
            case .png:
              backprop_png_decode(bytes.baseAddress, Int64(bytes.count), &description, pixels.baseAddress, message)
            case .jpeg:
              backprop_jpeg_decode(bytes.baseAddress, Int64(bytes.count), &description, pixels.baseAddress, message)
            }
          }
        }
        backprop_image_convert(pixels.baseAddress, Int64(count), description.kind, Int32(channels))
        initialized = count * channels
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return (Picture(unchecked: pixels, height: header.height, width: header.width, channels: channels), warning)
  }

  /// Calls a function of C. Returns its message where the file is doubtful; throws where it is broken.
  private func reading(_ body: (UnsafeMutablePointer<CChar>?) -> Int32) throws(FileFailure) -> String? {
    var message = [CChar](repeating: 0, count: Int(BACKPROP_IMAGE_MESSAGE))
    let status = message.withUnsafeMutableBufferPointer { body($0.baseAddress) }
    guard status != Int32(BACKPROP_IMAGE_READ) else { return nil }
    let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard status == Int32(BACKPROP_IMAGE_DOUBTFUL) else {
      throw FileFailure("is a damaged \(rawValue): \(text.printable)")
    }
    return text
  }
}
