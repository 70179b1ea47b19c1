import ArgumentParser
import Backprop

struct TrainImageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image",
    abstract: "Trains a classifier of images.",
    discussion: """
      backprop train image
      backprop train image --data fashion-mnist --epochs 5 --output runs/fashion
      backprop train image --data photos --size 96
      """)

  @Option(
    help: """
      \(ImageDataset.knownNames.joined(separator: ", ")), a folder of pictures with a subfolder for each class, or a \
      folder of IDX files (default: digits).
      """)
  var data: String?

  @Option(
    parsing: .unconditional,
    help: "Rows and columns of each picture (default: their own where all are equal and small, otherwise 64).")
  var size: Int?

  @Flag(help: "Ends where a picture cannot be read, in place of leaving it out.")
  var strict = false

  @Option(help: "\(ModelDescription.kindNames.joined(separator: ", ")) (default: cnn).")
  var model: String?

  @OptionGroup(title: "Training") var training: TrainingOptions
  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      try requirePath(data, "--data")
      try require(size, "--size", in: 1...4096)
      if let model, !ModelDescription.kindNames.contains(model) {
        throw RequestError.unknown("model", model, known: ModelDescription.kindNames)
      }
    }
  }

  mutating func run() throws {
    var session = try TrainingSession(.image, training, common)
    try session.resolved.resolve("data", &data, default: "digits")
    try session.resolved.resolve("model", &model, default: "cnn")
    try session.resolved.resolve("size", &size)
    let preparation = PicturePreparation(size: size.map { PicturePreparation.Size(height: $0, width: $0) })
    let dataset = try RequestError.whenFailing {
      try ImageDataset.named(data ?? "", allowsPipes: !training.resume, preparedBy: preparation, isStrict: strict)
    }
    if dataset.survey == nil, size != nil {
      throw RequestError("--size is for folders of pictures; the images of \(dataset.name) have a size of their own")
    }
    if !training.quiet { dataset.survey?.lines().forEach(Console.note(line:)) }
    try training.resolve(
      &session.resolved, default: .image(ModelDescription.Kind(rawValue: model ?? ""), count: dataset.train.count))
    try Random.$current.withValue(Random(seed: session.seed)) { try train(session, dataset) }
  }

  private func train(_ session: TrainingSession, _ dataset: ImageDataset) throws {
    let model = model ?? ""
    let description = try RequestError.whenFailing { try ModelDescription.image(model, for: dataset) }
    try session.checkCheckpoint(description)
    let network = try RequestError.whenFailing { try description.makeModel() }
    let optimizer = try training.makeOptimizer(for: network)
    let task = try ImageTask(
      network, on: dataset.train, evaluatingOn: dataset.test,
      batchSize: training.batchSize ?? 64, seed: session.seed)
    let outcome = try session.train(
      task, with: optimizer, by: training.makeTrainer(), callbacks: training.makeCallbacks(),
      name: "image-\(model)-\(dataset.name)",
      summary: "\(model) with \(parameterCount(of: network).grouped) parameters on \(dataset.name): "
        + "\(dataset.train.count.grouped) images, \(dataset.test.count.grouped) to test; \(Engine.description)"
    ) { run in try run.save(network, description) }
    try outcome.report(asJSON: common.json, unit: "examples", classNames: dataset.classNames)
  }
}

extension TrainingOptions.Defaults {
  /// The defaults for a network and so many images.
  fileprivate static func image(_ kind: ModelDescription.Kind?, count: Int) -> TrainingOptions.Defaults {
    let isSmall = count < 10_000
    var defaults = TrainingOptions.Defaults(epochs: isSmall ? 30 : 5, batchSize: isSmall ? 32 : 64)
    switch kind {
    case .lstm, .gru: (defaults.learningRate, defaults.clipNorm) = (3e-3, 1)
    case .rnn: defaults.clipNorm = 1
    case .attention: (defaults.learningRate, defaults.warmupSteps) = (2e-3, 100)
    case .mlp, .cnn, .resnet20, nil: break
    }
    return defaults
  }
}
