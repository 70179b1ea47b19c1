import Tensors

/// Scales each channel by a gate that sees the means of all channels: [batch, channels, height, width] → the same shape.
///
/// Source: Hu, Shen & Sun, "Squeeze-and-Excitation Networks", CVPR 2018.
public struct SqueezeExcitation: Layer {
  /// From the channels' means to fewer numbers.
  public let squeeze: Dense
  /// From these to the channels' gates.
  public let excite: Dense
  private let gate: Activation

  /// Gates of so many channels, by way of `reduced` numbers: a sixteenth of the channels by default. `gate` is `.sigmoid`, or
  /// `.hardSigmoid` as in MobileNetV3.
  public init(_ channels: Int, reduced: Int? = nil, activation: Activation = .relu, gate: Activation = .sigmoid) {
    let inside = reduced ?? max(channels / 16, 1)
    squeeze = Dense(channels, inside, activation: activation)
    excite = Dense(inside, channels)
    self.gate = gate
  }

  /// The input times the gates of its channels.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let means = GlobalAveragePool2D()(x)
    let gates = gate(excite(squeeze(means)))
    return gates.failure == nil ? x * gates.reshaped(to: Shape(gates.shape + [1, 1])) : gates
  }
}
