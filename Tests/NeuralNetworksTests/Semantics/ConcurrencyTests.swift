import Foundation
import NeuralNetworks
import Synchronization
import Testing

@testable import Tensors

/// Plans run at the same time; those that share a variable that one of them writes follow each other.
@Suite struct ConcurrencyTests {
  private static func network(_ seed: UInt64) -> Sequential {
    Random.$current.withValue(Random(seed: seed)) {
      Sequential {
        Dense(20, 30, activation: .relu)
        BatchNorm(30)
        Dense(30, 5)
      }
    }
  }

  private static func train(_ seed: UInt64, steps: Int = 40) throws -> [[Float]] {
    let random = Random(seed: seed + 100)
    let model = network(seed)
    let optimizer = Adam(for: model, learningRate: 0.01)
    let step = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { $0(inputs[0]).square().mean() }.gradients
    }
    for _ in 0..<steps {
      try step([Tensor(try random.normal(count: 640), shape: [32, 20])])
    }
    return try model.parameters.map { try $0.parameter.variable().values() }
  }

  /// Each gives the bits that it gives alone, with as many threads.
  @Test(arguments: [1, 2]) func trainingsAtTheSameTimeDoNotMeet(threads: Int) throws {
    let alone = try Threads.withCount(threads) { try (0..<4).map { try Self.train($0) } }
    let found = Mutex([[[Float]]](repeating: [], count: 4))
    DispatchQueue.concurrentPerform(iterations: 4) { index in
      let values = (try? Threads.withCount(threads) { try Self.train(UInt64(index)) }) ?? []
      found.withLock { $0[index] = values }
    }
    #expect(found.withLock { $0 } == alone)
  }

  /// Gradients are recorded of one set of leaves, though an update replaces them meanwhile.
  @Test func gradientsAreFoundWhileAnotherThreadTrains() throws {
    let model = Self.network(7)
    let x = Tensor(try Random(seed: 8).normal(count: 640), shape: [32, 20])
    let isDone = Atomic(false)
    let missing = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 2) { index in
      if index == 0 {
        let step = CompiledStep(with: Adam(for: model, learningRate: 0.01)) { inputs in
          valueAndGradient(of: model) { $0(inputs[0]).square().mean() }.gradients
        }
        for _ in 0..<300 { _ = try? step([x]) }
        isDone.store(true, ordering: .relaxed)
        return
      }
      while !isDone.load(ordering: .relaxed) {
        let (_, gradients) = valueAndGradient(of: model) { $0(x).square().mean() }
        if model.parameters.contains(where: { gradients[$0.parameter] == nil }) {
          missing.wrappingAdd(1, ordering: .relaxed)
        }
      }
    }
    #expect(missing.load(ordering: .relaxed) == 0)
  }

  @Test func aTaskHasThreadsOfItsOwn() async throws {
    let before = Threads.count
    await Threads.withCount(1) {
      #expect(Threads.count == 1)
      await Task { #expect(Threads.count == 1) }.value
    }
    #expect(Threads.withCount(-3) { Threads.count } == 1)
    #expect(Threads.count == before)
  }

  /// Whoever reads a variable finds all of one assignment, also where it is written in place.
  @Test func valuesAreThoseOfOneAssignment() throws {
    let count = 300_000
    let variable = try Variable([Float](repeating: 0, count: count), shape: [count], name: "v")
    let torn = Mutex(0)
    let isDone = Atomic(false)
    DispatchQueue.concurrentPerform(iterations: 4) { index in
      if index == 0 {
        for step in 1...60 {
          try? evaluate([], assigning: [(variable, Tensor.full([count], 0) + Float(step))])
        }
        isDone.store(true, ordering: .releasing)
      }
      while !isDone.load(ordering: .acquiring) {
        let values = index == 1 ? try? variable.values() : try? (variable.tensor * 1.5).values()
        if let values, values.contains(where: { $0 != values[0] }) { torn.withLock { $0 += 1 } }
      }
    }
    #expect(torn.withLock { $0 } == 0)
    #expect(try variable.values()[0] == 60)
  }

  /// Two graphs that assign each other's variable: one after the other, never half of each.
  @Test func runsThatShareAVariableFollowEachOther() throws {
    let count = 10_000
    let first = try Variable([Float](repeating: 1, count: count), shape: [count], name: "a")
    let second = try Variable([Float](repeating: 2, count: count), shape: [count], name: "b")
    let graphs = try [(first, second), (second, first)].map { from, to in
      try CompiledGraph(computing: [], assigning: [(to, from.tensor + 1)], inputs: [])
    }
    DispatchQueue.concurrentPerform(iterations: 2) { index in
      for _ in 0..<200 { _ = try? graphs[index].run([]) }
    }
    for variable in [first, second] {
      let values = try variable.values()
      #expect(values.allSatisfy { $0 == values[0] })
    }
  }

  @Test func oneTensorIsComputedByMany() throws {
    let x = Tensor((0..<1000).map(Float.init), shape: [1000])
    let y = (x * 2 + 1).sum()
    let found = Mutex<[Float]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      let value = (try? y.scalar()) ?? .nan
      found.withLock { $0.append(value) }
    }
    #expect(found.withLock { $0 } == [Float](repeating: 1_000_000, count: 8))
  }
}
