import Tensors

/// The sum of a power of each window's elements, and its root: (Σ xᵖ)^(1/p), along one to three spatial axes: [batch, channels,
/// …] → the same axes, smaller. See `Tensor.lpPooled`.
public struct LpPool: NamedLayer {
  public let path = LayerPath()
  private let power: Double
  private let kernelSize: SpatialSize
  private let stride: SpatialSize
  private let roundsUp: Bool

  /// A window of `kernelSize` that moves by `stride`, or by its own size where that is `nil`. `roundsUp`: whether a last
  /// window that reaches over the end counts, PyTorch's `ceil_mode`.
  public init(power: Double, _ kernelSize: SpatialSize, stride: SpatialSize? = nil, roundsUp: Bool = false) {
    (self.power, self.kernelSize, self.stride, self.roundsUp) = (power, kernelSize, stride ?? kernelSize, roundsUp)
  }

  public var summary: String { "LpPool \(kernelSize), power \(power)" }

  public func apply(_ x: Tensor) -> Tensor {
    x.lpPooled(power: power, kernel: kernelSize, stride: stride, roundsUp: roundsUp)
  }

  public func operations(input: Shape, output: Shape) -> Int {
    (kernelSize.along(max(input.rank - 2, 1)) ?? []).reduce(output.elementCount) { $0.times($1) }
  }
}
