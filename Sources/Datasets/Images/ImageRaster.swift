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

  /// The pixels with 8 bits in 1 channel, colors to gray by the luma of ITU-R BT.601, or in 3, gray in each.
  func picture(channels wanted: Int) -> Picture {
    let count = height * width
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count * wanted)
    for pixel in 0..<count {
      if channels == 1 {
        pixels.append(contentsOf: repeatElement(UInt8(sample(pixel, 0)), count: wanted))
      } else if wanted == 3 {
        for channel in 0..<3 { pixels.append(UInt8(sample(pixel, channel))) }
      } else {
        // 0.299, 0.587 and 0.114 as multiples of 2⁻¹⁶, as everywhere else.
        let luma = 19595 * sample(pixel, 0) + 38470 * sample(pixel, 1) + 7471 * sample(pixel, 2)
        pixels.append(UInt8((luma + (1 << 15)) >> 16))
      }
    }
    return Picture(unchecked: pixels, height: height, width: width, channels: wanted)
  }
}
