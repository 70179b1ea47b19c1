import Tensors

/// Images of one size with a label each: bytes in memory, or pictures in files, which are decoded when they are needed.
public struct ImageSet: Sendable {
  let storage: PixelStorage
  /// All pixels: image after image, channel after channel, row after row. None where the pictures are in files.
  public var pixels: [UInt8] { if case .memory(let pixels) = storage { pixels } else { [] } }
  /// The value of a pixel of full brightness, mostly 255.
  public let greatestPixel: UInt8
  /// The class of each image, from 0.
  public let labels: [Int32]
  /// Channels, height and width of an image.
  public let imageShape: Shape
  /// The standardization of batches, or `nil` where their pixels stay from 0 to 1.
  public let standardization: Standardization?

  /// A set of images.
  ///
  /// Throws a `DataError` where the number of pixels does not match `labels` and `imageShape`, or a pixel is above
  /// `greatestPixel`, or a label is negative.
  public init(pixels: [UInt8], labels: [Int32], imageShape: Shape, greatestPixel: UInt8 = 255) throws(DataError) {
    var size = 1
    for dimension in imageShape.dimensions {
      let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
      guard dimension > 0, !overflow else { throw DataError("image shape \(imageShape) should have positive sizes") }
      size = product
    }
    let (needed, overflow) = size.multipliedReportingOverflow(by: labels.count)
    guard imageShape.dimensions.count == 3, !overflow, needed == pixels.count, labels.count <= Int(Int32.max) else {
      throw DataError(
        "\(pixels.count) pixels should be those of \(labels.count) images of channels, height and width \(imageShape)")
    }
    guard greatestPixel > 0, greatestPixel == 255 || pixels.allSatisfy({ $0 <= greatestPixel }) else {
      throw DataError("pixels should be from 0 to \(max(greatestPixel, 1))")
    }
    guard labels.allSatisfy({ $0 >= 0 }) else { throw DataError("labels should be at least 0") }
    storage = .memory(pixels)
    self.labels = labels
    self.imageShape = imageShape
    self.greatestPixel = greatestPixel
    standardization = nil
  }

  /// Pictures in files, a label each.
  init(files: PictureFiles, labels: [Int32]) {
    storage = .files(files)
    self.labels = labels
    imageShape = files.imageShape
    greatestPixel = 255
    standardization = nil
  }

  private init(
    unchecked storage: PixelStorage, _ labels: [Int32], like other: ImageSet, _ standardization: Standardization?
  ) {
    self.storage = storage
    self.labels = labels
    imageShape = other.imageShape
    greatestPixel = other.greatestPixel
    self.standardization = standardization
  }

  /// How many images there are.
  public var count: Int { labels.count }

  /// Pixels in an image.
  var imageSize: Int { imageShape.dimensions.reduce(1, *) }

  /// The pixels of one image from 0 to 1, never standardized. Throws a `DataError` where there is no such image, or its
  /// file cannot be read any more.
  public subscript(index: Int) -> [Float] {
    get throws(DataError) {
      try check(index)
      do throws(TensorError) {
        let (pixels, place) = try storage.pixels(of: [Int32(index)])
        return try converter(standardizedBy: nil).values(of: place, in: pixels)
      } catch {
        throw DataError(error.message)
      }
    }
  }

  /// Converts the pixels to floats: from 0 to 1, then standardized where that is set. × 1 + 0 changes no bit.
  func converter(standardizedBy standardization: Standardization?) -> PixelConverter {
    let channels = imageShape[0]
    let (mean, deviation) = (standardization?.mean, standardization?.standardDeviation)
    return PixelConverter(
      imageShape: imageShape, greatestPixel: greatestPixel,
      scales: deviation?.map { 1 / $0 } ?? [Float](repeating: 1, count: channels),
      offsets: mean.map { zip($0, deviation ?? []).map { -$0 / $1 } } ?? [Float](repeating: 0, count: channels))
  }

  /// The images at `indices`, in that order, standardized as this set is. Throws a `DataError` where there is no such
  /// image.
  public func subset(_ indices: some Sequence<Int>) throws(DataError) -> ImageSet {
    let size = imageSize
    let indices = Array(indices)
    for index in indices { try check(index) }
    let chosen: PixelStorage =
      switch storage {
      case .memory(let pixels):
        .memory(indices.reduce(into: []) { $0 += pixels[$1 * size..<($1 + 1) * size] })
      case .files(let files): .files(files.subset(indices))
      }
    return ImageSet(unchecked: chosen, indices.map { labels[$0] }, like: self, standardization)
  }

  /// These images, then those of `other`, standardized as this set is. Throws a `DataError` where their shapes or the
  /// values of full brightness differ.
  public func appending(_ other: ImageSet) throws(DataError) -> ImageSet {
    guard other.imageShape == imageShape, other.greatestPixel == greatestPixel else {
      throw DataError(
        "images of \(other.imageShape) and pixels up to \(other.greatestPixel) should be as those they are added to, "
          + "\(imageShape) and up to \(greatestPixel)")
    }
    return ImageSet(
      unchecked: try storage.appending(other.storage), labels + other.labels, like: self, standardization)
  }

  /// The same images, with batches standardized by `standardization`, or from 0 to 1 where that is `nil`.
  ///
  /// Throws a `DataError` where it has not as many channels as the images.
  public func standardized(by standardization: Standardization?) throws(DataError) -> ImageSet {
    if let standardization, standardization.mean.count != imageShape[0] {
      throw DataError(
        "a standardization of \(standardization.mean.count) channels should have \(imageShape[0]) as the images have")
    }
    return replacing(standardization)
  }

  /// The same images with a standardization that has as many channels as they have.
  func replacing(_ standardization: Standardization?) -> ImageSet {
    ImageSet(unchecked: storage, labels, like: self, standardization)
  }

  /// The same images with other labels, one for each.
  func replacing(labels: [Int32]) -> ImageSet { ImageSet(unchecked: storage, labels, like: self, standardization) }
}
