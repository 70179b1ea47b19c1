import NeuralNetworks
import Tensors

/// A residual network with few and wide layers: [batch, channels, height, width] → [batch, classes].
///
/// A 3×3 convolution, three groups of n blocks of 16·k, 32·k and 64·k channels that normalize before they convolve, a
/// normalization, the mean over the image and a dense layer. With n = 2 and k = 4, WRN-16-4, it has 2.7 million parameters
/// and is as good as ResNets of hundreds of layers.
///
/// Source: Zagoruyko & Komodakis, "Wide Residual Networks", BMVC 2016; blocks of He et al., "Identity Mappings in Deep
/// Residual Networks", ECCV 2016.
public struct WideResNet: Layer {
  /// The first convolution, 3×3 of 16 channels.
  public let stem: Conv2D
  /// The blocks of all three groups.
  public let blocks: [PreactivationBlock]
  /// The normalization after the blocks.
  public let normalization: BatchNorm
  /// The mean over the image.
  public let average = GlobalAveragePool2D()
  /// The last layer: 64·k → classes.
  public let classifier: Dense
  private let failure: TensorError?

  /// `blocksPerGroup` is n, 1 to 1024, `width` k, 1 to 64, and `dropout` the rate between the convolutions of a block.
  public init(inputChannels: Int, classes: Int, blocksPerGroup: Int = 2, width: Int = 4, dropout: Float = 0) {
    let isPossible = 1...1024 ~= blocksPerGroup && 1...64 ~= width
    failure =
      isPossible
      ? nil
      : TensorError(
        "WideResNet: there must be 1 to 1024 blocks in a group and a width of 1 to 64, not \(blocksPerGroup) and \(width)"
      )
    stem = Conv2D(
      inputChannels, 16, kernelSize: 3, padding: .explicit(1), bias: false, initializer: .heNormal)
    var blocks: [PreactivationBlock] = []
    var channels = 16
    for (group, base) in [16, 32, 64].enumerated() {
      let outputs = isPossible ? base * width : base
      for index in 0..<(isPossible ? blocksPerGroup : 1) {
        blocks.append(
          PreactivationBlock(channels, outputs, stride: index == 0 && group > 0 ? 2 : 1, dropout: dropout))
        channels = outputs
      }
    }
    self.blocks = blocks
    normalization = BatchNorm(channels)
    classifier = Dense(channels, classes)
  }

  /// The logits: [batch, channels, height, width] → [batch, classes].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    failure.map(Tensor.failed)
      ?? classifier(average(normalization(blocks.reduce(stem(x)) { $1($0) }).relu()))
  }
}

/// A residual block that normalizes before it convolves: [batch, inputs, h, w] → [batch, outputs, h / stride,
/// w / stride].
///
/// Twice batch normalization, ReLU and a 3×3 convolution, with dropout in between, added to the input; where the shape
/// changes, to a 1×1 convolution of the normalized input.
///
/// Source: He, Zhang, Ren & Sun, "Identity Mappings in Deep Residual Networks", ECCV 2016, figure 4 (e).
public struct PreactivationBlock: Layer {
  /// The normalization of the input.
  public let firstNormalization: BatchNorm
  /// The first convolution, which has the block's stride.
  public let first: Conv2D
  /// The normalization of its result.
  public let secondNormalization: BatchNorm
  /// Dropout between the convolutions.
  public let dropout: Dropout
  /// The second convolution, of stride 1.
  public let second: Conv2D
  /// The 1×1 convolution of the residual connection; `nil` where the shape stays the same.
  public let shortcut: Conv2D?

  /// A block of `inputs` to `outputs` channels, whose images get smaller by `stride` on both sides.
  public init(_ inputs: Int, _ outputs: Int, stride: Int = 1, dropout: Float = 0) {
    func convolution(_ inputs: Int, kernelSize: Int, stride: Int) -> Conv2D {
      Conv2D(
        inputs, outputs, kernelSize: SpatialSize(kernelSize), stride: SpatialSize(stride),
        padding: .explicit(SpatialSize(kernelSize / 2)),
        bias: false, initializer: .heNormal)
    }
    firstNormalization = BatchNorm(inputs)
    first = convolution(inputs, kernelSize: 3, stride: stride)
    secondNormalization = BatchNorm(outputs)
    self.dropout = Dropout(dropout)
    second = convolution(outputs, kernelSize: 3, stride: 1)
    shortcut = stride == 1 && inputs == outputs ? nil : convolution(inputs, kernelSize: 1, stride: stride)
  }

  /// [batch, inputs, h, w] → [batch, outputs, h / stride, w / stride].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let normalized = firstNormalization(x).relu()
    let transformed = second(dropout(secondNormalization(first(normalized)).relu()))
    return transformed + (shortcut?(normalized) ?? x)
  }
}
