import Tensors

/// The window of a pooling layer, and how it moves.
struct PoolingWindow: Sendable {
  let kernelSize: Pair
  let stride: Pair
  let padding: Padding

  /// What is wrong with a pooling layer with this window.
  func failure(of layer: String) -> TensorError? {
    kernelSize.isBetween(1) && stride.isBetween(1) && padding.isPossible
      ? nil
      : TensorError("\(layer): kernelSize \(kernelSize) and stride \(stride) must be at least 1, padding at least 0")
  }

  /// Rows and columns before and after an image of this size.
  func amounts(for image: Shape) -> (begin: Pair, end: Pair) {
    padding.amounts(for: image, kernel: kernelSize, stride: stride)
  }

  /// An operation for each element that a window of the output sees.
  func operations(output: Shape) -> Int {
    output.elementCount.times(kernelSize.height).times(kernelSize.width)
  }
}
