import ArgumentParser
import Backprop
import Files

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

  @Option(
    help: """
      How images are varied: none; light, by flips, shifts and erased rectangles; strong, also by crops, random \
      operations and mixed images (default: none).
      """)
  var augment: String?

  @Option(help: "yes or no: whether --augment may mirror images (default: no where the classes are digits or letters).")
  var flips: FlipsFlag?

  @Option(help: "The share of each label that is spread over all classes in training, 0 to 1 (default: 0).")
  var labelSmoothing: Double?

  @Option(help: "A run to begin with the weights of; where the classes differ, the last layer is new.")
  var from: String?

  @Option(
    help: """
      Parameters that stay as they are, such as 'stem.*,blocks.0.*'; 'backprop summary' lists the layers' names (default: \
      none).
      """)
  var freeze: String?

  @OptionGroup(title: "Training") var training: TrainingOptions
  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      try requirePath(data, "--data")
      try requirePath(from, "--from")
      try requirePath(freeze, "--freeze")
      try require(labelSmoothing, "--label-smoothing", "from 0 to 1") { 0...1 ~= $0 }
      try require(size, "--size", in: 1...4096)
      if let model, !ModelDescription.kindNames.contains(model) {
        throw RequestError.unknown("model", model, known: ModelDescription.kindNames)
      }
      let strengths = Augmentation.Strength.allCases.map(\.rawValue)
      if let augment, !strengths.contains(augment) {
        throw RequestError.unknown("augmentation", augment, known: strengths)
      }
    }
  }

  mutating func run() throws {
    var session = try TrainingSession(.image, training, common)
    try session.resolved.resolve("data", &data, default: "digits")
    try session.resolved.resolve("from", &from)
    try session.resolved.resolve("freeze", &freeze)
    let origin = try from.flatMap { path in
      session.hasCheckpoint ? nil : try Run.open(session.place(of: path), for: .image)
    }
    let start = try origin.map { try $0.loadModel().description }
    try session.resolved.resolve("model", &model, default: start?.kind.rawValue ?? "cnn")
    if let freeze {
      // Before all pictures are read; the names of parameters do not depend on them.
      let network = try RequestError.whenFailing {
        try (start ?? .image(model ?? "", inputShape: [3, 64, 64], classes: 2)).makeModel()
      }
      try FineTuning.freeze(network, freeze, isQuiet: true)
    }
    let preparation = try preparation(&session, like: start)
    let dataset = try RequestError.whenFailing {
      try ImageDataset.named(session.place(of: data ?? ""), preparedBy: preparation, isStrict: strict)
    }
    try dataset.survey.map(session.checkUnchanged)
    if dataset.survey == nil, size != nil, start == nil, !training.resume {
      throw RequestError("--size is for folders of pictures; the images of \(dataset.name) have a size of their own")
    }
    if !training.quiet { dataset.survey?.lines().forEach(Console.note(line:)) }
    guard dataset.classNames.count > 1 else {
      let only = dataset.classNames.first.map { ", '\($0.printable)'" } ?? ""
      throw RequestError(
        "\(dataset.name) has one class\(only), so there is nothing to learn; it should have a subfolder for each of two or more"
      )
    }
    let kind = ModelDescription.Kind(rawValue: model ?? "")
    try session.resolved.resolve("augment", &augment, default: Augmentation.Strength.none.rawValue)
    let flips = try resolveFlips(&session, hasGlyphs: dataset.hasGlyphs)
    try session.resolved.resolve("label-smoothing", &labelSmoothing, default: 0)
    try training.resolve(&session.resolved, default: .image(kind, count: dataset.train.count))
    try training.resolveValidation(
      &session.resolved, default: training.patience != nil && dataset.validation == nil ? "0.1" : nil)
    let (split, other) = try splitting(dataset, session)
    let pictures = dataset.survey.map { RunPictures($0, validatedBy: other) }
    try Random.$current.withValue(Random(seed: session.seed)) {
      try train(session, split, pictures, flips, from: origin)
    }
  }

  /// Whether images are flipped, where they are varied. Says so where they are not.
  private mutating func resolveFlips(_ session: inout TrainingSession, hasGlyphs: Bool) throws -> Bool {
    let isVaried = augment != Augmentation.Strength.none.rawValue
    guard isVaried || flips == nil else { throw RequestError("--flips is for --augment light or strong") }
    var name = flips?.rawValue
    try session.resolved.resolve("flips", &name, default: isVaried ? FlipsFlag(for: hasGlyphs).rawValue : nil)
    let flips = name.flatMap(FlipsFlag.init) ?? FlipsFlag(for: hasGlyphs)
    if isVaried, flips == .no, hasGlyphs, !training.quiet { Console.log(FlipsFlag.note) }
    return flips == .yes
  }

  /// How pictures are prepared: as for the network that the training begins with, where they are not to be of another size.
  private mutating func preparation(
    _ session: inout TrainingSession, like start: ModelDescription?
  ) throws -> PicturePreparation {
    let own = try start.map { start in try RequestError.whenFailing { try start.preparation } }
    // Recorded, since a resumed training does not look at that network any more.
    var (width, channels, fit): (Int?, Int?, String?)
    // --size is of both sides, whatever another run has.
    if !training.resume { width = size }
    try session.resolved.resolve("size", &size, default: own?.size.map(\.height))
    try session.resolved.resolve("width", &width, default: own?.size.map(\.width) ?? size)
    try session.resolved.resolve("channels", &channels, default: own?.channels)
    try session.resolved.resolve("fit", &fit, default: own?.fit.rawValue)
    return PicturePreparation(
      channels: channels, size: size.map { PicturePreparation.Size(height: $0, width: width ?? $0) },
      fit: fit.flatMap(PictureFit.init(rawValue:)) ?? PicturePreparation().fit)
  }

  /// The data with the validation set that --validation names, and what is in the folder of that.
  private func splitting(
    _ dataset: ImageDataset, _ session: TrainingSession
  ) throws -> (dataset: ImageDataset, other: PictureSurvey?) {
    guard let flag = try training.validation.map({ try ValidationFlag($0) }) else { return (dataset, nil) }
    let own = dataset.validation.map { "the \($0.count.grouped) images to validate of \(dataset.name)" }
    func note(_ sentence: String) { if !training.quiet { Console.log("note: \(sentence)") } }
    return try RequestError.whenFailing {
      switch flag {
      case .share(0):
        if let own { note("--validation 0 leaves out \(own)") }
        return (dataset.withoutValidation, nil)
      case .share(let share):
        if let own { note("\(own) are added to those to train on, of which a share of \(share) is for validation") }
        return (try dataset.splittingValidation(fraction: share, seed: session.seed), nil)
      case .path(let path):
        let preparation = PicturePreparation(
          channels: dataset.imageShape[0],
          size: PicturePreparation.Size(height: dataset.imageShape[1], width: dataset.imageShape[2]))
        let other = try ImageDataset.named(
          session.place(of: path), preparedBy: preparation, testFraction: 0, isStrict: strict)
        if let own { note("\(own) are left out, as --validation names others") }
        let found = Set((other.survey?.files ?? [:]).values.joined().map(\.digest))
        for (part, purpose) in [(PictureSurvey.Part.train, "train on"), (.test, "test")] {
          let count = (dataset.survey?.files[part] ?? []).count { found.contains($0.digest) }
          if count > 0 { note("\(count.grouped) of the images of \(other.name) are also among those to \(purpose)") }
        }
        return (try dataset.validated(by: other), other.survey)
      }
    }
  }

  private func train(
    _ session: TrainingSession, _ dataset: ImageDataset, _ pictures: RunPictures?, _ flips: Bool, from origin: Run?
  ) throws {
    let model = model ?? ""
    let description = try RequestError.whenFailing { try ModelDescription.image(model, for: dataset) }
    try session.checkCheckpoint(description)
    let network = try RequestError.whenFailing { try description.makeModel() }
    let new = try origin.map { try FineTuning.load(network, description, from: $0, isQuiet: training.quiet) } ?? []
    try FineTuning.freeze(network, freeze, new: new, isQuiet: training.quiet)
    let optimizer = try training.makeOptimizer(for: network)
    let strength = augment.flatMap(Augmentation.Strength.init) ?? .none
    let test = dataset.test.count > 0 ? dataset.test : nil
    let task = try ImageTask(
      network, on: dataset.train, evaluatingOn: dataset.validation ?? test,
      augmentation: Augmentation(strength, allowsFlips: flips),
      labelSmoothing: labelSmoothing ?? 0, batchSize: training.batchSize ?? 64,
      seed: session.seed, over: session.processes)
    var callbacks = training.makeCallbacks(hasValidation: dataset.validation != nil)
    if dataset.validation != nil, let test {
      callbacks.append(TestEvaluation { .classification(try evaluateClassifier(network, on: test)) })
    }
    var session = session
    try session.findRate(task, with: optimizer)
    let outcome = try session.train(
      task, with: optimizer, by: training.makeTrainer(), callbacks: callbacks,
      name: "image-\(model)-\(dataset.name)",
      summary: "\(model) with \(parameterCount(of: network).grouped) parameters on \(dataset.name): "
        + "\(dataset.train.count.grouped) images, "
        + (dataset.validation.map { "\($0.count.grouped) to validate, " } ?? "")
        + "\(dataset.test.count.grouped) to test; \(Engine.description)",
      evaluatedSet: dataset.validation == nil ? .test : .validation, pictures: pictures,
      reporting: .images(
        network, description, on: { test ?? dataset.validation }, classNames: dataset.classNames, example: task.example)
    ) { run in try run.save(network, description) }
    try outcome.report(asJSON: common.json, unit: "examples", classNames: dataset.classNames)
  }
}

extension TrainingOptions.Defaults {
  /// The defaults for a network and so many images.
  static func image(_ kind: ModelDescription.Kind?, count: Int) -> TrainingOptions.Defaults {
    let isSmall = count < 10_000
    // At least 8 steps an epoch and 600 in all, where there are enough images for that.
    let batchSize = isSmall ? min(max(count / 8, 1), 32) : 64
    let stepsPerEpoch = max((count - 1) / batchSize + 1, 1)
    var defaults = TrainingOptions.Defaults(
      epochs: isSmall ? max(30, (600 - 1) / stepsPerEpoch + 1) : 5, batchSize: batchSize)
    switch kind {
    case .lstm, .gru: (defaults.learningRate, defaults.clipNorm) = (3e-3, 1)
    case .rnn: defaults.clipNorm = 1
    case .attention: (defaults.learningRate, defaults.warmupSteps) = (2e-3, 100)
    case .mlp, .cnn, .resnet9, .resnet20, .resnet18, .wideResNet, .mobilenet, nil: break
    }
    return defaults
  }
}
