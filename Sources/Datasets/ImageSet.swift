import Tensors

/// Images of one size with a label each, held as bytes.
public struct ImageSet: Sendable {
  /// All pixels: image after image, channel after channel, row after row.
  public let pixels: [UInt8]
  /// What a pixel of full brightness is, 255 for most.
  public let greatestPixel: UInt8
  /// The class of each image.
  public let labels: [Int32]
  /// Channels, height and width of an image.
  public let imageShape: Shape

  /// A set of images.
  ///
  /// Throws a `DataError` where there are not as many pixels as `labels` and `imageShape` ask for, or a pixel is above
  /// `greatestPixel`, or a label is negative.
  public init(pixels: [UInt8], labels: [Int32], imageShape: Shape, greatestPixel: UInt8 = 255) throws {
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
    self.pixels = pixels
    self.labels = labels
    self.imageShape = imageShape
    self.greatestPixel = greatestPixel
  }

  private init(unchecked pixels: [UInt8], _ labels: [Int32], like other: ImageSet) {
    self.pixels = pixels
    self.labels = labels
    imageShape = other.imageShape
    greatestPixel = other.greatestPixel
  }

  /// How many images there are.
  public var count: Int { labels.count }

  /// Pixels in an image.
  var imageSize: Int { imageShape.dimensions.reduce(1, *) }

  /// The pixels of one image from 0 to 1. `index` must be below `count`.
  public func image(at index: Int) -> [Float] { values(of: [Int32(index)]) }

  /// The images at `indices`, in that order. Each must be below `count`.
  public func subset(_ indices: some Sequence<Int>) -> ImageSet {
    let size = imageSize
    var chosenPixels: [UInt8] = []
    var chosenLabels: [Int32] = []
    for index in indices {
      precondition(labels.indices.contains(index), "there is no image \(index) among \(count)")
      chosenPixels.append(contentsOf: pixels[index * size..<(index + 1) * size])
      chosenLabels.append(labels[index])
    }
    return ImageSet(unchecked: chosenPixels, chosenLabels, like: self)
  }

  /// The set in order, in batches of `size` but the last, which has what is left. Each is made when it is asked for.
  public func batches(of size: Int) -> ImageBatches {
    ImageBatches(set: self, order: (0..<Int32(count)).map { $0 }, batchSize: size)
  }

  /// The set in an order that `generator` determines, in batches of `size` but the last, which has what is left.
  ///
  /// The order is drawn now; each batch is made when it is asked for.
  public func batches(of size: Int, shuffledBy generator: inout some RandomNumberGenerator) -> ImageBatches {
    ImageBatches(set: self, order: generator.permutation(of: count), batchSize: size)
  }

  /// The pixels of the images at `indices` from 0 to 1.
  func values(of indices: some Collection<Int32>) -> [Float] {
    let size = imageSize
    let greatest = Float(greatestPixel)
    var values = [Float](repeating: 0, count: indices.count * size)
    var target = 0
    for index in indices {
      Self.convert(pixels, from: Int(index) * size, count: size, greatest, into: &values, at: target)
      target += size
    }
    return values
  }

  /// Bytes to numbers. The two ranges are checked before the loop, so that it has no checks and becomes vector code.
  private static func convert(
    _ pixels: [UInt8], from start: Int, count: Int, _ greatest: Float, into values: inout [Float], at target: Int
  ) {
    precondition(start >= 0 && count <= pixels.count - start && target >= 0 && count <= values.count - target)
    for offset in 0..<count { values[target &+ offset] = Float(pixels[start &+ offset]) / greatest }
  }
}

/// Some images of a set and their labels.
public struct ImageBatch: Sendable {
  /// `[batch, channels, height, width]`, from 0 to 1.
  public let images: Tensor
  /// `[batch]`, whole numbers.
  public let labels: Tensor
  /// Where in the set the images are.
  public let indices: [Int]

  /// How many images there are.
  public var count: Int { indices.count }
}

/// The batches of a set, one after the other. Iterating again gives the same ones.
public struct ImageBatches: Sequence, Sendable {
  private let set: ImageSet
  private let order: [Int32]
  private let batchSize: Int

  init(set: ImageSet, order: [Int32], batchSize: Int) {
    precondition(batchSize > 0, "a batch should have at least 1 image, not \(batchSize)")
    self.set = set
    self.order = order
    self.batchSize = batchSize
  }

  /// How many batches there are.
  public var underestimatedCount: Int { order.isEmpty ? 0 : (order.count - 1) / batchSize + 1 }

  /// Starts with the first batch.
  public func makeIterator() -> Iterator { Iterator(batches: self) }

  /// Makes batch after batch.
  public struct Iterator: IteratorProtocol {
    private let batches: ImageBatches
    private var position = 0

    init(batches: ImageBatches) { self.batches = batches }

    /// The next batch, or `nil` after the last.
    public mutating func next() -> ImageBatch? {
      let order = batches.order
      guard position < order.count else { return nil }
      let indices = order[position..<position + Swift.min(batches.batchSize, order.count - position)]
      position = indices.endIndex
      let set = batches.set
      return ImageBatch(
        images: Tensor(set.values(of: indices), shape: [indices.count] + set.imageShape.dimensions),
        labels: Tensor(indices.map { set.labels[Int($0)] } as [Int32], shape: [indices.count]),
        indices: indices.map(Int.init))
    }
  }
}
