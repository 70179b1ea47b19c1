import Tensors
import Testing

@testable import NeuralNetworks

/// A compiled step gives the same bits as recording each step again.
@Suite struct CompiledStepTests {
  private func train(
    _ name: String, compiled: Bool, clipNorm: Float? = 0.5
  ) throws -> (losses: [Float], weights: [[Float]], counter: UInt64) {
    let random = Random(seed: 9)
    return try Random.$current.withValue(random) {
      let model = Sequential {
        Dense(5, 8, activation: .tanh)
        BatchNorm(8)
        Dropout(0.3)
        Dense(8, 3)
      }
      let optimizer = try makeOptimizer(named: name, for: model, learningRate: 0.05, clipNorm: clipNorm)
      func record(_ inputs: [Tensor]) -> Gradients {
        valueAndGradient(of: model) { crossEntropy(logits: $0(inputs[0]), labels: inputs[1]) }.gradients
      }
      let step = CompiledStep(with: optimizer) { inputs in record(inputs) }
      var losses: [Float] = []
      for number in 0..<12 {
        // The last batch of each round of four is smaller.
        let count = number % 4 == 3 ? 2 : 6
        let x = Tensor((0..<count * 5).map { Float(($0 * 7 + number * 3) % 11) / 5 - 1 }, shape: [count, 5])
        let labels = Tensor((0..<count).map { Int32(($0 + number) % 3) }, shape: [count])
        if number == 6 { optimizer.learningRate *= 0.5 }
        if number == 8 { model.parameters[0].parameter.isTrainable = false }
        if compiled {
          losses.append(try step([x, labels])[0].scalar())
        } else {
          let gradients = record([x, labels])
          try optimizer.update(along: gradients)
          losses.append(try gradients.loss.scalar())
        }
      }
      let variables =
        try model.parameters.map { try $0.parameter.variable() } + model.buffers.map { try $0.buffer.variable() }
      return (losses, try variables.map { try $0.values() }, random.counter)
    }
  }

  @Test(arguments: OptimizerName.allCases.map(\.rawValue)) func replaysGiveTheSameBits(name: String) throws {
    let (recorded, replayed) = (try train(name, compiled: false), try train(name, compiled: true))
    #expect(recorded.losses == replayed.losses)
    #expect(recorded.weights == replayed.weights)
    #expect(recorded.counter == replayed.counter)
  }

  /// x² with the gradient 2x at 3 and a rate of 0.1: 2.4.
  @Test func aLossIsEnough() throws {
    let model = Dense(1, 1, bias: false)
    try model.weight.variable().set([3])
    let step = CompiledStep(with: GradientDescent(for: model, learningRate: 0.1), for: model) { model, inputs in
      model(inputs[0]).square().sum()
    }
    #expect(try step([.ones([1, 1])])[0].scalar() == 9)
    #expect(abs(try model.weight.tensor.scalar() - 2.4) < 1e-6)
  }

  /// A step overwrites the results of the last one, unless those, or tensors to be computed from them, are still
  /// referenced.
  @Test func resultsThatAreHeldStay() throws {
    let model = Dense(3, 2)
    let step = CompiledStep(with: GradientDescent(for: model, learningRate: 0.1)) { inputs, _ in
      let logits = model(inputs[0])
      return (valueAndGradient(of: model) { $0(inputs[0]).square().sum() }.gradients, [logits])
    }
    func take(_ number: Int) throws -> [Tensor] { try step([.ones([2, 3]) * Float(number)]) }
    let all = try take(1)
    let (loss, logits) = (try all[0].scalar(), try all[1].values())
    let one = try take(2)[1]
    let values = try one.values()
    let twice = try take(3)[1] * 2
    let last = try take(4)
    for number in 5..<8 { _ = try take(number) }
    #expect(try all[0].scalar() == loss && all[1].values() == logits)
    #expect(try one.values() == values)
    #expect(try twice.values() != last[1].values())
    // The same steps with another network of the same weights would give the same; here the values differ by the input.
    #expect(Set([loss, try last[0].scalar(), try take(8)[0].scalar()]).count == 3)
  }

  @Test func wrongInputsAreNamed() throws {
    let model = Dense(3, 2)
    let step = CompiledStep(with: GradientDescent(for: model, learningRate: 0.1)) { inputs in
      valueAndGradient(of: model) { $0(inputs[0]).sum() }.gradients
    }
    #expect(throws: TensorError.self) { try step([.zeros([2, 4])]) }
    let before = try model.weight.variable().values()
    #expect(throws: TensorError.self) { try step([.failed(TensorError("no data"))]) }
    #expect(try model.weight.variable().values() == before)
    // Tensors that are not data yet are computed first.
    try step([Tensor.ones([2, 3]) * 2])
    #expect(try model.weight.variable().values() != before)
  }
}
