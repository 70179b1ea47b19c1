import ArgumentParser
import Backprop

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Lists and downloads the data sets that have names, and shows images.",
    subcommands: [DataListCommand.self, DataFetchCommand.self, DataShowCommand.self])
}

struct DataListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the data sets that have names, and which of them are on this machine.")

  @Flag(help: "One JSON value on standard output, and nothing else.")
  var json = false

  private struct Entry: Encodable {
    var name: String
    var task: NetworkTask
    var isThere: Bool
    /// What it has, or why it is not there.
    var contents: String
  }

  func run() throws {
    let images = ImageDataset.knownNames.map { name in
      do {
        let dataset = try ImageDataset.named(name)
        return Entry(
          name: name, task: .image, isThere: true,
          contents: "\(dataset.train.count.grouped) images to train and \(dataset.test.count.grouped) to test of "
            + "\(dataset.imageShape), \(dataset.classNames.count) classes")
      } catch {
        return Entry(name: name, task: .image, isThere: false, contents: "\(error)")
      }
    }
    let texts = TextDataset.knownNames.map {
      Entry(name: $0, task: .text, isThere: true, contents: "lines of numbers in digits and words, generated")
    }
    guard !json else { return try Console.json(images + texts) }
    let rows = (images + texts).map { entry in
      [
        entry.name, entry.task.rawValue, entry.isThere ? "yes" : "no",
        entry.isThere ? entry.contents : "'backprop data fetch \(entry.name)' downloads it",
      ]
    }
    table([["name", "task", "there", ""]] + rows, left: [0, 1, 2, 3]).forEach(Console.result)
  }
}

struct DataShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Counts the images of each class, and draws some with characters.",
    discussion: """
      backprop data show digits
      backprop data show photos --size 32 --augmented
      """)

  @Argument(help: ArgumentHelp("\(ImageDataset.knownNames.joined(separator: ", ")) or a folder.", valueName: "data"))
  var data: String

  @Option(parsing: .unconditional, help: "How many images are drawn, one of each class in turn.")
  var count = 6

  @Option(parsing: .unconditional, help: "Rows and columns of each picture of a folder (default: as for training).")
  var size: Int?

  @Flag(help: "Draws each image and three variations of it, as a training sees them.")
  var augmented = false

  @Option(help: "How --augmented varies images: light or strong (default: light).")
  var augment: String?

  @Option(
    help: "yes or no: whether --augmented may mirror images (default: no where the classes are digits or letters).")
  var flips: FlipsFlag?

  @Option(parsing: .unconditional, help: "The variations are those of this seed.")
  var seed: UInt64 = 0

  mutating func validate() throws {
    try RequestError.validating {
      try requirePath(data, "the data")
      try require(count, "--count", in: 1...1000)
      try require(size, "--size", in: 1...4096)
      let strengths = Augmentation.Strength.allCases.map(\.rawValue)
      if let augment, !strengths.contains(augment) {
        throw RequestError.unknown("augmentation", augment, known: strengths)
      }
    }
  }

  func run() throws {
    let preparation = PicturePreparation(size: size.map { PicturePreparation.Size(height: $0, width: $0) })
    let dataset = try RequestError.whenFailing { try ImageDataset.named(data, preparedBy: preparation) }
    if let survey = dataset.survey {
      survey.lines().forEach(Console.result)
    } else {
      counts(dataset).forEach(Console.result)
    }
    Console.result("")
    let chosen = Self.chosen(dataset.train.labels, count: count)
    let images = try dataset.train.subset(chosen)
    var drawings = try draw(images, Augmentation(), steps: 0..<1, dataset)
    if augmented {
      let strength = augment.flatMap(Augmentation.Strength.init) ?? .light
      let flips = flips ?? FlipsFlag(for: dataset.hasGlyphs)
      if dataset.hasGlyphs, flips == .no { Console.resultSentence(FlipsFlag.note + "\n") }
      let varied = try draw(images, Augmentation(strength, allowsFlips: flips == .yes), steps: 0..<3, dataset)
      // Each image, then its variations.
      drawings = (0..<images.count).flatMap { index in
        [drawings[index]] + (0..<3).map { varied[$0 * images.count + index] }
      }
    }
    ImageDrawing.gallery(drawings, columns: Terminal.columns(of: 1) ?? Terminal.defaultColumns).forEach(Console.result)
  }

  private func counts(_ dataset: ImageDataset) -> [String] {
    func count(_ set: ImageSet, _ label: Int) -> String { set.labels.count { Int($0) == label }.grouped }
    let rows = dataset.classNames.enumerated().map { label, name in
      [name.printable, count(dataset.train, label), count(dataset.test, label)]
    }
    return ["\(dataset.name): images of \(dataset.imageShape)", ""]
      + table([["class", "to train", "to test"]] + rows, left: [0])
  }

  /// The first image of each class, then the second of each, until there are enough.
  private static func chosen(_ labels: [Int32], count: Int) -> [Int] {
    let classes = Dictionary(grouping: labels.indices) { labels[$0] }.sorted { $0.key < $1.key }.map(\.value)
    var result: [Int] = []
    var round = 0
    while result.count < min(count, labels.count) {
      for indices in classes where round < indices.count && result.count < count { result.append(indices[round]) }
      round += 1
    }
    return result
  }

  private func draw(
    _ images: ImageSet, _ augmentation: Augmentation, steps: Range<Int>, _ dataset: ImageDataset
  ) throws -> [(lines: [String], caption: [String])] {
    guard images.count > 0 else { return [] }
    let loader = try ImageLoader(
      images, by: SequentialSampler(count: images.count), batchSize: images.count, augmentation: augmentation,
      seed: seed)
    let (height, width) = (images.imageShape[1], images.imageShape[2])
    return try steps.flatMap { step in
      // The mean of the channels is gray.
      let pixels = try loader.batch(ofStep: step).images.mean(axes: [1]).values()
      return (0..<images.count).map { index in
        let image = Array(pixels[index * height * width..<(index + 1) * height * width])
        return (
          ImageDrawing.lines(Self.reduced(image, width: width), width: Self.reducedWidth(width)),
          [dataset.classNames[Int(images.labels[index])].printable]
        )
      }
    }
  }

  /// An image is drawn with at most so many pixels in a row.
  private static let greatestWidth = min(max(((Terminal.columns(of: 1) ?? Terminal.defaultColumns) - 3) / 2, 4), 32)

  private static func step(_ width: Int) -> Int { (width - 1) / greatestWidth + 1 }

  private static func reducedWidth(_ width: Int) -> Int { (width - 1) / step(width) + 1 }

  /// Means of squares of pixels, so that a large image fits.
  private static func reduced(_ pixels: [Float], width: Int) -> [Float] {
    let step = step(width)
    guard step > 1 else { return pixels }
    let height = pixels.count / width
    return stride(from: 0, to: height, by: step).flatMap { top in
      stride(from: 0, to: width, by: step).map { left in
        let rows = top..<min(top + step, height)
        let columns = left..<min(left + step, width)
        let sum = rows.reduce(Float(0)) { sum, row in sum + columns.reduce(0) { $0 + pixels[row * width + $1] } }
        return sum / Float(rows.count * columns.count)
      }
    }
  }
}
