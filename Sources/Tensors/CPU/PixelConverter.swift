import CKernels

/// Converts the pixels of images to floats: from 0 to 1, then scaled and shifted for each channel.
package struct PixelConverter: Sendable {
  let imageShape: Shape
  let greatestPixel: Float
  let scales: [Float]
  let offsets: [Float]

  /// `imageShape` is channels, height and width; scales and offsets are one a channel. Otherwise every use is an error.
  package init(imageShape: Shape, greatestPixel: UInt8, scales: [Float], offsets: [Float]) {
    self.imageShape = imageShape
    self.greatestPixel = Float(greatestPixel)
    self.scales = scales
    self.offsets = offsets
  }

  /// The images with these indices of `pixels`, which holds one image after the other: `[images, channels, height,
  /// width]`.
  package func tensor(of numbers: ArraySlice<Int32>, in pixels: [UInt8]) -> Tensor {
    PendingImages(numbers, of: pixels, by: self).finished()
  }

  /// The same values, image after image.
  package func values(of numbers: ArraySlice<Int32>, in pixels: [UInt8]) throws(TensorError) -> [Float] {
    try tensor(of: numbers, in: pixels).values()
  }

  /// What is wrong with these indices of images, or with the converter.
  func failure(of numbers: ArraySlice<Int32>, in pixels: [UInt8]) -> TensorError? {
    guard imageShape.rank == 3, imageShape.isValid, scales.count == imageShape[0], offsets.count == imageShape[0] else {
      return TensorError(
        "images \(imageShape) must be [channels, height, width], with a scale and an offset for each channel, not "
          + "\(scales.count) and \(offsets.count)")
    }
    let there = pixels.count / max(imageShape.elementCount, 1)
    if let wrong = numbers.first(where: { $0 < 0 || $0 >= there }) {
      return TensorError("there is no image \(wrong) among \(there)")
    }
    return Shape([numbers.count] + imageShape.dimensions).flaw.map { TensorError("images: \($0)") }
  }

  /// The indices must be in range.
  func convert(_ numbers: ArraySlice<Int32>, in pixels: [UInt8], to target: UnsafeMutablePointer<Float>) {
    numbers.withUnsafeBufferPointer { numbers in
      backprop_gather_images(
        Int64(numbers.count), Int64(imageShape[0]), Int64(imageShape[1] * imageShape[2]), numbers.baseAddress, pixels,
        greatestPixel, scales, offsets, target)
    }
  }
}
