import Tensors

/// Images of a training step that were varied, with their labels; of mixed images also the other label and its share.
public struct AugmentedBatch: Sendable {
  /// `[batch, channels, height, width]`, from 0 to 1, or standardized.
  public let images: Tensor
  /// `[batch]`, int32.
  public let labels: Tensor
  /// Where images are mixed: the labels of the images mixed in, `[batch]`, int32.
  public let otherLabels: Tensor?
  /// The shares of the labels, 0 to 1, `[batch]`: the rest is that of the other labels.
  public let shares: Tensor?
}

/// Makes the batches of a training of varied images.
struct ImageAugmenter: Sendable {
  let augmentation: Augmentation
  let imageShape: Shape
  let greatestPixel: UInt8
  let standardization: Standardization?
  let seed: UInt64

  /// The batch of a step. Its variation depends on the seed and the step alone.
  func batch(_ examples: [LabeledImage], step: Int) throws -> AugmentedBatch {
    var generator = SeededGenerator(seed: seed ^ 0x6175_676D_656E_7421, stream: UInt64(bitPattern: Int64(step)))
    let count = examples.count
    var batch = try TensorBuilder(shape: Shape([count] + imageShape.dimensions))
    var image = PixelPlanes(channels: imageShape[0], height: imageShape[1], width: imageShape[2], values: [])
    // Only what is mixed is kept, so that all other images share the memory of one.
    var originals: [PixelPlanes] = []
    for example in examples {
      try read(example, into: &image)
      augmentation.vary(&image, using: &generator)
      if augmentation.mixes { originals.append(image) } else { try batch.append(standardized(&image)) }
    }
    let mixture = mix(&originals, using: &generator)
    for index in originals.indices { try batch.append(standardized(&originals[index])) }
    let labels = examples.map(\.label)
    return AugmentedBatch(
      images: try batch.tensor(), labels: Tensor(labels, shape: [count]),
      otherLabels: mixture.map { mixture in Tensor(mixture.partners.map { labels[$0] }, shape: [count]) },
      shares: mixture.map { Tensor($0.shares, shape: [count]) })
  }

  private func read(_ example: LabeledImage, into image: inout PixelPlanes) throws(DataError) {
    guard example.pixels.count == imageShape.elementCount else {
      throw DataError(
        "an image should have \(imageShape.elementCount) values, those of \(imageShape), not \(example.pixels.count)")
    }
    let scale = 1 / Float(max(greatestPixel, 1))
    image.values.removeAll(keepingCapacity: true)
    image.values += example.pixels.lazy.map { Float($0) * scale }
  }

  private func standardized(_ image: inout PixelPlanes) -> [Float] {
    guard let standardization else { return image.values }
    for channel in 0..<image.channels {
      image.standardize(
        channel, mean: standardization.mean[channel], scale: 1 / standardization.standardDeviation[channel])
    }
    return image.values
  }

  /// Mixes each image with another one of the batch. `nil` where none are to be mixed.
  private func mix(
    _ images: inout [PixelPlanes], using generator: inout SeededGenerator
  ) -> (partners: [Int], shares: [Float])? {
    guard augmentation.mixes else { return nil }
    let cuts = augmentation.mixup <= 0 || (augmentation.cutmix > 0 && generator.chance(0.5))
    let partners = generator.permutation(of: images.count).map(Int.init)
    let originals = images
    let shares = images.indices.map { index in
      let share = generator.beta(cuts ? augmentation.cutmix : augmentation.mixup)
      let other = originals[partners[index]]
      return cuts
        ? paste(other, into: &images[index], keeping: share, using: &generator)
        : blend(other, into: &images[index], keeping: Float(share))
    }
    return (partners, shares)
  }

  private func blend(_ other: PixelPlanes, into image: inout PixelPlanes, keeping share: Float) -> Float {
    for index in image.values.indices {
      image.values[index] = share * image.values[index] + (1 - share) * other.values[index]
    }
    return share
  }

  /// Replaces a rectangle of about 1 − `share` of the area; returns the share that is left.
  private func paste(
    _ other: PixelPlanes, into image: inout PixelPlanes, keeping share: Double, using generator: inout SeededGenerator
  ) -> Float {
    let side = (1 - min(max(share, 0), 1)).squareRoot()
    let (height, width) = (Double(image.height) * side, Double(image.width) * side)
    // The center may be anywhere, so part of the rectangle may lie outside.
    let (row, column) = (generator.unit() * Double(image.height), generator.unit() * Double(image.width))
    let rows = max(Int(row - height / 2), 0)..<min(Int(row + height / 2), image.height)
    let columns = max(Int(column - width / 2), 0)..<min(Int(column + width / 2), image.width)
    for channel in 0..<image.channels {
      for row in rows {
        let start = channel * image.planeSize + row * image.width
        for column in columns { image.values[start + column] = other.values[start + column] }
      }
    }
    return 1 - Float(rows.count * columns.count) / Float(max(image.planeSize, 1))
  }
}
