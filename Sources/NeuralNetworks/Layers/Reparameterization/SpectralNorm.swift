import Tensors

/// A layer one of whose parameters W is used as W / σ for its greatest singular value σ, which bounds how much the layer can
/// enlarge a difference of inputs.
///
/// ```swift
/// let layer = SpectralNorm(Dense(64, 1), of: \.weight, axis: 1)
/// ```
///
/// W is the matrix of the slices along `axis`. σ is estimated by a step of power iteration in each training step; vectors that
/// it continues from are buffers.
///
/// Source: Miyato, Kataoka, Koyama & Yoshida, "Spectral Normalization for Generative Adversarial Networks", ICLR 2018,
/// algorithm 1.
public struct SpectralNorm<Wrapped: Layer>: Layer {
  /// The layer, whose parameter is W.
  public let layer: Wrapped
  /// The estimate of the left singular vector: [size of the axis].
  public let left: Buffer
  /// The estimate of the right singular vector: [other elements].
  public let right: Buffer
  private let weight: Parameter
  private let axis: Int
  private let iterations: Int
  private let failure: TensorError?

  /// The layer with a parameter of it normalized; a negative axis counts from the end. `iterations` are the steps of power
  /// iteration in each training step.
  public init(_ layer: Wrapped, of parameter: KeyPath<Wrapped, Parameter>, axis: Int, iterations: Int = 1) {
    (self.layer, self.iterations) = (layer, iterations)
    weight = layer[keyPath: parameter]
    guard let axis = weight.axis(axis), weight.shape.rank >= 2, 1...1000 ~= iterations else {
      (self.axis, left, right) = (0, Buffer(repeating: 1, shape: [1]), Buffer(repeating: 1, shape: [1]))
      failure = TensorError(
        "SpectralNorm: needs an axis of a parameter with at least 2, and 1 to 1000 iterations, not axis \(axis) of "
          + "\(weight.shape) and \(iterations)")
      return
    }
    self.axis = axis
    failure = nil
    let rows = weight.shape[axis]
    let columns = weight.count / max(rows, 1)
    // From ones, not from random numbers, so that no other layer's are moved; 15 steps as in PyTorch.
    let start = isPlanningShapes ? nil : Self.iterated(weight.rows(along: axis), .ones([rows, 1]), 15)
    func buffer(_ vector: Tensor?, _ count: Int, _ name: String) -> Buffer {
      (try? vector?.values()).map { Buffer($0, shape: [count], name: name) }
        ?? Buffer(repeating: 1, shape: [count], name: name)
    }
    (left, right) = (buffer(start?.left, rows, "left"), buffer(start?.right, columns, "right"))
  }

  /// The layer's result with the normalized parameter.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let failure { return .failed(failure) }
    let matrix = weight.rows(along: axis)
    var (u, v) = (left.tensor.unsqueezed(axis: -1), right.tensor.unsqueezed(axis: -1))
    if Mode.isTraining {
      (u, v) = Self.iterated(matrix.stoppingGradient(), u, iterations)
      left.assignOnUpdate(u.squeezed(axes: [-1]))
      right.assignOnUpdate(v.squeezed(axes: [-1]))
    }
    let sigma = (u * matrix.matmul(v)).sum()
    return ParameterSubstitution.with(weight.tensor / sigma, for: weight) { layer(x) }
  }

  /// Steps of power iteration from a left vector [rows, 1].
  private static func iterated(_ matrix: Tensor, _ start: Tensor, _ count: Int) -> (left: Tensor, right: Tensor) {
    func unit(_ x: Tensor) -> Tensor { (x / maximum(x.norm(), 1e-12)).stoppingGradient() }
    var (u, v) = (start, start)
    for _ in 0..<count {
      v = unit(matrix.transposed.matmul(u))
      u = unit(matrix.matmul(v))
    }
    return (u, v)
  }
}
