import Tensors

/// What the layers that pool windows have in common, along one to three spatial axes: [batch, channels, …] → the same axes,
/// smaller.
public protocol PoolingLayer: NamedLayer {
  /// The window and what becomes of it.
  var geometry: PoolingGeometry { get }
}

extension PoolingLayer {
  public var failure: TensorError? { geometry.failure }
  public var summary: String { "\(geometry.name) \(geometry.window.kernelSize)" }

  public func apply(_ x: Tensor) -> Tensor {
    (failure ?? x.failure(of: geometry.name, axes: geometry.window.axes)).map(Tensor.failed) ?? geometry.pooled(x)
  }

  /// An operation for each element that a window of the output sees.
  public func operations(input: Shape, output: Shape) -> Int { output.elementCount.times(geometry.window.area) }
}

/// The window of a pooling layer, and what becomes of its elements.
public struct PoolingGeometry: Sendable {
  enum Kind {
    case maximum
    case average(countsPadding: Bool)
  }

  let name: String
  let kind: Kind
  let window: WindowGeometry
  let roundsUp: Bool

  var failure: TensorError? { window.failure(of: name) }

  func pooled(_ x: Tensor) -> Tensor {
    let (begin, end) = window.amounts(for: Array(x.shape.dropFirst(2)))
    return switch kind {
    case .maximum:
      x.maxPooled(
        kernel: window.kernelSize, stride: window.stride, paddingBegin: begin, paddingEnd: end,
        dilation: window.dilation, roundsUp: roundsUp)
    case .average(let countsPadding):
      x.averagePooled(
        kernel: window.kernelSize, stride: window.stride, paddingBegin: begin, paddingEnd: end, roundsUp: roundsUp,
        countsPadding: countsPadding)
    }
  }
}
