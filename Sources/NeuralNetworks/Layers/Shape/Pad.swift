import Tensors

/// Elements around sequences, images or volumes: [batch, channels, …] → the same axes, longer.
public struct Pad: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let begin: SpatialSize
  private let end: SpatialSize
  private let mode: PaddingMode
  private let value: Double

  /// This much before each spatial axis, and `end`, by default as much, after it; in mode `.zeros` the elements are `value`.
  public init(_ begin: SpatialSize, end: SpatialSize? = nil, mode: PaddingMode = .zeros, value: Double = 0) {
    (self.begin, self.end, self.mode, self.value) = (begin, end ?? begin, mode, value)
    failure =
      mode == .zeros || value == 0
      ? nil : TensorError("Pad: a value of \(value) is for the mode `zeros`, not for `\(mode)`")
  }

  public var summary: String { "Pad \(begin) and \(end), \(mode)" }

  public func apply(_ x: Tensor) -> Tensor {
    if x.failure != nil { return x }
    let axes = x.shape.rank - 2
    guard axes > 0, let before = begin.along(axes), let after = end.along(axes) else {
      return .failed(
        TensorError("Pad: the input \(x.shape) must have batch, channels and as many axes as \(begin) and \(end)"))
    }
    let (all, rest) = ([0, 0] + before, [0, 0] + after)
    return value == 0 ? x.padded(before: all, after: rest, mode: mode) : x.padded(before: all, after: rest, with: value)
  }
}
