// Made by tools/make_listings.py from README.md, where changes belong.
import Backprop
import Foundation
import Testing

@Suite struct ReadmeListings {
  @Test func imagesListing() throws {
    let data = try ImageDataset.named("digits")
    let model = Sequential {
      Conv2D(1, 16, kernelSize: 3, padding: .same, activation: .relu)
      MaxPool2D(2)
      Flatten()
      Dense(16 * 4 * 4, 10)
    }
    let optimizer = Adam(for: model, learningRate: 3e-3)
    var random = SeededGenerator(seed: 0)
    for batch in data.train.batches(of: 32, shuffledBy: &random) {
      let (loss, gradients) = valueAndGradient(of: model) {
        crossEntropy(logits: $0(batch.images), labels: batch.labels)
      }
      try optimizer.update(along: gradients)  // everything is computed here
      print(try loss.scalar())
    }

    #expect(try evaluateClassifier(model, on: data.test).accuracy > 0.7)
  }

  @Test func textListing() throws {
    let line = "It was the best of times, it was the worst of times, it was the age of wisdom.\n"
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try String(repeating: line, count: 100).write(toFile: folder.path("book.txt"), atomically: true, encoding: .utf8)

    let data = try TextDataset.named(folder.path("book.txt"), tokenizer: .character)
    let vocabulary = data.tokenizer.vocabularySize
    let model = try LanguageModelDescription(kind: .lstm, vocabulary: vocabulary, width: 32, layers: 2).makeModel()
    let optimizer = Adam(for: model, learningRate: 3e-3, clipNorm: 1)
    let task = try TextTask(model, on: data.train, evaluatingOn: data.validation, context: 64, batchSize: 32)
    let result = try Trainer(epochs: 5, schedule: .cosine).train(task, with: optimizer)
    print(result.evaluation?.loss ?? .nan)  // nats a token, on the validation set
    let generator = try TextGenerator(model, data.tokenizer, prompt: "It was", seed: 1)
    let ids = try (0..<300).map { _ in try generator.next() }
    print(try data.tokenizer.text(of: ids))

    #expect(result.evaluation?.loss ?? 10 < 3)
    #expect(ids.count == 300)
  }
}
