import Tensors

/// Channels become pixels: [batch, channels · factor², height, width] → [batch, channels, height · factor, width · factor].
///
/// Source: Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
/// Network", CVPR 2016.
public struct PixelShuffle: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let factor: Int

  /// Images that are larger by `factor` on both sides.
  public init(_ factor: Int) {
    self.factor = min(max(factor, 1), 4096)
    failure = shuffleFailure("PixelShuffle", factor)
  }

  public var summary: String { "PixelShuffle \(factor)" }

  public func apply(_ x: Tensor) -> Tensor {
    if x.failure != nil { return x }
    guard x.shape.rank == 4, x.shape[1] % (factor * factor) == 0 else {
      return .failed(
        TensorError(
          "PixelShuffle: the input must be [batch, channels · \(factor * factor), height, width], not \(x.shape)"))
    }
    let (channels, height, width) = (x.shape[1] / (factor * factor), x.shape[2], x.shape[3])
    return x.reshaped(to: [x.shape[0], channels, factor, factor, height, width])
      .permuted([0, 1, 4, 2, 5, 3])
      .reshaped(to: [x.shape[0], channels, height * factor, width * factor])
  }
}

/// Pixels become channels, the inverse of `PixelShuffle`: [batch, channels, height · factor, width · factor] →
/// [batch, channels · factor², height, width].
public struct PixelUnshuffle: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let factor: Int

  /// Images that are smaller by `factor` on both sides.
  public init(_ factor: Int) {
    self.factor = min(max(factor, 1), 4096)
    failure = shuffleFailure("PixelUnshuffle", factor)
  }

  public var summary: String { "PixelUnshuffle \(factor)" }

  public func apply(_ x: Tensor) -> Tensor {
    if x.failure != nil { return x }
    guard x.shape.rank == 4, x.shape[2] % factor == 0, x.shape[3] % factor == 0 else {
      return .failed(
        TensorError(
          "PixelUnshuffle: the sides of images [batch, channels, height, width] must be multiples of \(factor), not \(x.shape)"
        ))
    }
    let (channels, height, width) = (x.shape[1], x.shape[2] / factor, x.shape[3] / factor)
    return x.reshaped(to: [x.shape[0], channels, height, factor, width, factor])
      .permuted([0, 1, 3, 5, 2, 4])
      .reshaped(to: [x.shape[0], channels.times(factor * factor), height, width])
  }
}

private func shuffleFailure(_ name: String, _ factor: Int) -> TensorError? {
  1...4096 ~= factor ? nil : TensorError("\(name): the factor must be 1 to 4096, not \(factor)")
}
