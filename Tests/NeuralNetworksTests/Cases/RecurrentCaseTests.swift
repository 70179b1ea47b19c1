import NeuralNetworks
import Testing

@testable import Tensors

/// Recurrent layers, their states and all gradients against PyTorch's.
@Suite struct RecurrentCaseTests {
  @Test func thereAreAllCases() throws {
    let cases = try SequenceCase.all(in: "recurrent")
    #expect(cases.count == 32)
    #expect(Set(cases.map(\.layer)) == Set(RecurrentCell.allCases.map(\.rawValue)))
    // Units that are dead would make everything equal.
    #expect(cases.allSatisfy { ($0.gradients["input"]?.sumOfSquares ?? 0) > 0 })
  }

  @Test(arguments: try SequenceCase.all(in: "recurrent")) func matchesPyTorch(_ example: SequenceCase) throws {
    let settings = example.settings
    let cell = try #require(RecurrentCell(rawValue: example.layer))
    let model = Recurrent(
      cell, try #require(settings.inputs), try #require(settings.size), layers: try #require(settings.layers),
      bidirectional: try #require(settings.bidirectional as Bool?))
    try example.check(model) { model, inputs in
      let state = inputs["hidden"].map { hidden in
        RecurrentState(hidden: unstacked(hidden), cell: inputs["cell"].map(unstacked) ?? [])
      }
      let lengths = settings.lengths.map { Tensor($0, shape: [$0.count]) }
      let (output, after) = model(try #require(inputs["input"]), state: state, lengths: lengths)
      var outputs = ["output": output, "hidden": stacked(after.hidden)]
      if cell == .lstm { outputs["cell"] = stacked(after.cell) }
      return outputs
    }
  }

  /// [count, batch, size] → count tensors [batch, size], as PyTorch holds states of layers and directions.
  private func unstacked(_ states: Tensor) -> [Tensor] {
    let one: Shape = [1, states.shape[1], states.shape[2]]
    return (0..<states.shape[0]).map {
      states.sliced(starts: [$0, 0, 0], shape: one).reshaped(to: [states.shape[1], states.shape[2]])
    }
  }

  private func stacked(_ states: [Tensor]) -> Tensor {
    .concatenated(states.map { $0.reshaped(to: [1, $0.shape[0], $0.shape[1]]) }, axis: 0)
  }
}
