import Files
import Foundation
import Tensors

extension ImageDataset {
  /// 60,000 photographs of 32 × 32 pixels in 10 classes, from `folder`, or from where `backprop data fetch`
  /// puts them or /usr/share/datasets/cifar10: the files `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`
  /// of the binary version.
  ///
  /// Throws a `DataError` where they are not there or a file is corrupt.
  /// Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
  public static func cifar10(in folder: URL? = nil) throws -> ImageDataset { try CIFARFiles.ten.dataset(in: folder) }

  /// 60,000 photographs of 32 × 32 pixels in 100 classes, the fine ones, from `folder`, or from where
  /// `backprop data fetch` puts them or /usr/share/datasets/cifar100: the files `train.bin` and `test.bin` of the binary
  /// version.
  ///
  /// Throws a `DataError` where they are not there or a file is corrupt.
  /// Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
  public static func cifar100(in folder: URL? = nil) throws -> ImageDataset {
    try CIFARFiles.hundred.dataset(in: folder)
  }
}

/// The binary files of CIFAR-10 or CIFAR-100. A record is one or two bytes of labels, of which the last is the class, and
/// the red, green and blue planes of a picture.
struct CIFARFiles {
  let name: String
  /// The folder that the archive unpacks to.
  private let archive: String
  private let train: [String]
  private let test: String
  private let labelBytes: Int
  private let classNames: [String]

  static let ten = CIFARFiles(
    name: "cifar10", archive: "cifar-10-batches-bin", train: (1...5).map { "data_batch_\($0).bin" },
    test: "test_batch.bin", labelBytes: 1,
    classNames: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"])

  static let hundred = CIFARFiles(
    name: "cifar100", archive: "cifar-100-binary", train: ["train.bin"], test: "test.bin", labelBytes: 2,
    classNames: """
      apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle \
      caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant \
      flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man \
      maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree \
      plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail \
      snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout \
      tulip turtle wardrobe whale willow_tree wolf woman worm
      """.split(separator: " ").map(String.init))

  /// The names of all files.
  var names: [String] { train + [test] }

  private static let pictureBytes = 3 * 32 * 32
  /// The most pictures of a file; the sets have 50,000.
  private static let greatestCount = 1 << 18

  /// The folder with the files: `folder`, or the one in it that the archive unpacks to. `nil` where neither has them.
  func place(in folder: URL) -> URL? {
    [folder, folder.appending(path: archive)].first { OpenFile.isThere($0.path + "/" + train[0]) }
  }

  func dataset(in folder: URL?) throws -> ImageDataset {
    let advice =
      "`backprop data fetch \(name)` downloads it; or unpack its binary version there, or name the folder that has "
      + train[0]
    let found = try DataFolder.place(of: name, in: folder, advice: advice) { self.place(in: $0) != nil }
    let place = self.place(in: found) ?? found
    return try ImageDataset(
      name: name, train: set(train.map { place.path + "/" + $0 }), test: set([place.path + "/" + test]),
      classNames: classNames)
  }

  private func set(_ paths: [String]) throws -> ImageSet {
    let size = labelBytes + Self.pictureBytes
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    for path in paths {
      let bytes = try readBytes(of: path, limit: Self.greatestCount * size, accepting: .regular)
      guard !bytes.isEmpty, bytes.count % size == 0 else {
        throw DataError("\(path) should have \(size) bytes for each picture, not \(bytes.count) in all")
      }
      pixels.reserveCapacity(paths.count * bytes.count)
      for start in stride(from: 0, to: bytes.count, by: size) {
        let label = bytes[start + labelBytes - 1]
        guard Int(label) < classNames.count else {
          throw DataError("\(path) should have labels below \(classNames.count), not \(label)")
        }
        labels.append(Int32(label))
        pixels += bytes[start + labelBytes..<start + size]
      }
    }
    return try ImageSet(pixels: pixels, labels: labels, imageShape: [3, 32, 32])
  }
}
