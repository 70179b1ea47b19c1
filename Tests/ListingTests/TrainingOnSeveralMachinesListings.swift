// Made by tools/make_listings.py from Sources/Backprop/Backprop.docc/TrainingOnSeveralMachines.md, where changes belong.
import Backprop
import Testing

@Suite struct TrainingOnSeveralMachinesListings {
  @Test func listing() throws {
    let model = Sequential {
      Flatten()
      Dense(4, 2)
    }
    let labels: [Int32] = [0, 1, 1, 0, 1, 0, 0, 1]
    let images = try ImageSet(pixels: (0..<32).map { $0 * 7 }, labels: labels, imageShape: [1, 2, 2])
    let data = (train: images, test: images)

    let processes = try Distributed.world()
    let task = try ImageTask(model, on: data.train, batchSize: 4, over: processes)
    let result = try Trainer(epochs: 5).train(task, with: Adam(for: model))
    if processes.rank == 0 { print("accuracy \(result.accuracy ?? 0)") }
    Distributed.end()

    #expect(result.steps == 10)
    let optimizer = Adam(for: model)
    let batches = data.train.batches(of: 4)

    try processes.broadcast(model.parameters.map { try $0.parameter.variable() })
    for batch in batches {
      let (_, gradients) = valueAndGradient(of: model) {
        crossEntropy(logits: $0(batch.images), labels: batch.labels)
      }
      try optimizer.update(along: gradients.averaged(over: processes))
    }

    #expect(optimizer.stepCount == 2)
  }
}
