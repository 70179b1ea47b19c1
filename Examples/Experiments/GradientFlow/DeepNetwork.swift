import Backprop

/// A deep network of layers of one width, to see how gradients change on their way back through it.
struct DeepNetwork: Layer {
  /// What distinguishes the networks that are compared.
  struct Design: Hashable, Sendable {
    enum Normalization: String, CaseIterable, Sendable { case none, batch, layer }

    var activation: Activation
    /// The standard deviation of the weights, times √width: 1 preserves the size of sums of independent inputs.
    var gain: Float
    var normalization = Normalization.none
    var isResidual = false

    var name: String {
      var parts = [
        activation.rawValue,
        gain == Self.he ? "gain √2" : "gain \(gain == gain.rounded() ? "\(Int(gain))" : "\(gain)")",
      ]
      if normalization != .none { parts.append("\(normalization.rawValue) norm") }
      if isResidual { parts.append("residual") }
      return parts.joined(separator: ", ")
    }

    /// He's gain for ReLU, √2.
    static let he = Float(2).squareRoot()
  }

  /// A layer: weights, a normalization, the activation and, where it is residual, its input added to its output. A
  /// residual layer normalizes its input, any other its sums.
  struct Block: Layer {
    let weight: Parameter
    let batchNorm: BatchNorm?
    let layerNorm: LayerNorm?
    let design: Design

    init(_ width: Int, _ design: Design) {
      self.design = design
      weight = Parameter(
        .normal(deviation: design.gain / Float(width).squareRoot()), shape: [width, width], fanIn: width, fanOut: width)
      batchNorm = design.normalization == .batch ? BatchNorm(width) : nil
      layerNorm = design.normalization == .layer ? LayerNorm(width) : nil
    }

    private func normalized(_ x: Tensor) -> Tensor { batchNorm?(x) ?? layerNorm?(x) ?? x }

    func callAsFunction(_ x: Tensor) -> Tensor {
      design.isResidual
        ? x + design.activation(normalized(x).matmul(weight.tensor))
        : design.activation(normalized(x.matmul(weight.tensor)))
    }
  }

  let blocks: [Block]

  init(depth: Int, width: Int, _ design: Design) { blocks = (0..<depth).map { _ in Block(width, design) } }

  func callAsFunction(_ x: Tensor) -> Tensor { blocks.reduce(x) { $1($0) } }
}
