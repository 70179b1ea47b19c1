import Files
import Foundation
import Tensors

/// Training images, test images, and the names of their classes.
public struct ImageDataset: Sendable {
  /// What messages and run records call the dataset, such as `digits`.
  public let name: String
  /// The training images.
  public let train: ImageSet
  /// Images to stop early by, where the data has them in a part of their own.
  public let validation: ImageSet?
  /// The test images.
  public let test: ImageSet
  /// The name of each class, in the order of their labels.
  public let classNames: [String]
  /// Whether the names of the classes are more than their numbers, which is all that IDX files have.
  package private(set) var hasClassNames = true
  /// What was in the folder, where the dataset was read from one of pictures.
  public let survey: PictureSurvey?

  /// Channels, height and width of an image.
  public var imageShape: Shape { train.imageShape }

  /// A dataset of these sets. Throws a `DataError` where their images differ in shape or a label has no name.
  public init(name: String, train: ImageSet, test: ImageSet, classNames: [String]) throws {
    guard train.imageShape == test.imageShape else {
      throw DataError(
        "\(name): test images should be \(train.imageShape) as training images are, not \(test.imageShape)")
    }
    for label in [train, test].compactMap({ $0.labels.max() }) where Int(label) >= classNames.count {
      throw DataError("\(name): labels should be below \(classNames.count), not \(label)")
    }
    self.name = name
    self.train = train
    self.test = test
    self.classNames = classNames
    validation = nil
    survey = nil
  }

  /// The pictures of a folder, all of the same shape.
  init(_ survey: PictureSurvey, train: ImageSet, validation: ImageSet?, test: ImageSet) {
    name = URL(fileURLWithPath: survey.folder, isDirectory: true).standardizedFileURL.lastPathComponent
    self.train = train
    self.validation = validation
    self.test = test
    classNames = survey.classNames
    self.survey = survey
  }

  /// The same data, its batches standardized by the mean and standard deviation of each channel of the training images;
  /// the test images by the same ones.
  public var standardized: ImageDataset {
    let standardization = Standardization(of: train)
    return ImageDataset(
      self, train: train.replacing(standardization), validation: validation?.replacing(standardization),
      test: test.replacing(standardization))
  }

  /// The same data with another training and validation set, of the same shape and classes.
  func replacing(train: ImageSet, validation: ImageSet?) -> ImageDataset {
    ImageDataset(self, train: train, validation: validation, test: test)
  }

  /// The same data with those test images that `isTested` holds of, where they are the pictures of a folder.
  package func testing(_ isTested: (PictureSurvey.File) -> Bool) throws(DataError) -> ImageDataset {
    guard let files = survey?.files[.test] else { return self }
    return ImageDataset(
      self, train: train, validation: validation, test: try test.subset(files.indices.filter { isTested(files[$0]) }))
  }

  /// The same images with the classes of these names, among which its own must be.
  package func relabeled(_ names: [String]) -> ImageDataset {
    let places = Dictionary(zip(names, Int32(0)...)) { first, _ in first }
    let labels = classNames.map { places[$0] ?? 0 }
    func relabeled(_ set: ImageSet) -> ImageSet { set.replacing(labels: set.labels.map { labels[Int($0)] }) }
    return ImageDataset(
      self, train: relabeled(train), validation: validation.map(relabeled), test: relabeled(test), classNames: names)
  }

  private init(
    _ other: ImageDataset, train: ImageSet, validation: ImageSet?, test: ImageSet, classNames: [String]? = nil
  ) {
    name = other.name
    self.train = train
    self.validation = validation
    self.test = test
    self.classNames = classNames ?? other.classNames
    hasClassNames = other.hasClassNames
    survey = other.survey
  }

  /// The names that `named(_:)` knows, besides folders.
  public static let knownNames = ["cifar10", "cifar100", "digits", "fashion-mnist", "mnist"]

  /// The dataset called `name`: one of `knownNames`, or the path of a folder: of IDX files as `folder(_:)` reads it, of
  /// the binary files of CIFAR, or of pictures as `pictures(_:)` does.
  ///
  /// The other parameters are for pictures. Throws a `DataError` that lists the known names where it is neither, and
  /// what reading the dataset throws.
  public static func named(
    _ name: String, preparedBy preparation: PicturePreparation = PicturePreparation(), testFraction: Double = 0.2,
    isStrict: Bool = false
  ) throws -> ImageDataset {
    switch name {
    case "cifar10": return try cifar10()
    case "cifar100": return try cifar100()
    case "digits": return try digits()
    case "fashion-mnist": return try fashionMNIST()
    case "mnist": return try mnist()
    default:
      guard OpenFile.isFolder(name) else {
        let problem = OpenFile.isThere(name) ? "\(name) is a file" : "there is no dataset '\(name)'"
        throw DataError(
          "\(problem); it should be \(knownNames.joined(separator: ", ")) or a folder of pictures, of "
            + "IDX files or of CIFAR's")
      }
      let place = URL(fileURLWithPath: name, isDirectory: true)
      if hasIDXFiles(place) { return try folder(place) }
      for files in [CIFARFiles.ten, .hundred] where files.place(in: place) != nil {
        return try files.dataset(in: place)
      }
      return try pictures(name, preparedBy: preparation, testFraction: testFraction, isStrict: isStrict)
    }
  }

  /// Whether one of the files that `folder(_:)` reads is there.
  private static func hasIDXFiles(_ folder: URL) -> Bool {
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
      .contains { find($0, in: folder) != nil }
  }

  private static let digitNames = (0..<10).map(String.init)

  /// 1,797 handwritten digits of 8 × 8 pixels that are part of the library, a fifth of each class for testing.
  ///
  /// The split is always the same. Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits",
  /// 1998.
  public static func digits() throws -> ImageDataset {
    let count = 1797
    let size = count * 65
    guard let bytes = try? Gzip.inflate(PackageResources.digits_bin, limit: size + 1), bytes.count == size else {
      throw DataError("the digits in the library are damaged; it should be built again")
    }
    let all = try ImageSet(
      pixels: Array(bytes[..<(count * 64)]), labels: bytes[(count * 64)...].map(Int32.init), imageShape: [1, 8, 8],
      greatestPixel: 16)
    let parts = try all.split(validationFraction: 0.2, seed: 0)
    return try ImageDataset(name: "digits", train: parts.train, test: parts.validation, classNames: digitNames)
  }

  /// 70,000 pictures of clothes of 28 × 28 pixels, from `folder`, or from where `backprop data fetch` or the Debian
  /// package puts them.
  ///
  /// Throws a `DataError` where they are not there or a file is corrupt.
  /// Source: Xiao, Rasul & Vollgraf, "Fashion-MNIST", arXiv:1708.07747 (2017).
  public static func fashionMNIST(in folder: URL? = nil) throws -> ImageDataset {
    try standard(
      "fashion-mnist", in: folder,
      advice:
        "`backprop data fetch fashion-mnist` downloads it, `apt install dataset-fashion-mnist` installs it, or give the "
        + "folder that has it",
      classNames: [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
      ])
  }

  /// 70,000 handwritten digits of 28 × 28 pixels, from `folder`, or from where `backprop data fetch` puts them or
  /// /usr/share/datasets/mnist.
  ///
  /// Throws a `DataError` where they are not there or a file is corrupt.
  public static func mnist(in folder: URL? = nil) throws -> ImageDataset {
    try standard(
      "mnist", in: folder,
      advice: "`backprop data fetch mnist` downloads it, or give the folder that has its four IDX files",
      classNames: digitNames)
  }

  /// The dataset in a folder with the files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
  /// `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each also with a dot before `idx`, plain or with the suffix
  /// `.gz`.
  ///
  /// Its classes are the numbers up to the greatest label. Throws a `DataError` where a file is missing or corrupt, or
  /// images and labels are not equally many.
  public static func folder(_ folder: URL) throws -> ImageDataset {
    // A label is a byte, so there cannot be more classes.
    let train = try imageSet("train", in: folder, classes: 256)
    let test = try imageSet("t10k", in: folder, classes: 256)
    let greatest = max(train.labels.max() ?? 0, test.labels.max() ?? 0)
    var dataset = try ImageDataset(
      name: folder.standardizedFileURL.lastPathComponent, train: train, test: test,
      classNames: (0...greatest).map(String.init))
    dataset.hasClassNames = false
    return dataset
  }

  private static func standard(
    _ name: String, in folder: URL?, advice: String, classNames: [String]
  ) throws -> ImageDataset {
    let place = try DataFolder.place(of: name, in: folder, advice: advice) {
      find("train-images-idx3-ubyte", in: $0) != nil
    }
    return try ImageDataset(
      name: name, train: imageSet("train", in: place, classes: classNames.count),
      test: imageSet("t10k", in: place, classes: classNames.count), classNames: classNames)
  }

  /// The path of the file called `name` in `folder`, with a hyphen or a dot before `idx`, plain or compressed.
  private static func find(_ name: String, in folder: URL) -> String? {
    [name, name.replacingOccurrences(of: "-idx", with: ".idx")].flatMap { [$0, $0 + ".gz"] }
      .map { folder.path + "/" + $0 }.first(where: OpenFile.isThere)
  }

  private static func imageSet(
    _ part: String, in folder: URL, classes: Int
  ) throws -> ImageSet {
    func file(_ name: String, rank: Int) throws -> (path: String, contents: IDXFile) {
      guard let path = find(name, in: folder) else {
        throw DataError(
          "\(folder.path) should have a file \(name) or \(name).gz; a dot before 'idx' will do as well")
      }
      return (path, try IDXFile(contentsOf: path, rank: rank))
    }
    let images = try file("\(part)-images-idx3-ubyte", rank: 3)
    let labels = try file("\(part)-labels-idx1-ubyte", rank: 1)
    let dimensions = images.contents.dimensions
    guard dimensions[0] == labels.contents.values.count else {
      throw DataError(
        "\(labels.path) should have \(dimensions[0]) labels, one for each image, "
          + "not \(labels.contents.values.count)")
    }
    if let wrong = labels.contents.values.first(where: { Int($0) >= classes }) {
      throw DataError("\(labels.path) should have labels below \(classes), not \(wrong)")
    }
    return try ImageSet(
      pixels: images.contents.values, labels: labels.contents.values.map(Int32.init),
      imageShape: Shape([1, dimensions[1], dimensions[2]]))
  }
}
