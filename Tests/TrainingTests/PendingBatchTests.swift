import Datasets
import Models
import NeuralNetworks
import Tensors
import Testing

@testable import Training

/// Batches that are converted while the previous step runs equal those that are converted on demand.
@Suite struct PendingBatchTests {
  /// Four batches of up to 64: enough pixels in each for other threads to begin with.
  private static func makeLargeImages() throws -> ImageSet {
    var generator = SeededGenerator(seed: 1)
    let pixels = (0..<200 * 784).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    return try ImageSet(pixels: pixels, labels: (0..<200).map { Int32($0 % 10) }, imageShape: [1, 28, 28])
  }

  private static func makeTask() throws -> ImageTask {
    let model = Random.$current.withValue(Random(seed: 2)) {
      Sequential {
        Flatten()
        Dense(784, 64, activation: .relu)
        Dense(64, 10)
      }
    }
    return try ImageTask(model, on: makeLargeImages(), batchSize: 64, seed: 3)
  }

  /// The batch of a step, converted at once.
  private static func batch(_ images: ImageSet, _ step: Int) -> ImageBatch {
    var generator = SeededGenerator(seed: 3, stream: UInt64(step / 4))
    return images.batches(of: 64, shuffledBy: &generator)[step % 4]
  }

  @Test func whateverTheOrderOfTheSteps() throws {
    let (task, images) = (try Self.makeTask(), try Self.makeLargeImages())
    #expect(task.stepsPerEpoch == 4)
    for step in [0, 1, 2, 3, 4, 5, 2, 3, 9, 9, 10, 0, 11, 12] {
      let (inputs, expected) = (try task.inputs(ofStep: step), Self.batch(images, step))
      #expect(inputs.examples == expected.count)
      #expect(try inputs.tensors[0].values() == expected.images.values(), "step \(step)")
      #expect(try inputs.tensors[1].values(as: Int32.self) == expected.labels.values(as: Int32.self), "step \(step)")
      // A graph with small kernels, overlapped with the next batch.
      _ = try task.record(inputs).loss.scalar()
    }
  }

  /// The same training with batches that are converted on demand.
  private struct Plain: CompilableTask {
    let task: ImageTask
    let images: ImageSet
    var model: any Layer { task.model }
    var stepsPerEpoch: Int { task.stepsPerEpoch }

    func inputs(ofStep step: Int) -> StepInputs {
      let batch = batch(images, step)
      return StepInputs([batch.images, batch.labels], examples: batch.count)
    }
    func record(_ inputs: StepInputs) throws -> RecordedStep { try task.record(inputs) }
    func evaluate() -> Evaluation? { nil }
  }

  private func bits(_ model: any Layer) throws -> [[UInt32]] {
    try namedVariables(of: model).map { try $0.variable.values().map(\.bitPattern) }
  }

  @Test func trainsToTheSameBits() throws {
    let (task, other) = (try Self.makeTask(), try Self.makeTask())
    let plain = Plain(task: other, images: try Self.makeLargeImages())
    _ = try Trainer(steps: 11).train(task, with: Adam(for: task.model)) { _ in }
    _ = try Trainer(steps: 11).train(plain, with: Adam(for: plain.model)) { _ in }
    #expect(try bits(task.model) == bits(plain.model))
  }

  /// Stopped when the batch of the next step is half converted.
  @Test(arguments: [1, 2, 4, 7]) func goesOnWithTheSameBits(stoppedAfter step: Int) throws {
    let whole = try Self.makeTask()
    _ = try Trainer(steps: 11).train(whole, with: Adam(for: whole.model)) { _ in }
    let (first, second) = (try Self.makeTask(), try Self.makeTask())
    let (optimizer, later) = (Adam(for: first.model), Adam(for: second.model))
    _ = try Trainer(steps: step).train(first, with: optimizer) { _ in }
    var counts = Progress.Counts()
    counts.steps = step
    let checkpoint = try Checkpoint(of: first, optimizer, counts, [])
    _ = try Trainer(steps: 11).train(second, with: later, from: checkpoint) { _ in }
    #expect(try bits(second.model) == bits(whole.model))
  }
}
