import Foundation
import NeuralNetworks

/// A page on which one goes forward and backward through a step, and sees what a weight's gradient is made of.
package struct ExplanationPage {
  private let explanation: Explanation
  private let steps: ExplanationSteps
  private let units: ExplainedUnits

  package init(_ explanation: Explanation) {
    self.explanation = explanation
    steps = ExplanationSteps(explanation)
    units = steps.units
  }

  /// The page's text.
  package var html: String {
    let sizes = explanation.network.map(String.init).joined(separator: "-")
    var page = Page(
      title: "One step of back-propagation",
      subtitle: """
        A network of \(sizes) logistic units, step \(explanation.step) of \(explanation.optimizer) with the learning rate \
        \(ShownNumber(explanation.learningRate, key: "learningRate"))
        """, script: ExplanationScript.text)
    page.section(
      "Step by step",
      note:
        "Go through the step with the buttons or the arrow keys; choose a weight, in the drawing or in the list, to see all factors of its gradient.",
      [player])
    page.section(
      "Forward", note: "x_j = Σ_i w_j←i y_i + b_j,  y_j = 1 / (1 + e^−x_j),  E = ½ Σ_j (y_j − d_j)²", [forward])
    page.section(
      "Backward",
      note:
        "∂E/∂x_j = ∂E/∂y_j · y_j (1 − y_j),  ∂E/∂y_i = Σ_j ∂E/∂x_j · w_j←i,  ∂E/∂w_j←i = ∂E/∂x_j · y_i,  ∂E/∂b_j = ∂E/∂x_j",
      [backward])
    page.section("Update", note: "\(OptimizerName(rawValue: explanation.optimizer)?.equation ?? "")", [update])
    return page.html
  }

  private struct Data: Encodable {
    struct Unit: Encodable {
      var id: String
      var layer: Int
      var lines: [String]
    }
    struct Weight: Encodable {
      var id: String
      var name: String
      var layer: Int
      var from: String
      var to: String
      var line: String
    }
    var steps: [ExplanationSteps.Step]
    var units: [Unit]
    var weights: [Weight]
  }

  private var data: Data {
    var (all, weights): ([Data.Unit], [Data.Weight]) = ([], [])
    for layer in 1..<explanation.network.count {
      for unit in 0..<explanation.network[layer] {
        all.append(
          Data.Unit(id: steps.id(unit, of: layer), layer: layer, lines: steps.unitLines(unit, of: layer)))
        for from in 0..<explanation.network[layer - 1] {
          weights.append(
            Data.Weight(
              id: steps.id(from: from, to: unit, of: layer), name: units.weight(from: from, to: unit, of: layer),
              layer: layer, from: steps.id(from, of: layer - 1), to: steps.id(unit, of: layer),
              line: steps.weightLine(from: from, to: unit, of: layer)))
        }
      }
    }
    return Data(steps: steps.all, units: all, weights: weights)
  }

  private var player: HTML {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    // In a script, `<` could end it.
    let json = ((try? encoder.encode(data)).map { String(decoding: $0, as: UTF8.self) } ?? "{}")
      .replacing("<", with: "\\u003c")
    let choices = HTML(data.weights.map { "<option value=\"\($0.id)\">\($0.name)</option>" as HTML })
    return """
      \(ExplanationScript.style)<figure class="explain">\
      <div class="controls"><button id="back">◀ Back</button> <button id="next">Forward ▶</button>\
      <input id="place" type="range" min="0" max="\(steps.all.count - 1)" value="0" aria-label="step">\
      <label>Chain of <select id="weight"><option value="">no weight</option>\(choices)</select></label></div>\
      \(drawing)<p id="title" aria-live="polite"></p><div id="lines"></div>\
      \(ScriptData.element(json, for: "explain"))</figure>
      """
  }

  private static let width = 640.0

  /// Whether each weight has a label: where they are few.
  private var isNamed: Bool {
    zip(explanation.network, explanation.network.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } <= 12
  }

  /// Between the middles of two units of a layer: labels need space.
  private var spacing: Double { isNamed ? 92 : 64 }

  private var height: Double { max(Double(explanation.network.max() ?? 1) * spacing + 24, 180) }

  private func place(_ unit: Int, of layer: Int) -> (x: Double, y: Double) {
    let count = Double(explanation.network[layer])
    return (
      76 + Double(layer) * (Self.width - 152) / Double(explanation.network.count - 1),
      height / 2 + (Double(unit) - (count - 1) / 2) * min(spacing, (height - 40) / count)
    )
  }

  private var drawing: HTML {
    // Labels over units over lines, so that no line runs through a number.
    var (edges, circles, labels): (HTML, HTML, HTML) = ("", "", "")
    let isNamed = isNamed
    for layer in explanation.network.indices {
      for unit in 0..<explanation.network[layer] {
        let (x, y) = place(unit, of: layer)
        circles += """
          <g class="unit" id="\(steps.id(unit, of: layer))"><circle cx="\(at: x)" cy="\(at: y)" r="16"/>\
          <text class="strong" x="\(at: x)" y="\(at: y + 4)" text-anchor="middle">\(units.number(unit, of: layer))</text>\
          <text class="value" x="\(at: x)" y="\(at: y + 29)" text-anchor="middle"></text></g>
          """
        for from in 0..<(layer == 0 ? 0 : explanation.network[layer - 1]) {
          let start = place(from, of: layer - 1)
          let weight = explanation.layers[layer - 1].weights[from][unit]
          // Labels of the weights into a unit at different places, so that crossing ones do not meet.
          let share = unit.isMultiple(of: 2) ? 0.3 : 0.62
          let color: HTML = weight < 0 ? "s1" : "s0"
          if isNamed {
            labels += """
              <text class="value label" id="l-\(steps.id(from: from, to: unit, of: layer))" \
              x="\(at: start.x + (x - start.x) * share)" y="\(at: start.y + (y - start.y) * share + 4)" \
              text-anchor="middle"></text>
              """
          }
          let line: HTML = "x1=\"\(at: start.x)\" y1=\"\(at: start.y)\" x2=\"\(at: x)\" y2=\"\(at: y)\""
          edges += """
            <g class="edge" id="\(steps.id(from: from, to: unit, of: layer))"><line class="hit" \(line)/>\
            <line class="\(color)" stroke-width="\(at: 0.8 + 2.4 * min(weight.magnitude, 1))" \(line)/>\
            <title>\(units.weight(from: from, to: unit, of: layer)) = \(ShownNumber.short(weight))</title></g>
            """
        }
      }
    }
    return """
      <svg id="net" viewBox="0 0 \(at: Self.width) \(at: height)" role="img" \
      aria-label="the network">\(edges)\(circles)\(labels)</svg>
      """
  }

  private var forward: HTML {
    var table = PageTable(["unit", "layer", "x", "y", "d"])
    for layer in explanation.network.indices {
      for unit in 0..<explanation.network[layer] {
        let number = units.number(unit, of: layer)
        let values = layer == 0 ? nil : explanation.layers[layer - 1]
        table.add([
          .init("\(number)"), .init(units.name(of: layer)),
          values.map { .init(ShownNumber($0.sums[unit], key: "x\(number)")) } ?? "",
          .init(ShownNumber(values?.outputs[unit] ?? explanation.inputs[unit], key: "y\(number)")),
          layer == explanation.layers.count ? .init(ShownNumber(explanation.targets[unit], key: "d\(number)")) : "",
        ])
      }
    }
    return table.html + "<p>E = \(ShownNumber(explanation.loss, key: "loss"))</p>"
  }

  private var backward: HTML {
    var (gradients, weights) = (PageTable(["unit", "∂E/∂y", "∂E/∂x"]), PageTable(["θ", "value", "∂E/∂θ"]))
    for layer in (1..<explanation.network.count).reversed() {
      let values = explanation.layers[layer - 1]
      for unit in values.sums.indices {
        let number = units.number(unit, of: layer)
        gradients.add([
          .init("\(number)"), .init(ShownNumber(values.gradientOfOutputs[unit], key: "∂E/∂y\(number)")),
          .init(ShownNumber(values.gradientOfSums[unit], key: "∂E/∂x\(number)")),
        ])
        for from in values.weights.indices {
          let name = units.weight(from: from, to: unit, of: layer)
          weights.add([
            .init(name), .init(ShownNumber(values.weights[from][unit], key: name)),
            .init(ShownNumber(values.gradientOfWeights[from][unit], key: "∂E/∂\(name)")),
          ])
        }
        let bias = units.bias(unit, of: layer)
        weights.add([
          .init(bias), .init(ShownNumber(values.biases[unit], key: bias)),
          .init(ShownNumber(values.gradientOfBiases[unit], key: "∂E/∂\(bias)")),
        ])
      }
    }
    return .grid([gradients.html, weights.html])
  }

  private var update: HTML {
    let state = explanation.updates.first?.state.map(\.name) ?? []
    var table = PageTable(["θ", "before", "g"] + state.flatMap { [$0, "\($0) after"] } + ["after"])
    for (index, update) in explanation.updates.enumerated() {
      for (element, name) in units.names(ofParameter: index).enumerated() {
        table.add(
          [.init(name), .init(ShownNumber(update.before[element])), .init(ShownNumber(update.gradient[element]))]
            + update.state.flatMap {
              [.init(ShownNumber($0.before[element])), .init(ShownNumber($0.after[element]))] as [PageTable.Cell]
            } + [.init(ShownNumber(update.after[element], key: "\(name) after"))])
      }
    }
    return table.html + "<p>E with the new weights = \(ShownNumber(explanation.lossAfter, key: "lossAfter"))</p>"
  }
}
