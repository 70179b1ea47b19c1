import Tensors

/// Normalizes the channels of each example in groups to mean 0 and variance 1, then scales and shifts each channel:
/// [batch, channels, ...] → the same shape. The same in training and inference, and for every size of the batch.
///
/// One group is layer normalization over all channels and positions, as many groups as channels instance normalization.
///
/// Source: Wu & He, "Group Normalization", ECCV 2018.
public struct GroupNorm: NamedLayer {
  /// The factor of each channel: [channels], from 1.
  public let scale: Parameter
  /// What is added to each channel: [channels], from 0.
  public let shift: Parameter
  public let path = LayerPath()
  public let failure: TensorError?
  private let channels: Int
  private let groups: Int
  private let epsilon: Double

  /// A normalization of so many channels in `groups`, which divide them. `epsilon` is added to the variance before its
  /// root is taken.
  public init(_ channels: Int, groups: Int, epsilon: Double = 1e-5) {
    (self.channels, self.groups, self.epsilon) = (channels, groups, epsilon)
    scale = Parameter(.ones, shape: [channels], fanIn: 1, fanOut: 1, name: "scale")
    shift = Parameter(.zeros, shape: [channels], fanIn: 1, fanOut: 1, name: "shift")
    let isValid = channels > 0 && groups > 0 && channels % groups == 0 && epsilon >= 0 && epsilon.isFinite
    failure =
      isValid
      ? nil
      : TensorError(
        "GroupNorm: \(groups) groups must divide the \(channels) channels, and epsilon \(epsilon) be at least 0")
  }

  public var summary: String { "GroupNorm \(channels) in \(groups)" }

  public func apply(_ x: Tensor) -> Tensor {
    x.groupNormalized(groups: groups, scale: scale.tensor, shift: shift.tensor, epsilon: epsilon)
  }

  public var ownParameterCount: Int { scale.count + shift.count }

  public func operations(input: Shape, output: Shape) -> Int { output.elementCount.times(8) }
}
