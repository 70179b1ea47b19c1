// Made by tools/make_listings.py from Sources/Backprop/Backprop.docc/YourFirstNetwork.md, where changes belong.
import Backprop
import Testing

@Suite struct YourFirstNetworkListings {
  @Test func listing() throws {
    let data = try ImageDataset.named("digits")
    print("\(data.train.count) images to train on, \(data.test.count) to test with, each \(data.imageShape)")
    expectPrinted("1438 images to train on, 359 to test with, each [1, 8, 8]")
    let first = data.test.batches(of: 5)[0]
    print(first.images.shape, first.labels)
    expectPrinted("[5, 1, 8, 8] Tensor [5] int32 […]")

    let model = Random.$current.withValue(Random(seed: 0)) {
      Sequential {
        Flatten()
        Dense(64, 32, activation: .relu)
        Dense(32, 10)
      }
    }
    for (name, parameter) in model.parameters { print(name, parameter.shape) }
    expectPrinted(
      "layers.1.weight [64, 32]",
      "layers.1.bias [32]",
      "layers.2.weight [32, 10]",
      "layers.2.bias [10]")

    let untrained = try evaluateClassifier(model, on: data.test)
    print("loss \(untrained.loss), accuracy \(untrained.accuracy)")
    expectPrinted("loss 2.…, accuracy 0.…")

    let optimizer = Adam(for: model, learningRate: 3e-3)
    var random = SeededGenerator(seed: 0)
    for epoch in 1...10 {
      for batch in data.train.batches(of: 32, shuffledBy: &random) {
        let (_, gradients) = valueAndGradient(of: model) { network in
          crossEntropy(logits: network(batch.images), labels: batch.labels)
        }
        try optimizer.update(along: gradients)
      }
      let result = try evaluateClassifier(model, on: data.test)
      print("epoch \(epoch): loss \(result.loss), accuracy \(result.accuracy)")
    }
    expectPrinted("epoch 10: loss 0.1…, accuracy 0.9…")

    let predictor = try Predictor(model)
    let probabilities = try predictor(first.images).softmax()  // [5, 10]
    print(probabilities.argmax(), first.labels)

    #expect(probabilities.shape == [5, 10])

    let description = try ModelDescription.image("cnn", for: data)
    let convolutional = try description.makeModel()
    let trainer = Trainer(epochs: 3, schedule: .cosine)
    let result = try trainer.train(
      convolutional, with: Adam(for: convolutional, learningRate: 2e-3), on: data.train, evaluatingOn: data.test)
    print("\(result.steps) steps, accuracy \(result.evaluation?.metrics["accuracy"] ?? 0)")
    expectPrinted("69 steps, accuracy 0.…")

    let folder = try TemporaryFolder()
    defer { folder.remove() }

    try description.save(convolutional, to: folder.path("digits-model"))
    let (_, loaded) = try ModelDescription.load(from: folder.path("digits-model"))
    print(try evaluateClassifier(loaded, on: data.test).accuracy == result.evaluation?.metrics["accuracy"])
    expectPrinted("true")
  }
}
