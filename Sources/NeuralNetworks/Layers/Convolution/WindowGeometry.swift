import Tensors

/// A window of a layer along so many spatial axes, and how it moves.
struct WindowGeometry: Sendable {
  let axes: Int
  let kernelSize: SpatialSize
  let stride: SpatialSize
  let padding: Padding
  var dilation: SpatialSize = 1

  /// What is wrong with a layer with this window.
  func failure(of layer: String) -> TensorError? {
    let arePossible = [kernelSize, stride, dilation].allSatisfy { $0.isPossible(along: axes, least: 1) }
    return arePossible && padding.isPossible(along: axes)
      ? nil
      : TensorError(
        "\(layer): kernelSize \(kernelSize), stride \(stride) and dilation \(dilation) must be at least 1, padding at least 0"
          + (axes == 1 ? "" : ", with one number for all of \(axes) axes or one for each"))
  }

  /// What to add before and after spatial axes of these sizes.
  func amounts(for sizes: [Int]) -> (begin: SpatialSize, end: SpatialSize) {
    guard sizes.count == axes, let kernel = kernelSize.along(axes), let stride = stride.along(axes),
      let dilation = dilation.along(axes)
    else { return (0, 0) }
    let reach = kernel.indices.map { dilation[$0] * (kernel[$0] - 1) + 1 }
    return padding.amounts(for: sizes, reach: reach, stride: stride)
  }

  /// How many elements a window has.
  var area: Int { (kernelSize.along(axes) ?? []).reduce(1) { $0.times($1) } }
}

extension Tensor {
  /// What is wrong with the input of a layer for so many spatial axes.
  func failure(of layer: String, axes: Int) -> TensorError? {
    if let failure { return failure }
    let names = ["depth", "height", axes == 1 ? "length" : "width"].suffix(axes).joined(separator: ", ")
    return shape.rank == axes + 2
      ? nil : TensorError("\(layer): the input must be [batch, channels, \(names)], not \(shape)")
  }

  /// The same with padding before and after the spatial axes.
  func padded(spatially begin: SpatialSize, _ end: SpatialSize, mode: PaddingMode) -> Tensor {
    let axes = shape.rank - 2
    guard failure == nil, let begin = begin.along(axes), let end = end.along(axes) else { return self }
    return padded(before: [0, 0] + begin, after: [0, 0] + end, mode: mode)
  }
}
