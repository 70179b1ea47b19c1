import Backprop

/// How large the gradient is at each layer of a deep network before any training, by depth, activation, normalization
/// and residual connections.
///
/// Going back one layer multiplies the gradient by the activation's derivative and by the weights: on average by gain ·
/// √(mean of the squared derivative). Below 1 it vanishes with depth, above 1 it explodes.
///
/// Sources: Hochreiter 1991; Bengio, Simard & Frasconi 1994; Glorot & Bengio, AISTATS 2010; He et al., ICCV 2015 (√2)
/// and CVPR 2016 (residual); Yang et al., "A Mean Field Theory of Batch Normalization", ICLR 2019 (gradients explode by
/// √(π / (π − 1)) a layer with ReLU).
struct GradientFlow {
  static let width = 64
  static let batch = 64

  /// The networks that are compared.
  static let designs: [DeepNetwork.Design] = [
    .init(activation: .sigmoid, gain: 1),
    .init(activation: .tanh, gain: 1),
    .init(activation: .relu, gain: 1),
    .init(activation: .relu, gain: DeepNetwork.Design.he),
    .init(activation: .relu, gain: 2),
    .init(activation: .sigmoid, gain: 1, normalization: .layer),
    .init(activation: .relu, gain: 1, normalization: .layer),
    .init(activation: .relu, gain: 1, normalization: .batch),
    .init(activation: .sigmoid, gain: 1, isResidual: true),
    .init(activation: .relu, gain: 1, normalization: .layer, isResidual: true),
  ]

  /// The norm of the gradient with respect to the outputs of each layer, as a multiple of that at the last layer, in
  /// double precision: gradients of a deep network of sigmoids are below what float32 holds.
  ///
  /// The loss is ½ ‖h − d‖² / batch with random inputs and targets d.
  static func relativeNorms(depth: Int, _ design: DeepNetwork.Design, seed: UInt64) throws -> [Double] {
    try Random.$current.withValue(Random(seed: seed)) {
      let model = try DeepNetwork(depth: depth, width: width, design).copy(as: .float64)
      let input = Tensor.randomNormal([batch, width], dtype: .float64)
      let target = Tensor.randomNormal([batch, width], dtype: .float64)
      let outputs = training {
        model.blocks.reduce(into: [input]) { outputs, block in outputs.append(block(outputs.last ?? input)) }
          .dropFirst()
      }
      let loss = ((outputs.last ?? input) - target).square().sum() * Tensor(0.5 / Double(batch))
      let norms = gradients(of: loss, withRespectTo: Array(outputs)).map { $0?.norm() ?? .zeros([], dtype: .float64) }
      let values = try Tensor.stacked(norms).values(as: Double.self)
      return values.map { $0 / (values.last ?? 1) }
    }
  }

  /// The factor by which the gradient grows from a layer to the one before it: the geometric mean.
  static func factor(_ relativeNorms: [Double]) -> Double {
    guard let first = relativeNorms.first, relativeNorms.count > 1 else { return 1 }
    return Double.pow(first, 1 / Double(relativeNorms.count - 1))
  }
}
