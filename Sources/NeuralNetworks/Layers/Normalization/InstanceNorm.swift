import Tensors

/// Normalizes each channel of each example to mean 0 and variance 1 over its positions: [batch, channels, length],
/// [batch, channels, height, width] or with a depth → the same shape. The same in training and inference.
///
/// Source: Ulyanov, Vedaldi & Lempitsky, "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016.
public struct InstanceNorm: NamedLayer {
  /// The factor of each channel: [channels], from 1; `nil` without learned ones.
  public let scale: Parameter?
  /// What is added to each channel: [channels], from 0; `nil` without learned ones.
  public let shift: Parameter?
  public let path = LayerPath()
  public let failure: TensorError?
  private let channels: Int
  private let epsilon: Double

  /// A normalization of so many channels, with a learned scale and shift where `isAffine`. `epsilon` is added to the variance
  /// before its root is taken.
  public init(_ channels: Int, isAffine: Bool = false, epsilon: Double = 1e-5) {
    (self.channels, self.epsilon) = (channels, epsilon)
    func parameter(_ initializer: Initializer, _ name: String) -> Parameter? {
      isAffine ? Parameter(initializer, shape: [channels], fanIn: 1, fanOut: 1, name: name) : nil
    }
    (scale, shift) = (parameter(.ones, "scale"), parameter(.zeros, "shift"))
    failure =
      channels > 0 && epsilon >= 0 && epsilon.isFinite
      ? nil : TensorError("InstanceNorm: channels \(channels) must be at least 1 and epsilon \(epsilon) at least 0")
  }

  public var summary: String { "InstanceNorm \(channels)" }

  public func apply(_ x: Tensor) -> Tensor {
    if x.failure != nil { return x }
    guard x.shape.rank >= 3, x.shape[1] == channels else {
      return .failed(TensorError("InstanceNorm: the input must be [batch, \(channels), length, …], not \(x.shape)"))
    }
    return x.groupNormalized(
      groups: channels, scale: scale?.tensor ?? .ones([channels], dtype: x.dtype),
      shift: shift?.tensor ?? .zeros([channels], dtype: x.dtype), epsilon: epsilon)
  }

  public var ownParameterCount: Int { (scale?.count ?? 0) + (shift?.count ?? 0) }

  public func operations(input: Shape, output: Shape) -> Int { output.elementCount.times(8) }
}
