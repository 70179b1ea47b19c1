import NeuralNetworks
import Tensors

/// A residual network that learns small images in minutes: [batch, channels, height, width] → [batch, classes].
///
/// Four 3×3 convolutions of w, 2w, 4w and 8w channels, each with batch normalization and ReLU; the last three are followed
/// by max-pooling that halves the image, and the second and the fourth by a residual block. Then the mean over the image
/// and a dense layer. With w = 32, the default, it has 1.6 million parameters.
///
/// Source: Page, "How to Train Your ResNet", 2018, https://myrtle.ai/learn/how-to-train-your-resnet, part 4: there w is
/// 64, the residual block ends with a ReLU before it is added, and the last pooling takes the maximum.
public struct ResNet9: Layer {
  /// The first convolution.
  public let stem: NormalizedConv2D
  /// The convolutions before each halving.
  public let convolutions: [NormalizedConv2D]
  /// The residual blocks, after the first and the last halving.
  public let residuals: [ResidualBlock]
  private let pool = MaxPool2D(2)
  /// The mean over the image.
  public let average = GlobalAveragePool2D()
  /// The last layer: 8w → classes.
  public let classifier: Dense
  private let failure: TensorError?

  /// A network for images of at least 8×8 pixels; `width` is w, 1 to 1024.
  public init(inputChannels: Int, classes: Int, width: Int = 32) {
    let isPossible = 1...1024 ~= width
    failure = isPossible ? nil : TensorError("ResNet9: the width must be 1 to 1024, not \(width)")
    let width = isPossible ? width : 1
    func convolution(_ inputs: Int, _ outputs: Int) -> NormalizedConv2D {
      NormalizedConv2D(inputs, outputs, kernelSize: 3, padding: .explicit(1))
    }
    stem = convolution(inputChannels, width)
    convolutions = [1, 2, 4].map { convolution($0 * width, 2 * $0 * width) }
    residuals = [2, 8].map { ResidualBlock($0 * width, $0 * width) }
    classifier = Dense(8 * width, classes)
  }

  /// The logits: [batch, channels, height, width] → [batch, classes].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let failure { return .failed(failure) }
    let first = residuals[0](pool(convolutions[0](stem(x).relu()).relu()))
    let second = pool(convolutions[1](first).relu())
    return classifier(average(residuals[1](pool(convolutions[2](second).relu()))))
  }
}
