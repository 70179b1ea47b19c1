import Tensors

/// Divides the features of each position by their root mean square, then scales them: [..., width] → the same shape. The
/// same in training and inference.
///
/// Source: Zhang & Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019.
public struct RMSNorm: NamedLayer {
  /// The factor of each feature, from 1: [width], or the shape of the last axes.
  public let scale: Parameter
  public let path = LayerPath()
  public let failure: TensorError?
  private let shape: Shape
  private let epsilon: Double

  /// A normalization of so many features. `epsilon` is added to the mean square before its root is taken.
  public init(_ width: Int, epsilon: Double = 1e-6) { self.init(shape: [width], epsilon: epsilon) }

  /// A normalization over the last axes, which have this shape.
  public init(shape: Shape, epsilon: Double = 1e-6) {
    (self.shape, self.epsilon) = (shape, epsilon)
    scale = Parameter(.ones, shape: shape, fanIn: 1, fanOut: 1, name: "scale")
    failure = normalizationFailure("RMSNorm", shape, epsilon)
  }

  public var summary: String { "RMSNorm \(shape.rank == 1 ? "\(shape[0])" : "\(shape)")" }

  public func apply(_ x: Tensor) -> Tensor {
    if x.failure != nil { return x }
    guard let axes = x.shape.lastAxes(of: shape) else {
      return .failed(TensorError("RMSNorm: the last axes of \(x.shape) must be \(shape)"))
    }
    let meanSquare = x.square().mean(axes: axes, keepingAxes: true)
    return x * (meanSquare + .constant(epsilon)).rsqrt() * scale.tensor
  }

  public var ownParameterCount: Int { scale.count }

  public func operations(input: Shape, output: Shape) -> Int { output.elementCount.times(4) }
}

/// The error of a normalization over the last axes.
func normalizationFailure(_ name: String, _ shape: Shape, _ epsilon: Double) -> TensorError? {
  shape.rank > 0 && shape.allSatisfy { $0 > 0 } && epsilon >= 0 && epsilon.isFinite
    ? nil : TensorError("\(name): the width must be at least 1 and epsilon at least 0, not \(shape) and \(epsilon)")
}

extension Shape {
  /// The last axes, where they have these sizes.
  func lastAxes(of sizes: Shape) -> [Int]? {
    rank >= sizes.rank && dimensions.suffix(sizes.rank).elementsEqual(sizes) ? Array(rank - sizes.rank..<rank) : nil
  }
}
