import Tensors

/// A change of images, random or not, as a value that composes: what ``Augmentation`` does not have, in any order.
///
/// ```swift
/// let transform = ImageTransform.sequence([
///   .padding(4, by: .reflect), .perspective(distortion: 0.3).randomly(0.5),
///   .oneOf([.grayscale, .inverted, .sharpness(2)]), .gaussianBlur(size: 3),
/// ])
/// let loader = try Loader(data, by: sampler, batchSize: 64) { examples, step in
///   try transform(images(of: examples), seed: 7, step: step)
/// }
/// ```
///
/// Images are [batch, channels, height, width], of any number of channels and from 0 to 1. Each is changed with random numbers
/// of its own, which depend on the seed, the step and its place in the batch alone. The results are those of torchvision's
/// functions of the same name, on floats.
public struct ImageTransform: Sendable {
  typealias Change = @Sendable (inout PixelPlanes, inout SeededGenerator) throws(DataError) -> Void

  private let change: Change

  init(_ change: @escaping Change) { self.change = change }

  func apply(_ image: inout PixelPlanes, using generator: inout SeededGenerator) throws(DataError) {
    try change(&image, &generator)
  }

  /// The changed images: [batch, channels, height, width], all of one size, or [channels, height, width] of one image.
  ///
  /// Throws a `DataError` where images have another shape, results differ in size, or a setting is invalid or does not fit the
  /// images; and what computing them throws.
  public func callAsFunction(_ images: Tensor, seed: UInt64, step: Int = 0) throws -> Tensor {
    if let failure = images.failure { throw failure }
    let shape = images.shape
    guard 3...4 ~= shape.rank, images.dtype == .float32 else {
      throw DataError("a transform is of images float32 [batch, channels, height, width], not \(images.dtype) \(shape)")
    }
    let (channels, height, width) = (shape[-3], shape[-2], shape[-1])
    let values = try images.values()
    let size = channels * height * width
    let count = shape.rank == 4 ? shape[0] : 1
    var generator = SeededGenerator(seed: seed ^ 0x7472_616E_7366_6F72, stream: UInt64(bitPattern: Int64(step)))
    var results: [Float] = []
    var sizes: [Int]?
    for index in 0..<count {
      var image = PixelPlanes(
        channels: channels, height: height, width: width, values: Array(values[index * size..<(index + 1) * size]))
      var own = SeededGenerator(seed: generator.next())
      try change(&image, &own)
      let found = [image.channels, image.height, image.width]
      guard sizes == nil || sizes == found else {
        throw DataError("the transform made images \(sizes ?? []) and \(found) of one batch; their sizes must be equal")
      }
      sizes = found
      results += image.values
    }
    let each = sizes ?? [channels, height, width]
    return Tensor(results, shape: shape.rank == 4 ? [count] + each : each)
  }
}

extension ImageTransform {
  /// One after the other.
  public static func sequence(_ transforms: [ImageTransform]) -> ImageTransform {
    ImageTransform { image, generator throws(DataError) in
      for transform in transforms { try transform.apply(&image, using: &generator) }
    }
  }

  /// This transform with a probability, 0 to 1; otherwise the image stays as it is.
  public func randomly(_ probability: Double) -> ImageTransform {
    ImageTransform { image, generator throws(DataError) in
      try check(0...1 ~= probability, "a probability should be from 0 to 1, not \(probability)")
      if generator.chance(probability) { try apply(&image, using: &generator) }
    }
  }

  /// One of these, chosen at random for each image in proportion to the weights, 1 each where they are `nil`.
  public static func oneOf(_ transforms: [ImageTransform], weights: [Double]? = nil) -> ImageTransform {
    ImageTransform { image, generator throws(DataError) in
      let weights = weights ?? transforms.map { _ in 1 }
      let total = weights.reduce(0, +)
      try check(
        weights.count == transforms.count && weights.allSatisfy { $0 >= 0 } && total > 0 && total.isFinite,
        "\(transforms.count) transforms to choose from need as many weights of at least 0, one of them above 0, not \(weights)"
      )
      var rest = generator.unit() * total
      let chosen = weights.firstIndex { weight in
        rest -= weight
        return rest < 0
      }
      // The sum is rounded, so that none may be left; the last one with a weight then is.
      let index = chosen ?? weights.lastIndex { $0 > 0 } ?? 0
      try transforms[index].apply(&image, using: &generator)
    }
  }

  /// All of these, in an order that is drawn for each image.
  public static func inRandomOrder(_ transforms: [ImageTransform]) -> ImageTransform {
    ImageTransform { image, generator throws(DataError) in
      for index in generator.permutation(of: transforms.count) {
        try transforms[Int(index)].apply(&image, using: &generator)
      }
    }
  }

  /// Each value by itself; the results are not limited to 0 to 1.
  public static func eachValue(_ function: @escaping @Sendable (Float) -> Float) -> ImageTransform {
    ImageTransform { image, _ in
      for index in image.values.indices { image.values[index] = function(image.values[index]) }
    }
  }
}

/// Throws what is wrong with a setting of a transform.
func check(_ isRight: Bool, _ message: @autoclosure () -> String) throws(DataError) {
  if !isRight { throw DataError("image transform: \(message())") }
}
