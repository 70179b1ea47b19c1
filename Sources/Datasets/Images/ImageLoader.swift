import Tensors

/// The images of the steps of a training or an evaluation, prepared before they are needed.
///
/// Images in memory are converted by threads that are idle while a step is computed; pictures in files are decoded, and
/// images are varied, by threads of their own, `Threads.count` of them.
public final class ImageLoader {
  /// The steps of an epoch.
  public let stepsPerEpoch: Int
  private let images: ImageSet
  private let batchSize: Int
  private let sampler: any Sampler
  /// Where images are varied.
  private let augmented: Loader<AugmentedBatch>?
  /// The batches of the last requested epoch.
  private var current: (epoch: Int, batches: ImageBatches)?
  /// The batch of the step after the last requested one, prefetched while that one is computed.
  private var next: (step: Int, images: PendingImages, labels: Tensor)?

  /// Batches of `batchSize` images in the order of `sampler`; the last batch of an epoch may be smaller. How images are
  /// varied depends on `seed` and the step's number alone.
  ///
  /// Throws a `DataError` where there are no images, the batch size is below 1 or the augmentation has a number out of
  /// range.
  public init(
    _ images: ImageSet, by sampler: any Sampler, batchSize: Int, augmentation: Augmentation = Augmentation(),
    seed: UInt64 = 0
  ) throws(DataError) {
    guard sampler.count > 0 else { throw DataError("there are no images to load") }
    guard batchSize > 0 else { throw DataError("the batch size should be at least 1, not \(batchSize)") }
    try augmentation.check()
    stepsPerEpoch = (sampler.count - 1) / batchSize + 1
    self.images = images
    self.batchSize = batchSize
    self.sampler = sampler
    guard !augmentation.isNone else {
      augmented = nil
      return
    }
    let augmenter = ImageAugmenter(
      augmentation: augmentation, imageShape: images.imageShape, greatestPixel: images.greatestPixel,
      standardization: images.standardization, seed: seed)
    augmented = try Loader(images, by: sampler, batchSize: batchSize) { examples, step in
      try augmenter.batch(examples, step: step)
    }
  }

  /// The batch of the step with this number, from 0. Throws a `DataError` for a negative number, and what reading an
  /// image throws.
  public func batch(ofStep step: Int) throws -> AugmentedBatch {
    guard 0..<Int.max ~= step else { throw DataError("steps are counted from 0; there is no step \(step)") }
    if let augmented { return try augmented.batch(ofStep: step) }
    let batch = if let next, next.step == step { next } else { pending(step) }
    let images = batch.images.finished()
    // Not across the end of an epoch, as the order of the next one is drawn when it begins.
    next = (step + 1) % stepsPerEpoch == 0 ? nil : pending(step + 1)
    next?.images.makeOverlappedPlans()
    return AugmentedBatch(images: images, labels: batch.labels, otherLabels: nil, shares: nil)
  }

  private func pending(_ step: Int) -> (step: Int, images: PendingImages, labels: Tensor) {
    let batch = batches(ofEpoch: step / stepsPerEpoch).pending(step % stepsPerEpoch)
    return (step, batch.images, batch.labels)
  }

  private func batches(ofEpoch epoch: Int) -> ImageBatches {
    if let current, current.epoch == epoch { return current.batches }
    let batches = ImageBatches(set: images, order: sampler.order(ofEpoch: epoch), batchSize: batchSize)
    current = (epoch, batches)
    return batches
  }
}
