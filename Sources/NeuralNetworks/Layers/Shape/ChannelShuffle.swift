import Tensors

/// The channels of each group dealt out to all groups: channel i of group g becomes channel g of group i. [batch, channels, …] →
/// the same shape.
///
/// Source: Zhang, Zhou, Lin & Sun, "ShuffleNet", CVPR 2018, section 3.1.
public struct ChannelShuffle: NamedLayer {
  public let path = LayerPath()
  private let groups: Int

  /// A layer for so many groups, which divide the channels.
  public init(groups: Int) { self.groups = groups }

  public var summary: String { "ChannelShuffle \(groups)" }

  public func apply(_ x: Tensor) -> Tensor {
    if x.failure != nil { return x }
    guard x.shape.rank >= 2, groups > 0, x.shape[1] % groups == 0 else {
      return .failed(
        TensorError("ChannelShuffle: \(groups) groups do not divide the channels [batch, channels, …] of \(x.shape)"))
    }
    let rest = x.shape.dropFirst(2)
    return x.reshaped(to: Shape([x.shape[0], groups, x.shape[1] / groups] + rest)).transposed(1, 2).reshaped(
      to: x.shape)
  }
}
