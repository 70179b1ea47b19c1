import NeuralNetworks
import Testing

@testable import Tensors

/// A copy of a model is a model of its own.
@Suite struct CopyTests {
  private struct Tied: Layer {
    let name = "tied"
    let scale: Float = 2
    let table = Parameter([1, 2, 3, 4], shape: [2, 2])
    let blocks: [Dense]
    var head: Dense?
    let named: [String: any Layer]
    let tied: Parameter

    init() {
      blocks = [Dense(2, 2), Dense(2, 2, activation: .tanh)]
      head = Dense(2, 1)
      named = ["norm": BatchNorm(2), "drop": Dropout(0.5)]
      tied = table
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let y = blocks.reduce(x.matmul(table.tensor)) { $1($0) }
      return (head ?? blocks[0])(named["norm"].map { $0(y) } ?? y).matmul(.full([1, 2], 1)).matmul(tied.tensor)
        * .constant(scale)
    }
  }

  @Test func trainingOneDoesNotChangeTheOther() throws {
    let model = Tied()
    model.blocks[1].weight.isTrainable = false
    let copy = try model.copy()
    #expect(copy.parameters.map(\.name) == model.parameters.map(\.name))
    #expect(copy.buffers.map(\.name) == model.buffers.map(\.name))
    #expect(zip(copy.parameters, model.parameters).allSatisfy { $0.parameter !== $1.parameter })
    #expect(copy.tied === copy.table && copy.tied !== model.tied)
    #expect(!copy.blocks[1].weight.isTrainable && copy.blocks[0].weight.isTrainable)
    #expect(copy.name == "tied" && copy.scale == 2)
    let x = Tensor([1, -1, 0.5, 2], shape: [2, 2])
    let before = try model(x).values()
    #expect(try copy(x).values() == before)
    let optimizer = Adam(for: copy, learningRate: 0.1)
    for _ in 0..<3 { try optimizer.update(along: valueAndGradient(of: copy) { $0(x).square().mean() }.gradients) }
    #expect(try model(x).values() == before)
    #expect(try copy(x).values() != before)
  }

  @Test func builtModelsAreCopied() throws {
    let model = Sequential {
      Conv2D(1, 2, kernelSize: 3, padding: .same)
      BatchNorm(2)
      Flatten()
      Dense(32, 3)
    }
    let copy = try model.copy()
    let x = try Tensor(Random(seed: 1).normal(count: 32), shape: [2, 1, 4, 4])
    #expect(try copy(x).values() == model(x).values())
    #expect(copy.parameters.count == model.parameters.count)
    #expect(zip(copy.parameters, model.parameters).allSatisfy { $0.parameter !== $1.parameter })
  }

  private enum Choice: Layer {
    case small(Dense)
    func callAsFunction(_ x: Tensor) -> Tensor { if case .small(let layer) = self { layer(x) } else { x } }
  }
  private struct Holder: Layer {
    let choice = Choice.small(Dense(1, 1))
    func callAsFunction(_ x: Tensor) -> Tensor { choice(x) }
  }

  @Test func whatCannotBeRebuiltIsAnError() throws {
    let error = #expect(throws: TensorError.self) { try Holder().copy() }
    #expect(error?.message.contains("choice is of Choice") == true)
    #expect(throws: TensorError.self) { try Dense(0, 1).copy() }
  }
}
