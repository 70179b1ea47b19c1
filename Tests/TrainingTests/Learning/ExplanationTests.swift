import NeuralNetworks
import RealModule
import Testing

@testable import Training

/// One step of back-propagation with every number.
@Suite struct ExplanationTests {
  static let networks = [[2, 2, 1], [2, 1], [6, 2, 1], [3, 4, 5, 2], [1, 1, 1, 1, 1, 1], [12, 12]]

  /// The outputs of each layer, the inputs first, and E: by hand, in double precision.
  private static func forward(
    _ inputs: [Double], _ layers: [(weights: [[Double]], biases: [Double])], _ targets: [Double]
  ) -> (outputs: [[Double]], loss: Double) {
    var outputs = [inputs]
    for layer in layers {
      outputs.append(
        layer.biases.indices.map { unit in
          var sum = layer.biases[unit]
          for (from, value) in outputs[outputs.count - 1].enumerated() { sum += value * layer.weights[from][unit] }
          return 1 / (1 + Double.exp(-sum))
        })
    }
    let loss = zip(outputs[outputs.count - 1], targets).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 2
    return (outputs, loss)
  }

  @Test(arguments: networks, [0, 1, 2] as [UInt64]) func gradientsEqualCentralDifferences(
    _ sizes: [Int], _ seed: UInt64
  ) throws {
    // Also after some steps, where the numbers have more than two decimals.
    for (optimizer, step) in [("sgd", 1), ("adam", 4)] {
      let explanation = try Explanation(sizes: sizes, optimizer: optimizer, seed: seed, step: step)
      let layers = explanation.layers.map { (weights: $0.weights, biases: $0.biases) }
      let (outputs, loss) = Self.forward(explanation.inputs, layers, explanation.targets)
      #expect(abs(loss - explanation.loss) < 1e-14)
      for (layer, expected) in zip(explanation.layers, outputs.dropFirst()) {
        #expect(zip(layer.outputs, expected).allSatisfy { abs($0 - $1) < 1e-14 })
      }
      let h = 1e-5
      func difference(_ change: (inout [(weights: [[Double]], biases: [Double])], Double) -> Void) -> Double {
        var (above, below) = (layers, layers)
        change(&above, h)
        change(&below, -h)
        return
          (Self.forward(explanation.inputs, above, explanation.targets).loss
          - Self.forward(explanation.inputs, below, explanation.targets).loss) / (2 * h)
      }
      for (index, layer) in explanation.layers.enumerated() {
        for unit in layer.biases.indices {
          #expect(abs(layer.gradientOfBiases[unit] - difference { $0[index].biases[unit] += $1 }) < 1e-9)
          // A sum changes as the bias does.
          #expect(layer.gradientOfSums[unit] == layer.gradientOfBiases[unit])
          for from in layer.weights.indices {
            #expect(
              abs(layer.gradientOfWeights[from][unit] - difference { $0[index].weights[from][unit] += $1 }) < 1e-9)
          }
        }
      }
    }
  }

  /// ∂E/∂y of every unit, by the equations of 1986 from the gradients of the sums.
  @Test(arguments: networks) func gradientsOfOutputsFollowTheEquations(_ sizes: [Int]) throws {
    let explanation = try Explanation(sizes: sizes, optimizer: "sgd", seed: 3)
    for (index, layer) in explanation.layers.enumerated() {
      for unit in layer.outputs.indices {
        let expected: Double
        if index == explanation.layers.count - 1 {
          expected = layer.outputs[unit] - explanation.targets[unit]
        } else {
          let next = explanation.layers[index + 1]
          expected = zip(next.gradientOfSums, next.weights[unit]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        #expect(abs(layer.gradientOfOutputs[unit] - expected) < 1e-15)
        let y = layer.outputs[unit]
        #expect(abs(layer.gradientOfSums[unit] - expected * y * (1 - y)) < 1e-15)
      }
    }
  }

  @Test func updatesHaveTheStateBeforeAndAfter() throws {
    let rate = Double(Float(0.01))
    let second = try Explanation(sizes: [2, 2, 1], optimizer: "momentum", seed: 0, step: 2)
    for update in second.updates {
      let state = try #require(update.state.first)
      #expect(state.name == "velocity")
      for index in update.before.indices {
        #expect(state.before[index] != 0)
        let velocity = 0.9 * state.before[index] - rate * update.gradient[index]
        #expect(abs(state.after[index] - velocity) < 1e-16)
        #expect(abs(update.after[index] - (update.before[index] + velocity)) < 1e-15)
      }
    }
    // The first step begins without state, and the second with what the first left.
    let first = try Explanation(sizes: [2, 2, 1], optimizer: "momentum", seed: 0)
    #expect(first.updates.allSatisfy { $0.state.allSatisfy { $0.before.allSatisfy { $0 == 0 } } })
    #expect(zip(first.updates, second.updates).allSatisfy { $0.after == $1.before })
    #expect(first.lossAfter == second.loss)
    #expect(second.lossAfter < first.loss)
  }

  @Test(arguments: OptimizerName.allCases) func everyOptimizerIsExplained(_ name: OptimizerName) throws {
    let explanation = try Explanation(sizes: [2, 3, 1], optimizer: name.rawValue, seed: 1, step: 3)
    #expect(
      explanation.updates.map(\.parameter) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"])
    // The equation names the state that there is.
    for state in explanation.updates.flatMap(\.state) {
      #expect(name.equation.contains("\(state.name) ←"))
      #expect(state.before != state.after)
    }
    #expect(name.equation.contains("θ ← θ"))
  }

  @Test(arguments: [
    ("2-0-1", "layer 2"), ("2--1", "hyphens"), ("999999-9999999", "999999 units"), ("3", "has 1"), ("", "hyphens"),
    ("-2-1", "hyphens"), ("2-1-", "hyphens"), ("99999999999999999999-1", "units"), ("2-13-1", "1 to 12"),
    ("1-1-1-1-1-1-1", "has 7"), ("2-٣-1", "hyphens"), ("2 - 1", "hyphens"),
  ]) func wrongNetworksAreRefused(_ text: String, _ part: String) {
    #expect { try ExplainedNetwork.sizes(named: text) } throws: { "\($0)".contains(part) }
  }

  @Test func sizesAreRead() throws {
    #expect(try ExplainedNetwork.sizes(named: "2-2-1") == [2, 2, 1])
    #expect(try ExplainedNetwork.sizes(named: "12-1") == [12, 1])
  }

  /// Each number of the JSON stands in the page with its exact value.
  @Test func thePageShowsTheNumbers() throws {
    let explanation = try Explanation(sizes: [2, 2, 1], optimizer: "adam", seed: 0, step: 2)
    let html = ExplanationPage(explanation).html
    for layer in explanation.layers {
      for value in layer.sums + layer.outputs + layer.gradientOfOutputs + layer.gradientOfSums
        + layer.weights.flatMap({ $0 }) + layer.gradientOfWeights.flatMap({ $0 })
      { #expect(html.contains("data-value=\"\(ShownNumber.exact(value))\"")) }
    }
    for update in explanation.updates {
      for value in update.after + update.state.flatMap(\.after) {
        #expect(html.contains("data-value=\"\(ShownNumber.exact(value))\""))
      }
    }
    #expect(html.contains("data-key=\"loss\" value=\"\(ShownNumber.exact(explanation.loss))\""))
    // A step for the inputs, three units forward, the loss, three backward, two layers to update.
    #expect(ExplanationSteps(explanation).all.count == 10)
  }
}
