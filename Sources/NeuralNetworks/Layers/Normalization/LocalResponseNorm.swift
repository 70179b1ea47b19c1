import Tensors

/// Divides each element by a power of the mean square of the neighboring channels at its position: x / (k + alpha · mean x²
/// over `size` channels)^beta. [batch, channels, …] → the same shape.
///
/// Source: Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012,
/// section 3.3, which has the sum of the squares; channels beyond the first and the last count as zeros.
public struct LocalResponseNorm: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let size: Int
  private let alpha: Double
  private let beta: Double
  private let k: Double

  /// A normalization over `size` channels, around the element's own; an even number has one more before it.
  public init(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
    (self.size, self.alpha, self.beta, self.k) = (size, alpha, beta, k)
    let isValid = 1...1024 ~= size && alpha >= 0 && k > 0 && [alpha, beta, k].allSatisfy(\.isFinite)
    failure =
      isValid
      ? nil
      : TensorError(
        "LocalResponseNorm: 1 to 1024 channels, alpha of at least 0 and k above 0, not \(size), \(alpha), \(k)")
  }

  public var summary: String { "LocalResponseNorm \(size)" }

  public func apply(_ x: Tensor) -> Tensor {
    if x.failure != nil { return x }
    guard x.shape.rank >= 2 else {
      return .failed(TensorError("LocalResponseNorm: the input must be [batch, channels, …], not \(x.shape)"))
    }
    func alongChannels(_ count: Int) -> [Int] { x.shape.indices.map { $0 == 1 ? count : 0 } }
    let squares = x.square().padded(before: alongChannels(size / 2), after: alongChannels((size - 1) / 2))
    let sum = stride(from: 1, to: size, by: 1).reduce(squares.sliced(starts: alongChannels(0), shape: x.shape)) {
      $0 + squares.sliced(starts: alongChannels($1), shape: x.shape)
    }
    return x * (.constant(k) + sum * .constant(alpha / Double(size))).power(.constant(-beta))
  }

  public func operations(input: Shape, output: Shape) -> Int { output.elementCount.times(size.plus(4)) }
}
