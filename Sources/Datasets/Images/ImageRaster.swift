/// An image as stored in a file: samples row after row, those of a pixel interleaved.
///
/// Nothing is copied: samples are converted when they are read, so an image takes the memory of its file.
struct ImageRaster {
  let height: Int
  let width: Int
  /// 1, or 3 for red, green and blue.
  let channels: Int
  /// The bytes that hold the samples, which begin at `start`: one byte each, or two, big-endian, where
  /// `greatest` is above 255.
  let bytes: [UInt8]
  var start = 0
  /// The sample value of full brightness.
  var greatest = 255

  /// The sample of a channel, from 0 to 255.
  @inline(__always)
  private func sample(_ pixel: Int, _ channel: Int) -> Int {
    let place = pixel * channels + channel
    guard greatest != 255 else { return Int(bytes[start + place]) }
    let value =
      greatest < 256
      ? Int(bytes[start + place]) : Int(bytes[start + 2 * place]) << 8 | Int(bytes[start + 2 * place + 1])
    return (value * 255 + greatest / 2) / greatest
  }

  /// A pixel in an image of so many channels: colors to gray by luminance, or gray in each of three channels.
  @inline(__always)
  private func value(_ pixel: Int, _ channel: Int, of wanted: Int) -> Int {
    guard channels != wanted else { return sample(pixel, channel) }
    guard channels == 3 else { return sample(pixel, 0) }
    return (299 * sample(pixel, 0) + 587 * sample(pixel, 1) + 114 * sample(pixel, 2) + 500) / 1000
  }

  /// The pixels in this size, channel after channel. Each new pixel is the mean of the area it covers; a pixel covered
  /// in part counts in part.
  func resized(channels wanted: Int, height newHeight: Int, width newWidth: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(wanted * newHeight * newWidth)
    for channel in 0..<wanted {
      if (height, width) == (newHeight, newWidth) {
        for pixel in 0..<height * width { result.append(UInt8(value(pixel, channel, of: wanted))) }
        continue
      }
      for row in 0..<newHeight {
        let rows = Cover(row, height, newHeight)
        for column in 0..<newWidth {
          let columns = Cover(column, width, newWidth)
          var sum = 0.0
          var area = 0.0
          for y in rows.range {
            for x in columns.range {
              let share = rows.share(y) * columns.share(x)
              sum += share * Double(value(y * width + x, channel, of: wanted))
              area += share
            }
          }
          result.append(UInt8(min(max((sum / area).rounded(), 0), 255)))
        }
      }
    }
    return result
  }

  /// The old pixels along an axis that a new one covers.
  private struct Cover {
    let range: ClosedRange<Int>
    private let start: Int
    private let end: Int
    private let new: Int

    /// Those that pixel `place` of `new` covers.
    init(_ place: Int, _ old: Int, _ new: Int) {
      (start, end, self.new) = (place * old, place * old + old, new)
      range = start / new...(end - 1) / new
    }

    /// How much of `pixel` is covered, in units of a `new`th of a pixel.
    func share(_ pixel: Int) -> Double { Double(min(end, (pixel + 1) * new) - max(start, pixel * new)) }
  }
}
