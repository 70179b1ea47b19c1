import Backprop

/// A layer of the units of 1986: y = σ(x · weight + bias).
///
/// Weights and biases start uniformly within ±`bound`, as there, to break the symmetry between units.
struct LogisticUnits: Layer {
  let weight: Parameter
  let bias: Parameter

  init(_ inputs: Int, _ outputs: Int, within bound: Float) {
    weight = Parameter(
      .uniform(within: bound), shape: [inputs, outputs], fanIn: inputs, fanOut: outputs, name: "weight")
    bias = Parameter(.uniform(within: bound), shape: [outputs], fanIn: inputs, fanOut: outputs, name: "bias")
  }

  /// The sums before σ: [batch, inputs] → [batch, outputs].
  func sums(_ x: Tensor) -> Tensor { x.matmul(weight.tensor) + bias.tensor }

  func callAsFunction(_ x: Tensor) -> Tensor { sums(x).sigmoid() }
}

/// Inputs, hidden units and one output, optionally with connections from the inputs to the output past the hidden
/// units.
struct LogisticNetwork: Layer {
  let hidden: LogisticUnits
  let output: LogisticUnits
  /// [inputs, 1]; `nil` without these connections.
  let shortcut: Parameter?

  init(inputs: Int, hidden: Int, hasShortcut: Bool = false, within bound: Float) {
    self.hidden = LogisticUnits(inputs, hidden, within: bound)
    output = LogisticUnits(hidden, 1, within: bound)
    shortcut =
      hasShortcut
      ? Parameter(.uniform(within: bound), shape: [inputs, 1], fanIn: inputs, fanOut: 1, name: "shortcut") : nil
  }

  /// [batch, inputs] → [batch, 1].
  func callAsFunction(_ x: Tensor) -> Tensor {
    let sums = output.sums(hidden(x))
    return (shortcut.map { sums + x.matmul($0.tensor) } ?? sums).sigmoid()
  }
}
