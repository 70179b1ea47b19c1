import Datasets
import Models
import NeuralNetworks
import Tensors
import Testing

@testable import Training

/// Invalid arguments of data sets, evaluation and generation: each ends in a sentence.
@Suite struct HostileDataTests {
  private static let numbers = [Int.min, -(1 << 42), -1, 0, 1, 2, 3, 1 << 42, Int.max / 2 + 1, Int.max]

  private static func images(labels: [Int32] = [0, 1, 1]) throws -> ImageSet {
    try ImageSet(pixels: (0..<UInt8(4 * labels.count)).map { $0 }, labels: labels, imageShape: [1, 2, 2])
  }

  private static let lines = Result { try TextDataset.numbers(tokenizer: .byte) }
  private static func text() throws -> TextDataset { try lines.get() }
  private static func model(vocabulary: Int) throws -> any LanguageModel {
    try LanguageModelDescription(kind: .rnn, vocabulary: vocabulary, context: 8, width: 4, layers: 1).makeModel()
  }

  private static func outcome(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return "\(error)"
    }
  }

  private static func isSentence(_ text: String) -> Bool {
    text.count > 15 && text.contains(" ") && !["Optional(", "Error(", "internal error"].contains { text.contains($0) }
  }

  private static let numbered: [(String, @Sendable (Int) throws -> Void)] = [
    ("image", { _ = try images()[$0] }),
    ("subset", { _ = try images().subset([0, $0]) }),
    ("batches", { _ = try images().batches(of: $0).map(\.images).map { try $0.values() } }),
    (
      "batch",
      { n in
        let batch = try images().batches(of: 2)[n]
        _ = (try batch.images.values(), try batch.labels.values(as: Int32.self))
      }
    ),
    ("image shape", { _ = try ImageSet(pixels: [], labels: [], imageShape: [$0, $0, 1]) }),
    ("labels", { _ = try ImageSet(pixels: [0], labels: [Int32(clamping: $0)], imageShape: [1, 1, 1]) }),
    (
      "class names",
      { n in
        let set = try images(labels: [0, Int32(clamping: max(n, 0)), 1])
        _ = try ImageDataset(name: "d", train: set, test: set, classNames: ["a", "b"])
      }
    ),
    (
      "random windows",
      { n in
        let text = try Self.text().train
        _ = try text.randomWindows(context: n, batchSize: 2, seed: 1, step: 0)
        _ = try text.randomWindows(context: 2, batchSize: n, seed: 1, step: 0)
        _ = try text.randomWindows(context: 2, batchSize: 2, seed: 1, step: n)
      }
    ),
    ("random batch", { _ = try Self.text().train.randomWindows(context: 2, batchSize: $0, seed: 1, step: 0) }),
    ("random step", { _ = try Self.text().train.randomWindows(context: 2, batchSize: 2, seed: 1, step: $0) }),
    ("random steps", { _ = try Self.text().train.randomStepsPerEpoch(context: 2, batchSize: $0) }),
    ("stream", { _ = try Self.text().train.streamWindows(context: $0, batchSize: 2, step: 1) }),
    ("stream's batch", { _ = try Self.text().train.streamWindows(context: 2, batchSize: $0, step: 1) }),
    ("stream's step", { _ = try Self.text().train.streamWindows(context: 2, batchSize: 2, step: $0) }),
    (
      "evaluation",
      { n in
        let windows = try Self.text().validation.evaluationWindows(context: n, batchSize: n)
        guard n > 3 else { return }
        for batch in windows { _ = batch.count }
      }
    ),
    ("ids", { _ = try Self.text().train.ids(in: $0 - ($0 == .min ? 0 : 1)..<$0) }),
    (
      "byte pairs",
      { n in
        guard n < 256 || n > 1_000_000 else { return }
        _ = try BytePairTokenizer.train(on: "a text", vocabularySize: n)
      }
    ),
    ("number's name", { _ = try NumberGrammar.line(of: $0) }),
    ("score", { _ = NumberGrammar.score("12 twelve\n99999999999999999999999 x\n", below: $0) }),
    (
      "decode",
      { n in
        let id = Int32(clamping: n)
        _ = try CharacterTokenizer(text: "ab").decode([id])
        _ = try ByteTokenizer().decode([id])
      }
    ),
    (
      "confusion matrix",
      { n in
        var matrix = try ConfusionMatrix(classes: n)
        try matrix.record(truth: n, prediction: 0)
        _ = (matrix.total, matrix.accuracy)
      }
    ),
    (
      "confusion",
      { n in
        var matrix = try ConfusionMatrix(classes: 2)
        try matrix.record(truth: 0, prediction: n)
        try matrix.grow(to: n)
      }
    ),
    (
      "evaluating",
      {
        _ = try evaluateClassifier(
          Sequential {
            Flatten()
            Dense(4, 2)
          }, on: images(), batchSize: $0)
      }
    ),
    (
      "classifying",
      {
        _ = try classify(
          images().batches(of: 3)[0].images,
          with: Sequential {
            Flatten()
            Dense(4, 2)
          }, top: $0)
      }
    ),
    (
      "image task",
      { n in
        let task = try ImageTask(
          Sequential {
            Flatten()
            Dense(4, 2)
          }, on: images(), batchSize: n)
        for step in [0, 1, n] { _ = try task.record(step: step).loss.scalar() }
      }
    ),
    (
      "text task",
      { n in
        let text = try Self.text()
        let model = try Self.model(vocabulary: text.tokenizer.vocabularySize)
        _ = try TextTask(model, on: text.train, context: n, batchSize: 2).record(step: 0).loss.scalar()
      }
    ),
    (
      "text task's batch",
      { n in
        let text = try Self.text()
        let model = try LanguageModelDescription(
          kind: .mlp, vocabulary: text.tokenizer.vocabularySize, context: 2, width: 4
        ).makeModel()
        _ = try TextTask(model, on: text.train, context: 2, batchSize: n).record(step: 0).loss.scalar()
      }
    ),
    (
      "text evaluation",
      { n in
        guard n < 1 else { return }
        let text = try Self.text()
        _ = try evaluateLanguageModel(model(vocabulary: text.tokenizer.vocabularySize), on: text.validation, context: n)
      }
    ),
    (
      "training",
      { n in
        let model = Sequential {
          Flatten()
          Dense(4, 2)
        }
        for trainer in [
          Trainer(epochs: min(n, 2), steps: n), Trainer(epochs: 1, evaluationInterval: n),
          Trainer(epochs: 1, logInterval: n), Trainer(epochs: 1, checkpointSteps: n), Trainer(epochs: n, steps: 2),
          Trainer(epochs: 1, schedule: .cosine.warmedUp(for: n)),
        ] {
          let set = try images()
          let error = outcome { _ = try trainer.train(model, with: Adam(for: model), on: set, batchSize: 2) }
          #expect(error.map(isSentence) ?? true, "\(trainer): \(error ?? "")")
        }
        for callback: any TrainingCallback in [
          EarlyStopping(patience: n), EarlyStopping(patience: 1, watching: .loss(leastGain: Double(n))),
          BestWeights(watching: WatchedMetric("\(n)", .higherIsBetter)), PlateauSchedule(factor: Double(n)),
          PlateauSchedule(patience: n, cooldown: n, leastFactor: Double(n)),
        ] {
          let set = try images()
          let error = outcome {
            _ = try Trainer(epochs: 2).train(
              model, with: Adam(for: model), on: set, batchSize: 2, callbacks: [callback])
          }
          #expect(error.map(isSentence) ?? true, "\(callback): \(error ?? "")")
        }
      }
    ),
    (
      "sampling",
      { n in
        var generator = SeededGenerator(seed: 1)
        let sampling = Sampling(
          temperature: Double(n), topK: n, topP: Double(n), minP: Double(n), repetitionPenalty: Double(n))
        _ = sampling.draw(from: [1, 2], recent: [Int32(clamping: n)], using: &generator)
        _ = try TextGenerator(model(vocabulary: 256), ByteTokenizer(), prompt: "a", sampling: sampling, seed: 1)
      }
    ),
    ("beams", { _ = try beamSearch(model(vocabulary: 256), ByteTokenizer(), prompt: "a", tokens: 2, beams: $0) }),
    (
      "beams' tokens",
      { n in
        guard n < 4 else { return }
        _ = try beamSearch(model(vocabulary: 256), ByteTokenizer(), prompt: "a", tokens: n, beams: 2)
      }
    ),
  ]

  @Test(arguments: numbered.indices) func noNumberTraps(index: Int) {
    let (name, body) = Self.numbered[index]
    for number in Self.numbers {
      let text = Self.outcome { try body(number) }
      #expect(text.map(Self.isSentence) ?? true, "\(name) \(number): \(text ?? "")")
    }
  }

  private static let wrong: [(String, @Sendable () throws -> Void)] = [
    ("a batch that is not there", { _ = try images().batches(of: 2)[99].images.values() }),
    ("its labels", { _ = try images().batches(of: 2)[99].labels.values(as: Int32.self) }),
    ("an image that is not there", { _ = try images().subset([99_999]) }),
    ("an image before the first", { _ = try images()[-1] }),
    (
      "a class of Int.max",
      {
        var matrix = try ConfusionMatrix(classes: 2)
        try matrix.record(truth: .max, prediction: 0)
      }
    ),
    ("a million classes", { _ = try ConfusionMatrix(classes: 1 << 30) }),
    ("byte pairs of a text", { _ = try TextDataset.numbers(tokenizer: .bytePair(vocabularySize: -5)) }),
    ("a fraction of a text", { _ = try TextDataset.numbers(validationFraction: .nan) }),
    ("a fraction of images", { _ = try images().split(validationFraction: .nan, seed: 1) }),
    ("a deviation of 0", { _ = try Standardization(mean: [0], standardDeviation: [0]) }),
    (
      "a final fraction",
      {
        let model = Sequential {
          Flatten()
          Dense(4, 2)
        }
        _ = try Trainer(epochs: 1, schedule: .linear(to: .nan))
          .train(model, with: Adam(for: model), on: images())
      }
    ),
  ]

  @Test(arguments: wrong.indices) func endsInASentence(index: Int) throws {
    let (name, body) = Self.wrong[index]
    let text = try #require(Self.outcome(body), "no error: \(name)")
    #expect(Self.isSentence(text), "\(name): \(text)")
  }

  /// A label that is not a class is named with its position and the number of classes, in evaluation and in training.
  @Test func aLabelThatIsNoClassIsNamed() throws {
    let model = Sequential {
      Flatten()
      Dense(4, 10)
    }
    let set = try Self.images(labels: [3, 9, 200_000])
    let before = try model.parameters.map { try $0.parameter.tensor.values() }
    for body in [
      { _ = try evaluateClassifier(model, on: set) },
      { _ = try Trainer(epochs: 1).train(model, with: Adam(for: model), on: set) },
    ] as [() throws -> Void] {
      let text = try #require(Self.outcome(body), "no error")
      #expect(text.contains("label of image 2 is 200000") && text.contains("10 classes"), "\(text)")
      #expect(!text.contains("learning rate"), "\(text)")
    }
    #expect(try model.parameters.map { try $0.parameter.tensor.values() } == before)
  }

  /// The data of a custom task.
  private struct OwnTask: CompilableTask {
    let model: any Layer
    let inputs: [Tensor]
    let loss: @Sendable (any Layer, [Tensor]) -> Tensor
    let stepsPerEpoch = 1
    func inputs(ofStep step: Int) -> StepInputs { StepInputs(inputs, examples: 1) }
    func record(_ inputs: StepInputs) -> RecordedStep { record(model, inputs) }
    private func record<Model: Layer>(_ model: Model, _ inputs: StepInputs) -> RecordedStep {
      RecordedStep(gradients: valueAndGradient(of: model) { loss($0, inputs.tensors) }.gradients, examples: 1)
    }
    func evaluate() -> Evaluation? { nil }
  }

  /// Also where a custom task gives the labels, and for the indices of an embedding.
  @Test func anIndexThatIsNoneIsNamed() throws {
    let labels = OwnTask(
      model: Dense(2, 3), inputs: [.ones([2, 2]), Tensor([0, 7] as [Int32], shape: [2])],
      loss: { crossEntropy(logits: $0($1[0]), labels: $1[1]) })
    let indices = OwnTask(
      model: Embedding(4, 2), inputs: [Tensor([3, 0, -1] as [Int32], shape: [3])], loss: { $0($1[0]).square().sum() })
    for (task, expected) in [
      (labels, "label 7 at position 1 of the data of step 1 is none of the 3 classes"),
      (indices, "index -1 at position 2 of the data of step 1 is none of the 4 rows"),
    ] {
      let text = try #require(Self.outcome { _ = try Trainer(epochs: 1).train(task, with: Adam(for: task.model)) })
      #expect(text.contains(expected) && !text.contains("learning rate"), "\(text)")
    }
  }

  /// A tokenizer with more tokens than the model is named before anything is read, rather than the valid weights.
  @Test func aTokenizerThatIsTooLargeIsNamed() throws {
    let model = try Self.model(vocabulary: 50)
    let text = try Self.text()
    for body in [
      { _ = try TextGenerator(model, ByteTokenizer(), prompt: "a", seed: 1) },
      { _ = try beamSearch(model, ByteTokenizer(), prompt: "a", tokens: 1, beams: 1) },
      { _ = try TextTask(model, on: text.train, context: 8, batchSize: 2) },
      { _ = try evaluateLanguageModel(model, on: text.validation, context: 8) },
    ] as [() throws -> Void] {
      let message = try #require(Self.outcome(body), "no error")
      #expect(message.contains("256 tokens") && message.contains("50"), "\(message)")
    }
  }
}
