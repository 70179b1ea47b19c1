import Tensors

/// Some images of a set and their labels.
public struct ImageBatch: Sendable {
  /// `[batch, channels, height, width]`, from 0 to 1, or standardized where the set is.
  public let images: Tensor
  /// `[batch]`, int32.
  public let labels: Tensor
  /// The indices of the images in the set.
  public let indices: [Int]

  /// How many images there are.
  public var count: Int { indices.count }
}

/// The batches of a set, one after the other. Iterating again gives the same ones.
public struct ImageBatches: Sequence, Sendable {
  private let set: ImageSet
  private let order: [Int32]
  private let batchSize: Int
  private let converter: PixelConverter
  /// Decodes the pictures of batches before they are asked for, where they are in files.
  private let prefetcher: Prefetcher<[UInt8]>?
  /// How many batches are decoded or being decoded ahead of the one asked for.
  private static let depth = 4

  init(set: ImageSet, order: [Int32], batchSize: Int) {
    self.set = set
    self.order = order
    self.batchSize = Swift.max(batchSize, 1)
    converter = set.converter(standardizedBy: set.standardization)
    guard case .files(let files) = set.storage else {
      prefetcher = nil
      return
    }
    let size = self.batchSize
    prefetcher = try? Prefetcher(depth: Self.depth, threads: Threads.count) { batch in
      let (start, end) = (batch * size, Swift.min((batch + 1) * size, order.count))
      return start < end ? try files.pixels(of: order[start..<end]) : []
    }
  }

  /// How many batches there are.
  public var underestimatedCount: Int { order.isEmpty ? 0 : (order.count - 1) / batchSize + 1 }

  /// The batch at `index`, from 0. Out of range, images and labels are failed tensors.
  public subscript(index: Int) -> ImageBatch {
    guard let indices = indices(ofBatch: index) else {
      return ImageBatch(images: noBatch(index), labels: noBatch(index), indices: [])
    }
    return ImageBatch(
      images: images(ofBatch: index, indices).finished(), labels: labels(of: indices), indices: indices.map(Int.init))
  }

  /// The same images and labels, converted later.
  package func pending(_ index: Int) -> (images: PendingImages, labels: Tensor) {
    let indices = indices(ofBatch: index)
    return (images(ofBatch: index, indices ?? []), indices.map(labels(of:)) ?? noBatch(index))
  }

  private func images(ofBatch index: Int, _ indices: ArraySlice<Int32>) -> PendingImages {
    guard let prefetcher, !indices.isEmpty else { return PendingImages(indices, of: set.pixels, by: converter) }
    do {
      let places = (0..<Int32(indices.count)).map { $0 }
      return PendingImages(places[...], of: try prefetcher.value(at: index), by: converter)
    } catch {
      return PendingImages([], of: [], by: converter, failing: TensorError("\(error)"))
    }
  }

  private func noBatch(_ index: Int) -> Tensor {
    .failed(TensorError("there is no batch \(index) among \(underestimatedCount)"))
  }

  private func indices(ofBatch index: Int) -> ArraySlice<Int32>? {
    guard (0..<underestimatedCount).contains(index) else { return nil }
    return order[index * batchSize..<Swift.min((index + 1) * batchSize, order.count)]
  }

  private func labels(of indices: ArraySlice<Int32>) -> Tensor {
    Tensor(indices.map { set.labels[Int($0)] } as [Int32], shape: [indices.count])
  }

  /// Starts with the first batch.
  public func makeIterator() -> Iterator { Iterator(batches: self) }

  /// Iterates over the batches.
  public struct Iterator: IteratorProtocol {
    private let batches: ImageBatches
    private var position = 0

    init(batches: ImageBatches) { self.batches = batches }

    /// The next batch, or `nil` after the last.
    public mutating func next() -> ImageBatch? {
      guard position < batches.underestimatedCount else { return nil }
      defer { position += 1 }
      return batches[position]
    }
  }
}

extension ImageSet {
  /// The set in order, in batches of `size`; the last has the rest. Each is made on demand.
  ///
  /// A `size` below 1 counts as 1.
  public func batches(of size: Int) -> ImageBatches {
    ImageBatches(set: self, order: (0..<Int32(count)).map { $0 }, batchSize: size)
  }

  /// The set in an order that `generator` determines, in batches of `size`; the last has the rest.
  ///
  /// The order is drawn now; each batch is made on demand. A `size` below 1 counts as 1.
  public func batches(of size: Int, shuffledBy generator: inout some RandomNumberGenerator) -> ImageBatches {
    ImageBatches(set: self, order: generator.permutation(of: count), batchSize: size)
  }
}
