import NeuralNetworks
import Tensors

/// Self-attention between the patches of an image: [batch, channels, height, width] → [batch, classes].
///
/// Each patch becomes a vector, to which a learned one for its place is added; encoder blocks follow; the mean over all
/// patches is classified.
///
/// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, with the mean in place of a class token (Beyer,
/// Zhai & Kolesnikov, "Better plain ViT baselines for ImageNet-1k", 2022).
public struct VisionTransformer: Layer {
  /// How many heads each block has; they divide the width.
  public static let heads = 4

  public let patches: Conv2D
  public let positions: Parameter
  public let blocks: [TransformerBlock]
  public let norm: LayerNorm
  public let classifier: Dense
  private let side: Int

  /// The side of a patch is about an eighth of the image's, at least 2.
  public init(inputShape: Shape, classes: Int, width: Int, layers: Int = 2) {
    let (height, across) = (inputShape[1], inputShape[2])
    side = max((min(height, across) + 4) / 8, 2)
    let count = ((height + side - 1) / side) * ((across + side - 1) / side)
    patches = Conv2D(inputShape[0], width, kernelSize: Pair(side), stride: Pair(side), padding: .same)
    positions = Parameter(.normal(deviation: 0.02), shape: [count, width], fanIn: 1, fanOut: 1, name: "positions")
    blocks = (0..<layers).map { _ in TransformerBlock(width, heads: Self.heads, hidden: 2 * width) }
    norm = LayerNorm(width)
    classifier = Dense(width, classes)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let grid = patches(x)  // [batch, width, rows, columns]
    if grid.failure != nil { return grid }
    let sequence = grid.permuted([0, 2, 3, 1]).reshaped(to: [grid.shape[0], -1, grid.shape[1]])
    let mixed = blocks.reduce(sequence + positions.tensor) { $1($0) }
    return classifier(norm(mixed).mean(axes: [1]))
  }
}
