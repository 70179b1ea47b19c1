/// The step as a sequence of small ones, each with its calculation in numbers: what the page goes through.
struct ExplanationSteps {
  struct Step: Encodable {
    var title: String
    var lines: [String]
    /// What is written at units and weights from this step on, by the identifiers of the drawing.
    var show: [String: String] = [:]
    /// The units and weights that take part.
    var active: [String] = []
  }

  let explanation: Explanation
  let units: ExplainedUnits

  init(_ explanation: Explanation) {
    self.explanation = explanation
    units = ExplainedUnits(explanation.network)
  }

  /// Outputs of a layer; those of layer 0 are the inputs.
  private func outputs(_ layer: Int) -> [Double] {
    layer == 0 ? explanation.inputs : explanation.layers[layer - 1].outputs
  }

  /// The identifiers in the drawing.
  func id(_ unit: Int, of layer: Int) -> String { "u\(units.number(unit, of: layer))" }
  func id(from unit: Int, to other: Int, of layer: Int) -> String {
    "e\(units.number(other, of: layer))-\(units.number(unit, of: layer - 1))"
  }

  var all: [Step] { [inputs] + forward + [loss] + backward + update }

  private var inputs: Step {
    let ids = explanation.inputs.indices.map { id($0, of: 0) }
    return Step(
      title: "inputs",
      lines: explanation.inputs.enumerated().map { "y\(units.number($0.offset, of: 0)) = \(Self.text($0.element))" },
      show: Dictionary(uniqueKeysWithValues: zip(ids, explanation.inputs.map { "y " + Self.text($0) })), active: ids)
  }

  private var forward: [Step] {
    explanation.layers.indices.flatMap { index in
      explanation.layers[index].sums.indices.map { unit in
        Step(
          title: "forward, unit \(units.number(unit, of: index + 1))", lines: forwardLines(unit, of: index + 1),
          show: [id(unit, of: index + 1): "y " + Self.text(explanation.layers[index].outputs[unit])],
          active: [id(unit, of: index + 1)] + incoming(unit, of: index + 1))
      }
    }
  }

  private func incoming(_ unit: Int, of layer: Int) -> [String] {
    outputs(layer - 1).indices.flatMap { [id(from: $0, to: unit, of: layer), id($0, of: layer - 1)] }
  }

  private func forwardLines(_ unit: Int, of layer: Int) -> [String] {
    let (values, number) = (explanation.layers[layer - 1], units.number(unit, of: layer))
    let inputs = outputs(layer - 1)
    let names = inputs.indices.map {
      "\(units.weight(from: $0, to: unit, of: layer)) · y\(units.number($0, of: layer - 1))"
    }
    let products = inputs.indices.map { "\(Self.factor(values.weights[$0][unit])) · \(Self.factor(inputs[$0]))" }
    return [
      "x\(number) = \(names.joined(separator: " + ")) + b\(number)",
      "   = \(products.joined(separator: " + ")) + \(Self.factor(values.biases[unit])) = \(Self.text(values.sums[unit]))",
      "y\(number) = 1 / (1 + e^−x\(number)) = \(Self.text(values.outputs[unit]))",
    ]
  }

  private var loss: Step {
    let last = explanation.layers.count
    let outputs = outputs(last)
    let differences = outputs.indices.map { "(y\(units.number($0, of: last)) − d\(units.number($0, of: last)))²" }
    let squares = outputs.indices.map { "(\(Self.text(outputs[$0])) − \(Self.text(explanation.targets[$0])))²" }
    return Step(
      title: "loss",
      lines: [
        "E = ½ [\(differences.joined(separator: " + "))]",
        "  = ½ [\(squares.joined(separator: " + "))] = \(Self.text(explanation.loss))",
      ], active: outputs.indices.map { id($0, of: last) })
  }

  private var backward: [Step] {
    (1...explanation.layers.count).reversed().flatMap { layer in
      explanation.layers[layer - 1].sums.indices.map { unit in
        let values = explanation.layers[layer - 1]
        var show = [id(unit, of: layer): "∂E/∂x " + Self.text(values.gradientOfSums[unit])]
        for from in outputs(layer - 1).indices {
          show[id(from: from, to: unit, of: layer)] = Self.text(values.gradientOfWeights[from][unit])
        }
        let weights = outputs(layer - 1).indices.map { weightLine(from: $0, to: unit, of: layer) }
        let bias = "∂E/∂b\(units.number(unit, of: layer)) = \(Self.text(values.gradientOfBiases[unit]))"
        return Step(
          title: "backward, unit \(units.number(unit, of: layer))",
          lines: unitLines(unit, of: layer).reversed() + weights + [bias], show: show,
          active: [id(unit, of: layer)] + incoming(unit, of: layer) + outgoing(unit, of: layer))
      }
    }
  }

  private func outgoing(_ unit: Int, of layer: Int) -> [String] {
    guard layer < explanation.layers.count else { return [] }
    return explanation.layers[layer].sums.indices.flatMap {
      [id(from: unit, to: $0, of: layer + 1), id($0, of: layer + 1)]
    }
  }

  /// ∂E/∂x of a unit, and the ∂E/∂y it is made from.
  func unitLines(_ unit: Int, of layer: Int) -> [String] {
    let (values, number) = (explanation.layers[layer - 1], units.number(unit, of: layer))
    let y = Self.text(values.outputs[unit])
    let sum =
      "∂E/∂x\(number) = ∂E/∂y\(number) · y\(number) (1 − y\(number)) = \(Self.factor(values.gradientOfOutputs[unit])) · "
      + "\(y) · (1 − \(y)) = \(Self.text(values.gradientOfSums[unit]))"
    guard layer < explanation.layers.count else {
      return [
        sum,
        "∂E/∂y\(number) = y\(number) − d\(number) = \(y) − \(Self.text(explanation.targets[unit])) = "
          + Self.text(values.gradientOfOutputs[unit]),
      ]
    }
    let next = explanation.layers[layer]
    let names = next.sums.indices.map {
      "∂E/∂x\(units.number($0, of: layer + 1)) · \(units.weight(from: unit, to: $0, of: layer + 1))"
    }
    let products = next.sums.indices.map {
      "\(Self.factor(next.gradientOfSums[$0])) · \(Self.factor(next.weights[unit][$0]))"
    }
    return [
      sum,
      "∂E/∂y\(number) = \(names.joined(separator: " + ")) = \(products.joined(separator: " + ")) = "
        + Self.text(values.gradientOfOutputs[unit]),
    ]
  }

  /// ∂E/∂w of a weight.
  func weightLine(from unit: Int, to other: Int, of layer: Int) -> String {
    let values = explanation.layers[layer - 1]
    return "∂E/∂\(units.weight(from: unit, to: other, of: layer)) = ∂E/∂x\(units.number(other, of: layer)) · "
      + "y\(units.number(unit, of: layer - 1)) = \(Self.factor(values.gradientOfSums[other])) · "
      + "\(Self.factor(outputs(layer - 1)[unit])) = \(Self.text(values.gradientOfWeights[unit][other]))"
  }

  private var update: [Step] {
    explanation.layers.indices.map { index in
      let layer = index + 1
      var (lines, show): ([String], [String: String]) = ([], [:])
      for (offset, update) in explanation.updates[(2 * index)...(2 * index + 1)].enumerated() {
        for (element, name) in units.names(ofParameter: 2 * index + offset).enumerated() {
          let state = update.state.map {
            "\($0.name) \(Self.text($0.before[element])) → \(Self.text($0.after[element]))"
          }
          lines.append(
            (["\(name): \(Self.text(update.before[element])) → \(Self.text(update.after[element]))"] + state)
              .joined(separator: ";  "))
        }
      }
      var active: [String] = []
      for from in outputs(index).indices {
        for to in outputs(layer).indices {
          let edge = id(from: from, to: to, of: layer)
          active.append(edge)
          show[edge] = Self.text(explanation.updates[2 * index].after[from * outputs(layer).count + to])
        }
      }
      return Step(
        title: "update, weights into the \(units.name(of: layer)) layer", lines: lines, show: show, active: active)
    }
  }

  static func text(_ value: Double) -> String { ShownNumber.short(value) }

  /// As a factor in a product.
  static func factor(_ value: Double) -> String { value < 0 ? "(\(text(value)))" : text(value) }
}
