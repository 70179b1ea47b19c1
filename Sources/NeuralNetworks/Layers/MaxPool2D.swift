import Tensors

/// The greatest value of each window: [batch, channels, height, width] → [batch, channels, height', width'].
public struct MaxPool2D: NamedLayer {
  public let place = Place()
  public let failure: TensorError?
  private let kernelSize: Pair
  private let stride: Pair
  private let padding: Padding

  /// A window of `kernelSize` that moves by `stride`, or by its own size where that is `nil`.
  public init(_ kernelSize: Pair, stride: Pair? = nil, padding: Padding = .valid) {
    self.kernelSize = kernelSize
    self.stride = stride ?? kernelSize
    self.padding = padding
    failure =
      kernelSize.isBetween(1) && self.stride.isBetween(1) && padding.isPossible
      ? nil
      : TensorError(
        "MaxPool2D: kernelSize \(kernelSize) and stride \(self.stride) must be at least 1, padding at least 0")
  }

  public var kind: String { "MaxPool2D \(kernelSize)" }

  public func apply(_ x: Tensor) -> Tensor {
    let (begin, end) = padding.amounts(for: x.shape, kernel: kernelSize, stride: stride)
    return x.maxPooled(kernel: kernelSize, stride: stride, paddingBegin: begin, paddingEnd: end)
  }

  public func operations(input: Shape, output: Shape) -> Int {
    output.elementCount * kernelSize.height * kernelSize.width
  }
}
