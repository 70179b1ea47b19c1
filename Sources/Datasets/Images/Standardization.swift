import Tensors

/// Means and standard deviations of the channels, by which pixels are standardized to mean 0 and standard deviation 1.
///
/// They are computed from the training images alone; test images and images to classify use the same ones. They refer
/// to pixels from 0 to 1.
public struct Standardization: Hashable, Codable, Sendable {
  /// Subtracted from the pixels of each channel.
  public let mean: [Float]
  /// The divisor afterwards. Above 0.
  public let standardDeviation: [Float]

  /// A standardization by these values, one of each a channel.
  ///
  /// Throws a `DataError` where their counts differ, a value is not finite or a standard
  /// deviation is so near 0 that it has no finite reciprocal.
  public init(mean: [Float], standardDeviation: [Float]) throws(DataError) {
    guard mean.count == standardDeviation.count, !mean.isEmpty else {
      throw DataError(
        "means and standard deviations should be one a channel, not \(mean.count) and \(standardDeviation.count)")
    }
    guard mean.allSatisfy(\.isFinite), standardDeviation.allSatisfy({ $0 > 0 && $0.isFinite && (1 / $0).isFinite })
    else { throw DataError("means should be finite and standard deviations finite and above 0") }
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Reads what `encode(to:)` wrote, with the checks of `init(mean:standardDeviation:)`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      mean: container.decode([Float].self, forKey: .mean),
      standardDeviation: container.decode([Float].self, forKey: .standardDeviation))
  }

  private enum CodingKeys: String, CodingKey { case mean, standardDeviation }

  /// The means and standard deviations of the pixels of `set`.
  ///
  /// Sums are exact, in integers; each result is rounded once or twice at the end. A channel that is
  /// the same everywhere gets the standard deviation 1, so that it becomes 0 and nothing is divided by 0. Pictures in
  /// files are read on all threads; a file that is gone does not count.
  init(of set: ImageSet) {
    let channels = set.imageShape[0]
    let planeSize = set.imageSize / channels
    let sums = concurrentMap(set.count) { image in
      guard let pixels = try? set.storage.pixels(ofImage: image, size: set.imageSize) else { return [Sums]() }
      return (0..<channels).map { channel in Self.sums(pixels.dropFirst(channel * planeSize).prefix(planeSize)) }
    }.filter { !$0.isEmpty }
    var mean = [Float](repeating: 0, count: channels)
    var deviation = [Float](repeating: 1, count: channels)
    for channel in 0..<channels where !sums.isEmpty {
      let sum = sums.reduce(0) { $0 + $1[channel].values }
      let sumOfSquares = sums.reduce(0) { $0 + $1[channel].squares }
      let count = UInt64(sums.count * planeSize)
      // n² times the variance; in 128 bits, since 2⁴⁰ pixels of 255 come near 2⁹⁶.
      let spread = UInt128(count) * UInt128(sumOfSquares) - UInt128(sum) * UInt128(sum)
      let scale = Double(count) * Double(set.greatestPixel)
      mean[channel] = Float(Double(sum) / scale)
      if spread > 0 { deviation[channel] = Float(Double(spread).squareRoot() / scale) }
    }
    self.mean = mean
    standardDeviation = deviation
  }

  private typealias Sums = (values: UInt64, squares: UInt64)

  private static func sums(_ pixels: ArraySlice<UInt8>) -> Sums {
    var values: UInt64 = 0
    var squares: UInt64 = 0
    for pixel in pixels {
      values &+= UInt64(pixel)
      squares &+= UInt64(UInt16(pixel) &* UInt16(pixel))
    }
    return (values, squares)
  }
}
