import Tensors

/// The greatest value of each window: [batch, channels, height, width] → [batch, channels, height', width'].
public struct MaxPool2D: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let window: PoolingWindow

  /// A window of `kernelSize` that moves by `stride`, or by its own size where that is `nil`.
  public init(_ kernelSize: Pair, stride: Pair? = nil, padding: Padding = .valid) {
    window = PoolingWindow(kernelSize: kernelSize, stride: stride ?? kernelSize, padding: padding)
    failure = window.failure(of: "MaxPool2D")
  }

  public var summary: String { "MaxPool2D \(window.kernelSize)" }

  public func apply(_ x: Tensor) -> Tensor {
    let (begin, end) = window.amounts(for: x.shape)
    return x.maxPooled(kernel: window.kernelSize, stride: window.stride, paddingBegin: begin, paddingEnd: end)
  }

  public func operations(input: Shape, output: Shape) -> Int { window.operations(output: output) }
}
