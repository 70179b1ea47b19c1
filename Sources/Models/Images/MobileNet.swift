import NeuralNetworks
import Tensors

/// A network of depthwise and 1×1 convolutions, for small devices: [batch, channels, height, width] → [batch, classes].
///
/// Seventeen inverted residual blocks, 2.2 million parameters without the last layer at a width of 1. Images of less than
/// 64 pixels are halved three times, not five, as they would be too small for the last blocks.
///
/// Source: Sandler, Howard, Zhu, Zhmoginov & Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018,
/// table 2.
public struct MobileNet: Layer {
  /// The first convolution, 3×3.
  public let stem: NormalizedConv2D
  /// The inverted residual blocks.
  public let blocks: [InvertedResidualBlock]
  /// The last convolution, 1×1 of 1280 channels or, for widths above 1, as many times more.
  public let head: NormalizedConv2D
  /// The mean over the image.
  public let average = GlobalAveragePool2D()
  /// Dropout of a fifth before the last layer.
  public let dropout = Dropout(0.2)
  /// The last layer.
  public let classifier: Dense
  private let failure: TensorError?

  /// Expansion, channels, blocks and stride of each group: the paper's t, c, n and s.
  private static let groups = [
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
  ]

  /// A network for images of `inputShape`, [channels, height, width], with `width` times the channels of the paper,
  /// 0.1 to 10.
  public init(inputShape: Shape, classes: Int, width: Double = 1) {
    let isPossible = (0.1...10).contains(width)
    failure = isPossible ? nil : TensorError("MobileNet: the width must be 0.1 to 10, not \(width)")
    let width = isPossible ? width : 1
    let isSmall = inputShape.rank != 3 || min(inputShape[1], inputShape[2]) < 64
    // Multiples of eight, at least nine tenths of what was asked for, as in the authors' program.
    func channels(_ base: Int) -> Int {
      let wanted = Double(base) * width
      let rounded = max(8, (Int(wanted) + 4) / 8 * 8)
      return Double(rounded) < 0.9 * wanted ? rounded + 8 : rounded
    }
    var inputs = channels(32)
    stem = NormalizedConv2D(
      inputShape.rank == 3 ? inputShape[0] : 0, inputs, kernelSize: 3, stride: isSmall ? 1 : 2, padding: .explicit(1))
    var blocks: [InvertedResidualBlock] = []
    for (index, (expansion, base, count, stride)) in Self.groups.enumerated() {
      let outputs = channels(base)
      for block in 0..<count {
        blocks.append(
          InvertedResidualBlock(
            inputs, outputs, expansion: expansion, stride: block > 0 || isSmall && index == 1 ? 1 : stride))
        inputs = outputs
      }
    }
    self.blocks = blocks
    let last = width > 1 ? channels(1280) : 1280
    head = NormalizedConv2D(inputs, last, kernelSize: 1)
    classifier = Dense(last, classes)
  }

  /// The logits: [batch, channels, height, width] → [batch, classes].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let failure { return .failed(failure) }
    let features = blocks.reduce(stem(x).clamped(min: 0, max: 6)) { $1($0) }
    return classifier(dropout(average(head(features).clamped(min: 0, max: 6))))
  }
}
