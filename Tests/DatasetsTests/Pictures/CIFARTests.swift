import Foundation
import Testing

@testable import Datasets

@Suite struct CIFARTests {
  /// Records of pictures whose red, green and blue are `value`, 1 and 2.
  private static func records(_ labels: [[UInt8]]) -> [UInt8] {
    labels.enumerated().flatMap { index, label in
      label + [UInt8(index), 1, 2].flatMap { [UInt8](repeating: $0, count: 1024) }
    }
  }

  private func withFiles(_ files: [String: [UInt8]], _ body: (URL) throws -> Void) throws {
    try withFolder { folder in
      for (path, bytes) in files {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
      }
      try body(folder)
    }
  }

  private static let ten = Dictionary(
    uniqueKeysWithValues: (1...5).map { ("data_batch_\($0).bin", records([[UInt8($0)], [9]])) }
      + [("test_batch.bin", records([[3]]))])

  @Test func readsTenClasses() throws {
    try withFiles(Self.ten) { folder in
      let data = try ImageDataset.cifar10(in: folder)
      #expect(data.train.labels == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9])
      #expect(data.test.labels == [3])
      #expect(data.classNames[9] == "truck")
      #expect(data.imageShape == [3, 32, 32])
      #expect(data.train.pixels[3072] == 1 && data.train.pixels[3072 + 1024] == 1 && data.train.pixels.last == 2)
      let named = try ImageDataset.named(folder.path)
      #expect(named.name == "cifar10" && named.train.pixels == data.train.pixels)
    }
  }

  @Test func readsAHundredClassesInTheArchivesFolder() throws {
    let files = ["train.bin": Self.records([[0, 99], [19, 0]]), "test.bin": Self.records([[1, 52]])]
    let archive = Dictionary(uniqueKeysWithValues: files.map { ("cifar-100-binary/\($0)", $1) })
    try withFiles(archive) { folder in
      let data = try ImageDataset.named(folder.path)
      #expect(data.name == "cifar100" && data.classNames.count == 100 && Set(data.classNames).count == 100)
      #expect(data.train.labels == [99, 0])
      #expect(data.classNames[99] == "worm" && data.classNames[52] == "oak_tree")
    }
  }

  @Test(
    arguments: [
      ("test_batch.bin", [], "3073 bytes for each picture, not 0"),
      ("test_batch.bin", [UInt8](repeating: 0, count: 3074), "3073 bytes for each picture, not 3074"),
      ("data_batch_3.bin", records([[10]]), "labels below 10, not 10"),
    ] as [(String, [UInt8], String)])
  func refuses(file: String, bytes: [UInt8], message: String) throws {
    var files = Self.ten
    files[file] = bytes
    try withFiles(files) { folder in
      let error = try #require(throws: DataError.self) { try ImageDataset.cifar10(in: folder) }
      #expect(error.message.contains(message), "\(error)")
    }
  }

  @Test func whereTheFilesAreNotThereASentenceSaysWhatToDo() throws {
    try withFiles(["a": []]) { folder in
      for read in [ImageDataset.cifar10, ImageDataset.cifar100] as [(URL?) throws -> ImageDataset] {
        let error = try #require(throws: DataError.self) { try read(folder) }
        #expect(error.message.contains("unpack its binary version there"))
      }
    }
  }
}
