import Tensors

/// Sequences, images or volumes of another size: [batch, channels, …] → the same axes, longer or shorter. See `Tensor.resized`.
public struct Upsample: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let factors: SpatialSize?
  private let size: SpatialSize
  private let mode: ResizeMode
  private let alignsCorners: Bool
  private let antialiases: Bool

  /// A layer that makes each spatial axis so many times as long.
  public init(by factors: SpatialSize, mode: ResizeMode = .nearest, alignsCorners: Bool = false) {
    (self.factors, size, self.mode) = (factors, 1, mode)
    (self.alignsCorners, antialiases) = (alignsCorners, false)
    failure =
      factors.sizes.allSatisfy { $0 > 0 } ? nil : TensorError("Upsample: the factor must be at least 1, not \(factors)")
  }

  /// A layer that gives spatial axes of these sizes. `antialiases`: whether elements that get smaller are means of all that
  /// they cover.
  public init(
    to size: SpatialSize, mode: ResizeMode = .nearest, alignsCorners: Bool = false, antialiases: Bool = false
  ) {
    (factors, self.size, self.mode) = (nil, size, mode)
    (self.alignsCorners, self.antialiases, failure) = (alignsCorners, antialiases, nil)
  }

  public var summary: String { "Upsample \(factors.map { "by \($0)" } ?? "to \(size)"), \(mode)" }

  public func apply(_ x: Tensor) -> Tensor {
    if x.failure != nil { return x }
    var size = size
    if let factors {
      let along = factors.along(x.shape.rank - 2) ?? []
      guard !along.isEmpty else {
        return .failed(TensorError("Upsample: the input \(x.shape) must have batch, channels and axes for \(factors)"))
      }
      size = SpatialSize(zip(x.shape.dropFirst(2), along).map { $0.times($1) })
    }
    return x.resized(to: size, mode: mode, alignsCorners: alignsCorners, antialiases: antialiases)
  }

  public func operations(input: Shape, output: Shape) -> Int {
    let taps = mode == .cubic ? 4 : mode == .linear ? 2 : 1
    return output.elementCount.times(2 * taps).times(max(input.rank - 2, 1))
  }
}
