import ArgumentParser
import Backprop
import Files

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Classifies images with a trained network.",
    usage: "backprop predict <run> [<file> ...] [<options>]",
    discussion: """
      backprop predict runs/digits seven.pgm
      backprop predict runs/fashion images.idx3-ubyte.gz --index 3 --index 4
      backprop predict runs/digits --data digits --draw --count 5
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
  var folder: String

  @Argument(help: ArgumentHelp("Images, or IDX files of images.", valueName: "file"))
  var files: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: "Which image of an IDX file, from 0; may be given several times (default: 0).")
  var index: [Int] = []

  @Option(parsing: .unconditional, help: "How many labels to name for each image.")
  var top = 3

  @Option(help: "Takes test images of this data, in place of files.")
  var data: String?

  @Option(parsing: .unconditional, help: "How many test images of --data.")
  var count = 5

  @Flag(help: "Draws the images with characters.")
  var draw = false

  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      try requirePath(folder, "the run")
      for file in files { try requirePath(file, "a file") }
      try requirePath(data, "--data")
      try require(top, "--top", in: 1...1_000_000)
      try require(count, "--count", in: 1...1_000_000_000)
      for index in index { try require(index, "--index", in: 0...Int(UInt32.max)) }
      guard files.isEmpty != (data == nil) else { throw RequestError("name image files or --data, one of the two") }
    }
  }

  func run() throws {
    try common.apply()

    let run = try Run.open(folder, for: .image)
    let (description, model) = try run.loadModel()
    let dataset = try data.map { name in try RequestError.whenFailing { try ImageDataset.named(name) } }
    if let dataset, dataset.imageShape != description.inputShape {
      throw RequestError(
        "\(dataset.name) has images of \(dataset.imageShape), but \(folder) takes \(description.inputShape)")
    }
    let subjects = try dataset.map(testImages) ?? imageFiles(for: description)
    let predictions = try classify(.concatenated(subjects.map(\.image), axis: 0), with: model, top: top)
    let classNames = dataset?.classNames ?? description.classNames
    try report(subjects, predictions, classNames)
  }

  /// An image to classify, `[1, channels, height, width]`.
  private struct Subject {
    var name: String
    var image: Tensor
    /// Its label, where that is known.
    var truth: Int?
  }

  private func imageFiles(for description: ModelDescription) throws -> [Subject] {
    try files.flatMap { file in
      try (index.isEmpty ? [nil] : index.map(Optional.some)).map { index in
        let image = try RequestError.whenFailing {
          try ImageFile.load(file, index: index, shape: description.inputShape)
        }
        return Subject(name: index.map { "\(file)[\($0)]" } ?? file, image: image)
      }
    }
  }

  /// `count` test images, spread evenly over the set.
  private func testImages(_ dataset: ImageDataset) throws -> [Subject] {
    var subjects: [Subject] = []
    let total = dataset.test.count
    let chosen = (0..<min(count, total)).map { $0 * total / min(count, total) }
    for batch in try dataset.test.subset(chosen).batches(of: max(chosen.count, 1)) {
      let labels = try batch.labels.values(as: Int32.self)
      for (row, label) in labels.enumerated() {
        var starts = [Int](repeating: 0, count: batch.images.shape.rank)
        starts[0] = row
        let shape = Shape([1] + batch.images.shape.dimensions.dropFirst())
        subjects.append(
          Subject(
            name: "\(dataset.name) test \(chosen[row])", image: batch.images.sliced(starts: starts, shape: shape),
            truth: Int(label)))
      }
    }
    return subjects
  }

  private func report(_ subjects: [Subject], _ predictions: [[Prediction]], _ classNames: [String]) throws {
    let name = { (label: Int) in classNames.indices.contains(label) ? classNames[label] : "\(label)" }
    if common.json {
      return try Console.json(
        zip(subjects, predictions).map { subject, predictions in
          Report(
            file: subject.name, truth: subject.truth,
            predictions: predictions.map {
              Report.Entry(label: $0.label, name: name($0.label), probability: $0.probability)
            })
        })
    }
    let shown = { (label: Int) in name(label).printable }
    if draw {
      let drawings = try zip(subjects, predictions).map { subject, predictions in
        let shape = subject.image.shape
        let pixels = Array(try subject.image.values().prefix(shape[-1] * shape[-2]))
        let caption = predictions.prefix(1).map { "says \(shown($0.label)), \($0.probability.percent)" }
        return (
          ImageDrawing.lines(pixels, width: shape[-1]), caption + (subject.truth.map { ["it is \(shown($0))"] } ?? [])
        )
      }
      return ImageDrawing.gallery(drawings, columns: Terminal.columns(of: 1) ?? Terminal.defaultColumns).forEach(
        Console.result)
    }
    for (subject, predictions) in zip(subjects, predictions) {
      let labels = predictions.map { "\(shown($0.label)) \($0.probability.percent)" }.joined(separator: ", ")
      Console.result("\(subject.name.printable): \(labels)")
    }
  }

  private struct Report: Encodable {
    struct Entry: Encodable {
      var label: Int
      var name: String
      var probability: Double
    }

    var file: String
    var truth: Int?
    var predictions: [Entry]
  }
}
