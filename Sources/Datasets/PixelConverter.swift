/// Makes numbers of the pixels of images: from 0 to 1, then standardized where that is asked for.
struct PixelConverter: Sendable {
  private let greatestPixel: Float
  /// What each pixel of an image is multiplied by, and what is added then. × 1 + 0 changes no bit.
  private let scales: [Float]
  private let offsets: [Float]

  init(for set: ImageSet, standardizedBy standardization: Standardization?) {
    greatestPixel = Float(set.greatestPixel)
    guard let standardization else {
      scales = [Float](repeating: 1, count: set.imageSize)
      offsets = [Float](repeating: 0, count: set.imageSize)
      return
    }
    let channels = zip(standardization.mean, standardization.standardDeviation)
    let planeSize = set.imageSize / set.imageShape[0]
    scales = channels.flatMap { repeatElement(1 / $1, count: planeSize) }
    offsets = channels.flatMap { repeatElement(-$0 / $1, count: planeSize) }
  }

  /// The numbers of the images at `indices` in `pixels`, image after image.
  ///
  /// An image is copied to where its first pixel has the index 0 and back: only over arrays that are counted from 0 to
  /// their end does the compiler drop the checks of each access, and the loop becomes vector code. That is three times
  /// as fast as a loop with offsets.
  func values(of indices: some Collection<Int32>, in pixels: [UInt8]) -> [Float] {
    let size = scales.count
    var values: [Float] = []
    values.reserveCapacity(indices.count * size)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    var image = [Float](repeating: 0, count: size)
    for index in indices {
      bytes.removeAll(keepingCapacity: true)
      bytes.append(contentsOf: pixels[Int(index) * size..<(Int(index) + 1) * size])
      convert(bytes, to: &image)
      values.append(contentsOf: image)
    }
    return values
  }

  private func convert(_ bytes: [UInt8], to image: inout [Float]) {
    let count = image.count
    precondition(bytes.count == count && scales.count == count && offsets.count == count)
    for place in 0..<count {
      image[place] = Float(Int32(bytes[place])) / greatestPixel * scales[place] + offsets[place]
    }
  }
}
