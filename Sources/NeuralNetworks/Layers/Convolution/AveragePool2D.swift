import Tensors

/// The mean of each window, padding included as zeros: [batch, channels, height, width] → [batch, channels, height', width'].
public struct AveragePool2D: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let window: PoolingWindow

  /// A window of `kernelSize` that moves by `stride`, or by its own size where that is `nil`.
  public init(_ kernelSize: Pair, stride: Pair? = nil, padding: Padding = .valid) {
    window = PoolingWindow(kernelSize: kernelSize, stride: stride ?? kernelSize, padding: padding)
    failure = window.failure(of: "AveragePool2D")
  }

  public var summary: String { "AveragePool2D \(window.kernelSize)" }

  public func apply(_ x: Tensor) -> Tensor {
    let (begin, end) = window.amounts(for: x.shape)
    return x.averagePooled(kernel: window.kernelSize, stride: window.stride, paddingBegin: begin, paddingEnd: end)
  }

  public func operations(input: Shape, output: Shape) -> Int { window.operations(output: output) }
}
