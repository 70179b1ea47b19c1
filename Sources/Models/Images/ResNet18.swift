import NeuralNetworks
import Tensors

/// The residual network with 18 weighted layers: [batch, channels, height, width] → [batch, classes].
///
/// Four groups of two residual blocks of 64, 128, 256 and 512 channels; 11.7 million parameters for 1000 classes. Images
/// of less than 64 pixels begin with a 3×3 convolution of stride 1 and without max-pooling, as they would be too small
/// for the last groups.
///
/// Source: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1, with 1×1
/// convolutions where the shape changes.
public struct ResNet18: Layer {
  /// The first convolution: 7×7 of stride 2, or 3×3 for small images.
  public let stem: NormalizedConv2D
  /// Max-pooling after it; `nil` for small images.
  public let pool: MaxPool2D?
  /// The residual blocks of all four groups.
  public let blocks: [ResidualBlock]
  /// The mean over the image.
  public let average = GlobalAveragePool2D()
  /// The last layer: 512 → classes.
  public let classifier: Dense

  /// A network for images of `inputShape`, [channels, height, width].
  public init(inputShape: Shape, classes: Int) {
    let isSmall = inputShape.rank != 3 || min(inputShape[1], inputShape[2]) < 64
    let channels = inputShape.rank == 3 ? inputShape[0] : 0
    stem =
      isSmall
      ? NormalizedConv2D(channels, 64, kernelSize: 3, padding: .explicit(1))
      : NormalizedConv2D(channels, 64, kernelSize: 7, stride: 2, padding: .explicit(3))
    pool = isSmall ? nil : MaxPool2D(3, stride: 2, padding: .explicit(1))
    var blocks: [ResidualBlock] = []
    var inputs = 64
    for width in [64, 128, 256, 512] {
      blocks.append(ResidualBlock(inputs, width, stride: width > 64 ? 2 : 1))
      blocks.append(ResidualBlock(width, width))
      inputs = width
    }
    self.blocks = blocks
    classifier = Dense(512, classes)
  }

  /// The logits: [batch, channels, height, width] → [batch, classes].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let first = stem(x).relu()
    return classifier(average(blocks.reduce(pool?(first) ?? first) { $1($0) }))
  }
}
