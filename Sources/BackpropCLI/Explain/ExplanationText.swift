import Backprop

/// The numbers of a step in the terminal: aligned tables, each under the equation that it follows.
struct ExplanationText {
  let explanation: Explanation
  private let units: ExplainedUnits

  init(_ explanation: Explanation) {
    self.explanation = explanation
    units = ExplainedUnits(explanation.network)
  }

  var lines: [String] {
    let sizes = explanation.network.map(String.init).joined(separator: "-")
    return [
      "network \(sizes), units numbered from 1; step \(explanation.step) of \(explanation.optimizer), learning rate "
        + "\(learningRate), seed \(explanation.seed)"
    ].map { Terminal.wrapped($0, for: 1) } + forward + backward + update
  }

  private func section(_ title: String, _ equations: String..., rows: [[String]], left: Set<Int>) -> [String] {
    ["", Terminal.wrapped(title, for: 1)] + equations.map { Terminal.wrapped("  " + $0, for: 1) }
      + table(rows, left: left, limit: Terminal.columns(of: 1).map { $0 - 2 }).map { $0.isEmpty ? $0 : "  " + $0 }
  }

  private var forward: [String] {
    var rows = [["unit", "layer", "x", "y", "d"]]
    for (index, input) in explanation.inputs.enumerated() {
      rows.append(["\(units.number(index, of: 0))", units.name(of: 0), "", number(input), ""])
    }
    for (index, layer) in explanation.layers.enumerated() {
      for unit in layer.sums.indices {
        let isOutput = index == explanation.layers.count - 1
        rows.append([
          "\(units.number(unit, of: index + 1))", units.name(of: index + 1), number(layer.sums[unit]),
          number(layer.outputs[unit]), isOutput ? number(explanation.targets[unit]) : "",
        ])
      }
    }
    return section(
      "Forward", "x_j = Σ_i w_j←i · y_i + b_j", "y_j = 1 / (1 + e^−x_j)", rows: rows, left: [1])
      + [Terminal.wrapped("  E = ½ Σ_j (y_j − d_j)² = \(number(explanation.loss))", for: 1)]
  }

  private var backward: [String] {
    var (rows, weights) = ([["unit", "layer", "∂E/∂y", "∂E/∂x"]], [["weight", "w", "∂E/∂x_j", "y_i", "∂E/∂w"]])
    for (index, layer) in explanation.layers.enumerated().reversed() {
      let before = index == 0 ? explanation.inputs : explanation.layers[index - 1].outputs
      for unit in layer.sums.indices {
        rows.append([
          "\(units.number(unit, of: index + 1))", units.name(of: index + 1), number(layer.gradientOfOutputs[unit]),
          number(layer.gradientOfSums[unit]),
        ])
        for from in before.indices {
          weights.append([
            units.weight(from: from, to: unit, of: index + 1), number(layer.weights[from][unit]),
            number(layer.gradientOfSums[unit]), number(before[from]), number(layer.gradientOfWeights[from][unit]),
          ])
        }
        weights.append([
          units.bias(unit, of: index + 1), number(layer.biases[unit]), number(layer.gradientOfSums[unit]), "1",
          number(layer.gradientOfBiases[unit]),
        ])
      }
    }
    return section(
      "Backward, from the output to the input", "output: ∂E/∂y_j = y_j − d_j;  below: ∂E/∂y_i = Σ_j ∂E/∂x_j · w_j←i",
      "∂E/∂x_j = ∂E/∂y_j · y_j (1 − y_j)", rows: rows, left: [1])
      + section("Gradients of the weights", "∂E/∂w_j←i = ∂E/∂x_j · y_i;  ∂E/∂b_j = ∂E/∂x_j", rows: weights, left: [0])
  }

  private var update: [String] {
    let state = explanation.updates.first?.state.map(\.name) ?? []
    var rows = [["θ", "before", "g"] + state.flatMap { [$0, "new \($0)"] } + ["after"]]
    for (index, update) in explanation.updates.enumerated() {
      for (element, name) in units.names(ofParameter: index).enumerated() {
        rows.append(
          [name, number(update.before[element]), number(update.gradient[element])]
            + update.state.flatMap { [number($0.before[element]), number($0.after[element])] }
            + [number(update.after[element])])
      }
    }
    let equation = OptimizerName(rawValue: explanation.optimizer)?.equation ?? ""
    return section(
      "Update", "\(equation)  (ε = \(learningRate), t = \(explanation.step))", rows: rows, left: [0])
      + [Terminal.wrapped("  E with the new weights = \(number(explanation.lossAfter))", for: 1)]
  }

  private var learningRate: String {
    let rate = explanation.learningRate
    return rate.rounded() == rate && rate < 1e15 ? "\(Int(rate))" : "\(rate)"
  }

  /// Six decimals, or as many significant digits where the number is small.
  private func number(_ value: Double) -> String {
    let size = value.magnitude
    if value == 0 { return "0" }
    guard size < 1e-3 || size >= 1e6, size.isFinite else { return value.fixed(6) }
    return value.scientific(5)
  }
}
