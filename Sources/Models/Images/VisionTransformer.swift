import NeuralNetworks
import Tensors

/// Self-attention between the patches of an image: [batch, channels, height, width] → [batch, classes].
///
/// Each patch becomes a vector, to which a learned one for its position is added; encoder blocks follow; the mean over
/// all patches is classified.
///
/// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, with the mean in place of a class token
/// (Beyer, Zhai & Kolesnikov, "Better plain ViT baselines for ImageNet-1k", 2022).
public struct VisionTransformer: Layer {
  /// How many heads each block has; they divide the width.
  public static let heads = 4

  /// The product that makes a vector of each patch: a convolution whose stride is its kernel's size.
  public let patches: Conv2D
  /// What is added to the vector of each patch: [patches, width].
  public let positions: Parameter
  /// The encoder blocks.
  public let blocks: [TransformerBlock]
  /// The normalization after the last block.
  public let norm: LayerNorm
  /// The last layer: width → classes.
  public let classifier: Dense
  private let inputShape: Shape
  private let failure: TensorError?

  /// The side of a patch is about an eighth of the image's, at least 2.
  public init(inputShape: Shape, classes: Int, width: Int, layers: Int = 2) {
    self.inputShape = inputShape
    if !(0...1024).contains(layers) {
      failure = TensorError("VisionTransformer: layers must be 0 to 1024, not \(layers)")
    } else if inputShape.rank != 3 || !inputShape.allSatisfy((1...1 << 16).contains) || !(1...1 << 20).contains(width) {
      failure = TensorError(
        "VisionTransformer: images must be [channels, height, width] of 1 to 65536 each, and the width 1 to 2²⁰, not "
          + "\(inputShape) and \(width)")
    } else {
      failure = nil
    }
    let isPossible = failure == nil
    let (channels, height, across) =
      isPossible ? (inputShape[0], inputShape[1], inputShape[2]) : (1, 1, 1)
    let width = isPossible ? width : 1
    let side = max((min(height, across) + 4) / 8, 2)
    let count = ((height + side - 1) / side) * ((across + side - 1) / side)
    patches = Conv2D(channels, width, kernelSize: SpatialSize(side), stride: SpatialSize(side), padding: .same)
    positions = Parameter(.normal(deviation: 0.02), shape: [count, width], fanIn: 1, fanOut: 1, name: "positions")
    blocks = (0..<(isPossible ? layers : 0)).map { _ in TransformerBlock(width, heads: Self.heads, hidden: 2 * width) }
    norm = LayerNorm(width)
    classifier = Dense(width, classes)
  }

  /// The logits: [batch, channels, height, width] → [batch, classes].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let failure = failure ?? imagesFailure(x, inputShape) { return .failed(failure) }
    let grid = patches(x)  // [batch, width, rows, columns]
    if grid.failure != nil { return grid }
    let sequence = grid.permuted([0, 2, 3, 1]).reshaped(to: [grid.shape[0], -1, grid.shape[1]])
    let mixed = blocks.reduce(sequence + positions.tensor) { $1($0) }
    return classifier(norm(mixed).mean(axes: [1]))
  }
}
