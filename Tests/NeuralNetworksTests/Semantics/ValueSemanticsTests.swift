import NeuralNetworks
import Synchronization
import Testing

@testable import Tensors

/// Values never change under who holds them.
@Suite struct ValueSemanticsTests {
  @Test func aGraphKeepsTheValuesItRead() throws {
    let variable = try Variable([1, 2, 3], shape: [3], name: "v")
    let (read, doubled) = (variable.tensor, variable.tensor * 2)
    try variable.set([10, 20, 30])
    #expect(try doubled.values() == [2, 4, 6])
    #expect(try read.values() == [1, 2, 3])
    #expect(try variable.tensor.values() == [10, 20, 30])
    try evaluate([], assigning: [(variable, variable.tensor + read)])
    #expect(try variable.values() == [11, 22, 33])
    #expect(try (read + variable.tensor).values() == [12, 24, 36])
    #expect(try doubled.values() == [2, 4, 6])
  }

  /// Nobody holds the old values, so they are written in place.
  @Test func unsharedValuesAreWrittenInPlace() throws {
    let variable = try Variable([1, 2, 3], shape: [3], name: "v")
    let address = variable.pointer
    for _ in 0..<3 { try evaluate([], assigning: [(variable, variable.tensor * 2)]) }
    #expect(variable.pointer == address)
    #expect(try variable.values() == [8, 16, 24])
    let held = variable.tensor
    try evaluate([], assigning: [(variable, variable.tensor * 2)])
    #expect(variable.pointer != address)
    #expect(try held.values() == [8, 16, 24])
  }

  /// A replayed step writes in place until somebody reads the variable's values into a graph.
  @Test func aReplayedStepKeepsWhatOthersHold() throws {
    let variable = try Variable([0, 0], shape: [2], name: "v")
    let input = Tensor.standIn(like: Tensor([0, 0], shape: [2]))
    let compiled = try CompiledGraph(
      computing: [], assigning: [(variable, variable.tensor + input)], inputs: [input])
    let one = Tensor([1, 2], shape: [2])
    _ = try compiled.run([one])
    let address = variable.pointer
    _ = try compiled.run([one])
    #expect(variable.pointer == address)
    let (held, sum) = (variable.tensor, variable.tensor.sum())
    for _ in 0..<3 { _ = try compiled.run([one]) }
    #expect(try held.values() == [2, 4])
    #expect(try sum.scalar() == 6)
    #expect(try variable.values() == [5, 10])
  }

  /// Two optimizers along the same gradients, one for the body and one for the head, as one of both.
  @Test(arguments: [false, true]) func twoOptimizersStepAlongOneLoss(swapped: Bool) throws {
    struct Network: Layer {
      var body = Sequential {
        Dense(3, 4, activation: .tanh)
        BatchNorm(4)
      }
      var head = Dense(4, 2)
      func callAsFunction(_ x: Tensor) -> Tensor { head(body(x)) }
    }
    func made() -> Network { Random.$current.withValue(Random(seed: 7)) { Network() } }
    let (both, one) = (made(), made())
    let x = Tensor([1, 2, 3, -1, 0.5, 2, 0, 1, -3, 2, 2, 1], shape: [4, 3])
    let optimizers: [any Optimizer] = [
      GradientDescent(for: both.body, learningRate: 0.1), GradientDescent(for: both.head, learningRate: 0.1),
    ]
    let single = GradientDescent(for: one, learningRate: 0.1)
    for _ in 0..<3 {
      let gradients = valueAndGradient(of: both) { $0(x).square().mean() }.gradients
      for optimizer in swapped ? optimizers.reversed() : optimizers { try optimizer.update(along: gradients) }
      try single.update(along: valueAndGradient(of: one) { $0(x).square().mean() }.gradients)
    }
    for (a, b) in zip(both.parameters, one.parameters) {
      #expect(relative(try a.parameter.variable().values(), try b.parameter.variable().values()) < 1e-5)
    }
    for (a, b) in zip(both.buffers, one.buffers) {
      #expect(relative(try a.buffer.variable().values(), try b.buffer.variable().values()) < 1e-5)
    }
    #expect(try one.buffers[0].buffer.variable().values() != [0, 0, 0, 0])
  }

  @Test func aPredictorAnswersWithTheValuesOfItsTime() throws {
    let model = Random.$current.withValue(Random(seed: 1)) {
      Sequential {
        Dense(3, 4, activation: .relu)
        BatchNorm(4)
        Dropout(0.5)
        Dense(4, 2)
      }
    }
    let x = Tensor([1, 2, 3, -1, 0.5, 2], shape: [2, 3])
    let before = try inference { model(x) }.values()
    let predictor = try Predictor(model)
    #expect(try predictor(x).values() == before)
    let optimizer = GradientDescent(for: model, learningRate: 0.5)
    for _ in 0..<3 { try optimizer.update(along: valueAndGradient(of: model) { $0(x).square().mean() }.gradients) }
    #expect(try predictor(x).values() == before)
    #expect(try predictor(Tensor([1, 2, 3], shape: [1, 3])).values() == Array(before.prefix(2)))
    #expect(try inference { model(x) }.values() != before)
    #expect(try Predictor(model)(x).values() == inference { model(x) }.values())
    let error = try #require(throws: TensorError.self) { try predictor(Tensor([1, 2], shape: [1, 2])) }
    #expect(error.message.contains("[1, 2]"), "\(error)")
  }

  private final class Shared: Sendable {
    let snapshots: Mutex<[Predictor<Dense>]>
    let answers: Mutex<[[Float]]>
    init(_ predictor: Predictor<Dense>, answer: [Float]) {
      snapshots = Mutex([predictor])
      answers = Mutex([answer])
    }
  }

  /// Many tasks ask while the model trains: no error, and every answer is that of a snapshot.
  @Test func manyTasksAskWhileTheModelTrains() async throws {
    let model = Random.$current.withValue(Random(seed: 2)) { Dense(8, 4) }
    let x = Tensor((0..<8).map { Float($0) / 8 }, shape: [1, 8])
    let shared = Shared(try Predictor(model), answer: try Predictor(model)(x).values())
    try await withThrowingTaskGroup(of: [Float].self) { group in
      group.addTask {
        let optimizer = Adam(for: model, learningRate: 0.01)
        let step = CompiledStep(with: optimizer) { inputs in
          valueAndGradient(of: model) { $0(inputs[0]).square().mean() }.gradients
        }
        for index in 1...60 {
          try step([x])
          guard index % 20 == 0 else { continue }
          let predictor = try Predictor(model)
          let answer = try predictor(x).values()
          shared.answers.withLock { $0.append(answer) }
          shared.snapshots.withLock { $0.append(predictor) }
        }
        return []
      }
      for _ in 0..<64 {
        group.addTask {
          let predictor = shared.snapshots.withLock { $0.randomElement() }
          var answer: [Float] = []
          for _ in 0..<5 {
            guard let found = try predictor?(x).values() else { return [] }
            if !answer.isEmpty { #expect(found == answer) }
            answer = found
          }
          return answer
        }
      }
      var found: [[Float]] = []
      for try await answer in group where !answer.isEmpty { found.append(answer) }
      #expect(found.count == 64)
      let known = shared.answers.withLock { $0 }
      for answer in found { #expect(known.contains(answer)) }
    }
  }
}

/// The difference of two results in single precision, relative to the second.
func relative(_ found: [Float], _ expected: [Float]) -> Double {
  relativeDifference(found, expected.map { Double($0) })
}
