import ArgumentParser
import Backprop
import Files

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Classifies images, or predicts a column of tables, with a trained network.",
    usage: "backprop predict <run> [<file> ...] [<options>]",
    discussion: """
      backprop predict runs/digits seven.pgm
      backprop predict runs/photos holiday.jpg album --csv
      backprop predict runs/fashion images.idx3-ubyte.gz --index 3 --index 4
      backprop predict runs/digits --data digits --draw --count 5
      backprop predict runs/houses new.csv > predicted.csv
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
  var folder: String

  @Argument(
    help: ArgumentHelp(
      "Images, folders of them, IDX files of images, or a CSV file for a run of a table.", valueName: "file"))
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

  @Flag(help: "Prints comma-separated values, a line for each image; the default for the rows of a table.")
  var csv = false

  @Flag(help: "Ends where a cell of a table cannot be read, in place of taking it as missing.")
  var strict = false

  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      try requirePath(folder, "the run")
      for file in files { try requirePath(file, "a file") }
      try requirePath(data, "--data")
      try require(top, "--top", in: 1...1_000_000)
      try require(count, "--count", in: 1...1_000_000_000)
      for index in index { try require(index, "--index", in: 0...Int(UInt32.max)) }
      guard files.isEmpty != (data == nil) else {
        throw RequestError("name files or --data, one of the two" + (ParserSentence.fileHint() ?? ""))
      }
      guard [csv, common.json, draw].count(where: { $0 }) <= 1 else {
        throw RequestError("--csv, --json and --draw are three forms of the result; name one of them")
      }
    }
  }

  func run() throws {
    try common.apply()

    if let table = try tableRun() { return try predictRows(table) }
    guard !strict else { throw RequestError("--strict is for runs of tables, and \(folder) is none") }
    let run = try Run.open(folder, for: .image)
    let (description, model) = try run.loadModel()
    let (subjects, classNames) =
      try data.map { try testImages(of: $0, run, description) }
      ?? (files(for: description), description.classNames)
    let report = PredictionReport(
      form: csv ? .csv : common.json ? .json : draw ? .drawings : .lines, top: min(top, description.classes),
      classNames: classNames)
    report.begin()
    var results: [PredictionReport.Result] = []
    // Some at a time, so that memory does not grow with the number of files.
    for start in stride(from: 0, to: subjects.count, by: 64) {
      let part = subjects[start..<min(start + 64, subjects.count)]
      let classified = try classify(Array(part), description, model)
      report.write(classified)
      results += classified.map { report.isWrittenAtTheEnd ? $0 : $0.withoutImage }
    }
    try report.end(results)
    try check(results)
  }

  /// Throws where there are files without a prediction: a `RequestError` where none that were named has one, or an image
  /// was named by its index, and a `WorkError` where only some are missing, as pictures of a folder may be.
  private func check(_ results: [PredictionReport.Result]) throws {
    let failed = results.filter { $0.error != nil }
    guard let first = failed.first, let error = first.error else { return }
    let sentence =
      results.count == 1 ? error : "\(failed.count) of \(results.count) files cannot be read; the first: \(error)"
    let areWrong =
      failed.count == results.count ? failed.allSatisfy(\.isNamed) : failed.contains { $0.isNamed && !index.isEmpty }
    guard !areWrong else { throw RequestError(sentence) }
    throw WorkError(sentence)
  }

  /// What is to be classified.
  private struct Subject {
    var name: String
    var source: Source
    /// Its label, where that is known.
    var truth: Int?

    enum Source {
      /// `[1, channels, height, width]`.
      case image(Tensor)
      case file(String, index: Int?, isNamed: Bool)

      var isNamed: Bool { if case .file(_, _, let isNamed) = self { isNamed } else { false } }
    }
  }

  /// The files that were named, and the pictures in the folders.
  private func files(for description: ModelDescription) throws -> [Subject] {
    try files.flatMap { file in
      guard OpenFile.isFolder(file) else {
        return (index.isEmpty ? [nil] : index.map(Optional.some)).map { index in
          Subject(name: index.map { "\(file)[\($0)]" } ?? file, source: .file(file, index: index, isNamed: true))
        }
      }
      let pictures = try RequestError.whenFailing { try ImageFile.pictures(below: file) }
      guard !pictures.isEmpty else { throw RequestError("the folder \(file) should have pictures, and has none") }
      return pictures.map { Subject(name: $0, source: .file($0, index: nil, isNamed: false)) }
    }
  }

  /// `count` test images, spread evenly over the set.
  private func testImages(
    of data: String, _ run: Run, _ description: ModelDescription
  ) throws -> (subjects: [Subject], classNames: [String]) {
    let dataset = try openData(data, for: run, description)
    guard dataset.imageShape == description.inputShape else {
      throw RequestError(
        "\(dataset.name) has images of \(dataset.imageShape), but \(folder) takes \(description.inputShape)")
    }
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
            name: "\(dataset.name) test \(chosen[row])",
            source: .image(batch.images.sliced(starts: starts, shape: shape)), truth: Int(label)))
      }
    }
    return (subjects, dataset.classNames)
  }

  /// The predictions for some subjects. A file that cannot be read has an error in their place.
  private func classify(
    _ subjects: [Subject], _ description: ModelDescription, _ model: any Layer
  ) throws -> [PredictionReport.Result] {
    let fit = try RequestError.whenFailing { try description.preparation.fit }
    let files = subjects.compactMap { subject in
      if case .file(let path, let index, let isNamed) = subject.source {
        (path: path, index: index, allowsPipe: isNamed)
      } else {
        nil
      }
    }
    var loaded = ImageFile.loadAll(files, shape: description.inputShape, fit: fit)[...]
    let images = subjects.map { subject -> Result<Tensor, any Error> in
      if case .image(let image) = subject.source { .success(image) } else { loaded.removeFirst() }
    }
    let readable = images.compactMap { try? $0.get() }
    var predictions: ArraySlice<[Prediction]> =
      readable.isEmpty ? [] : try Backprop.classify(.concatenated(readable, axis: 0), with: model, top: top)[...]
    return zip(subjects, images).map { subject, image in
      switch image {
      case .success(let image):
        PredictionReport.Result(
          name: subject.name, image: image, truth: subject.truth, predictions: predictions.removeFirst())
      case .failure(let error):
        PredictionReport.Result(
          name: subject.name, predictions: [], error: "\(error)", isNamed: subject.source.isNamed)
      }
    }
  }
}
