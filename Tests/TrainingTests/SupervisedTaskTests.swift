import Datasets
import NeuralNetworks
import Tensors
import Testing

@testable import Training

@Suite struct SupervisedTaskTests {
  private func value(_ objective: Objective, _ outputs: Tensor, _ targets: Tensor) throws -> Double {
    try objective.loss(outputs, targets).number()
  }

  private func metrics(_ objective: Objective, _ batches: [(Tensor, Tensor)]) throws -> [String: Double] {
    var measurement = objective.makeMeasurement()
    for (outputs, targets) in batches { try measurement.add(outputs, targets) }
    return measurement.metrics
  }

  // MARK: Losses and metrics, by hand

  @Test func classification() throws {
    let logits = Tensor([2, 0, 0, 3, 1, 1], shape: [3, 2])
    let labels = Tensor([0, 1, 0] as [Int32], shape: [3])
    // ln(1 + e⁻²), ln(1 + e⁻³), ln 2.
    let expected = (0.126928011 + 0.048587352 + 0.693147181) / 3
    #expect(abs(try value(.classification, logits, labels) - expected) < 1e-6)
    #expect(try metrics(.classification, [(logits, labels)])["accuracy"] == 1)
  }

  @Test func regression() throws {
    let (first, second) = (Tensor([1, 2], shape: [2]), Tensor([4], shape: [1]))
    let found = try metrics(
      .regression, [(first, Tensor([2, 2], shape: [2])), (second, Tensor([6], shape: [1]))])
    #expect(abs(found["MAE"]! - 1) < 1e-12 && abs(found["RMSE"]! - (5.0 / 3).squareRoot()) < 1e-12)
    // The squares are 1, 0 and 4; those about the mean of 10 / 3 are 16 / 9, 16 / 9 and 64 / 9.
    #expect(abs(found["R²"]! - (1 - 5 / (96.0 / 9))) < 1e-12)
    #expect(objectiveFails(.regression, first, second))
  }

  private func objectiveFails(_ objective: Objective, _ outputs: Tensor, _ targets: Tensor) -> Bool {
    objective.loss(outputs, targets).failure != nil
  }

  @Test func multiLabel() throws {
    let logits = Tensor([0, 2, -3, 40], shape: [2, 2])
    let targets = Tensor([1, 0, 0, 1], shape: [2, 2])
    // ln 2, 2 + ln(1 + e⁻²), ln(1 + e⁻³), 0.
    let expected = (0.693147181 + 2.126928011 + 0.048587352) / 4
    #expect(abs(try value(.multiLabel, logits, targets) - expected) < 1e-6)
    // Predicted: no, yes, no, yes. One of three right that are or were predicted to be so.
    let found = try metrics(.multiLabel, [(logits, targets)])
    #expect(found == ["accuracy": 0.5, "precision": 0.5, "recall": 0.5, "F1": 0.5])
    #expect(objectiveFails(.multiLabel, logits, Tensor([1, 0], shape: [2])))
  }

  /// What lies in the padding touches nothing, whatever it is.
  @Test func sequenceLabeling() throws {
    let logits = Tensor([2, 0, 0, 3, 9, .infinity, 1, 1, -9, 9, 5, 5], shape: [2, 3, 2])
    let labels = Tensor([0, 1, -1, 0, -7, -1] as [Int32], shape: [2, 3])
    let expected = (0.126928011 + 0.048587352 + 0.693147181) / 3
    let finite = Tensor([2, 0, 0, 3, 9, -9, 1, 1, -9, 9, 5, 5], shape: [2, 3, 2])
    #expect(abs(try value(.sequenceLabeling, finite, labels) - expected) < 1e-6)
    #expect(try metrics(.sequenceLabeling, [(logits, labels)])["accuracy"] == 1)
    #expect(objectiveFails(.sequenceLabeling, logits, Tensor([0, 1] as [Int32], shape: [2])))
    // Nothing that counts: a loss of 0.
    let none = Tensor([-1, -1, -1, -1, -1, -1] as [Int32], shape: [2, 3])
    #expect(try value(.sequenceLabeling, finite, none) == 0)
    #expect(try metrics(.sequenceLabeling, [(finite, none)]) == [:])
  }

  @Test func oneOfOnesOwn() throws {
    let objective = Objective {
      ($0 - $1).abs().mean()
    } measuring: {
      ["bias": ($0 - $1).mean()]
    }
    let (outputs, targets) = (Tensor([1, 5], shape: [2]), Tensor([2, 2], shape: [2]))
    #expect(try value(objective, outputs, targets) == 2)
    let other = (Tensor([4], shape: [1]), Tensor([0], shape: [1]))
    // (2 · 1 + 4) / 3: each example counts the same.
    #expect(try metrics(objective, [(outputs, targets), other]) == ["bias": 2])
  }

  // MARK: Trainings

  /// Points of a square; whether x is above y, and which quarter they are in.
  private static let points = GeneratedDataset(count: 200) { index in
    var generator = SeededGenerator(seed: UInt64(index))
    return (0..<2).map { _ in Float(generator.next() >> 40) / Float(1 << 23) - 1 }
  }

  private static func inputs(_ points: [[Float]]) -> Tensor { Tensor(points.flatMap { $0 }, shape: [points.count, 2]) }

  private func network(outputs: Int) -> Sequential {
    Random.$current.withValue(Random(seed: 1)) {
      Sequential {
        Dense(2, 32, activation: .relu)
        Dense(32, outputs)
      }
    }
  }

  private func trained(
    _ objective: Objective, outputs: Int, _ dtype: DType = .float32,
    _ targets: @escaping @Sendable ([[Float]]) -> Tensor
  ) throws -> (first: [String: Double], last: [String: Double]) {
    let model = try network(outputs: outputs).copy(as: dtype)
    let (train, validation) = try Self.points.split(validationFraction: 0.2, seed: 0)
    let task = try SupervisedTask(
      model, on: train, evaluatingOn: validation, for: objective, batchSize: 16
    ) { points in LabeledBatch(inputs: Self.inputs(points), targets: targets(points)) }
    #expect(task.stepsPerEpoch == 10)
    let first = try #require(try task.evaluate()).metrics
    let result = try Trainer(epochs: 40).train(task, with: Adam(for: model, learningRate: 0.02))
    return (first, try #require(result.evaluation).metrics)
  }

  @Test(arguments: [DType.float32, .float64]) func learnsClasses(dtype: DType) throws {
    let (_, last) = try trained(.classification, outputs: 2, dtype) { points in
      Tensor(points.map { $0[0] > $0[1] ? 1 : 0 } as [Int32], shape: [points.count])
    }
    #expect(last["accuracy"]! > 0.9)
  }

  @Test func learnsNumbers() throws {
    let (first, last) = try trained(.regression, outputs: 1) { points in
      Tensor(points.map { $0[0] * $0[1] }, shape: [points.count, 1])
    }
    #expect(last["R²"]! > 0.9 && last["MAE"]! < first["MAE"]!)
  }

  @Test func learnsSeveralLabels() throws {
    let (_, last) = try trained(.multiLabel, outputs: 2) { points in
      Tensor(points.flatMap { [$0[0] > 0 ? 1 : 0, $0[1] > 0 ? 1 : 0] }, shape: [points.count, 2])
    }
    #expect(last["F1"]! > 0.9)
  }

  @Test func withoutExamplesItIsAnError() throws {
    let model = network(outputs: 1)
    func task(_ count: Int, _ size: Int) throws -> SupervisedTask {
      try SupervisedTask(
        model, on: ArrayDataset([Float](repeating: 0, count: count)), for: .regression, batchSize: size
      ) {
        LabeledBatch(inputs: Tensor($0, shape: [$0.count]), targets: Tensor($0, shape: [$0.count]))
      }
    }
    for (count, size) in [(0, 1), (3, 0), (3, -1)] { #expect(throws: DataError.self) { try task(count, size) } }
    // A shape that does not fit the network is a sentence.
    #expect(throws: (any Error).self) { try Trainer(epochs: 1).train(task(3, 1), with: Adam(for: model)) }
    #expect(throws: TrainingError.self) { try task(3, 1).record(StepInputs([], examples: 0)) }
  }
}
