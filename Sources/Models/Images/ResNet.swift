import NeuralNetworks
import Tensors

/// The residual network for small images with 6n + 2 weighted layers: [batch, channels, height, width] → [batch, classes].
///
/// A 3×3 convolution, three groups of n residual blocks of 16, 32 and 64 channels, the mean over the image and a dense
/// layer. Where the shape changes, shortcuts are 1×1 convolutions with normalization.
///
/// Source: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2.
public struct ResNet: Layer {
  /// The first convolution, 3×3 of 16 channels.
  public let stem: NormalizedConv2D
  /// The residual blocks of all three groups.
  public let blocks: [ResidualBlock]
  /// The mean over the image.
  public let pool = GlobalAveragePool2D()
  /// The last layer: 64 → classes.
  public let classifier: Dense
  private let failure: TensorError?

  /// `blocksPerGroup` is the paper's n, 1 to 1024; 3 gives ResNet-20.
  public init(inputChannels: Int, classes: Int, blocksPerGroup: Int = 3) {
    stem = NormalizedConv2D(inputChannels, 16, kernelSize: 3, padding: .explicit(1))
    let isPossible = 1...1024 ~= blocksPerGroup
    failure =
      isPossible ? nil : TensorError("ResNet: there must be 1 to 1024 blocks in a group, not \(blocksPerGroup)")
    var blocks: [ResidualBlock] = []
    var channels = 16
    for width in [16, 32, 64] {
      for index in 0..<(isPossible ? blocksPerGroup : 1) {
        blocks.append(ResidualBlock(channels, width, stride: index == 0 && width > 16 ? 2 : 1))
        channels = width
      }
    }
    self.blocks = blocks
    classifier = Dense(channels, classes)
  }

  /// The logits: [batch, channels, height, width] → [batch, classes].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    failure.map(Tensor.failed) ?? classifier(pool(blocks.reduce(stem(x).relu()) { $1($0) }))
  }
}
