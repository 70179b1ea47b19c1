import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct ImageDatasetTests {
  @Test func generatorGivesTheKnownNumbers() throws {
    var generator = SeededGenerator(seed: 0)
    #expect(generator.next() == 0xE220_A839_7B1D_CDAF)
    #expect(generator.next() == 0x6E78_9E6A_A1B9_65F4)
    let saved = try JSONEncoder().encode(generator)
    var restored = try JSONDecoder().decode(SeededGenerator.self, from: saved)
    #expect(restored.next() == generator.next())
  }

  @Test func digitsAreSplitByClass() throws {
    let digits = try ImageDataset.named("digits")
    #expect(digits.train.count + digits.test.count == 1797)
    #expect(digits.imageShape.dimensions == [1, 8, 8])
    #expect(digits.classNames == (0..<10).map(String.init))
    for label in Int32(0)..<10 {
      let test = digits.test.labels.count { $0 == label }
      let all = test + digits.train.labels.count { $0 == label }
      #expect((174...183).contains(all))
      #expect(test == (all + 2) / 5)
    }
    #expect(digits.train.pixels.max() == 16)
    #expect(digits.test.image(at: 0) == digits.test.pixels.prefix(64).map { Float($0) / 16 })
    #expect(try ImageDataset.digits().test.pixels == digits.test.pixels)
  }

  @Test func batchesCoverAllOnce() throws {
    let set = try ImageDataset.digits().test
    var generator = SeededGenerator(seed: 7)
    let batches = set.batches(of: 50, shuffledBy: &generator)
    let indices = batches.flatMap(\.indices)
    #expect(indices.sorted() == Array(0..<set.count))
    #expect(indices != indices.sorted())
    #expect(batches.flatMap(\.indices) == indices)
    #expect(set.batches(of: 50, shuffledBy: &generator).flatMap(\.indices) != indices)
    #expect(set.batches(of: 50).flatMap(\.indices) == Array(0..<set.count))
    #expect(Array(batches).count == (set.count + 49) / 50)
    for batch in batches {
      #expect(batch.images.shape.dimensions == [batch.count, 1, 8, 8])
      #expect(try batch.labels.intValues() == batch.indices.map { set.labels[$0] })
      #expect(try batch.images.values() == batch.indices.flatMap { set.image(at: $0) })
    }
  }

  @Test func unknownNamesListTheKnownOnes() throws {
    let error = try #require(throws: DataError.self) { try ImageDataset.named("no such thing") }
    #expect(error.message.contains("digits, fashion-mnist, mnist or a folder"))
    let absent = URL(fileURLWithPath: "/no/such/folder")
    let fashion = try #require(throws: DataError.self) { try ImageDataset.fashionMNIST(in: absent) }
    #expect(fashion.message.contains("apt install dataset-fashion-mnist"))
  }

  @Test func foldersAreRead() throws {
    try withFolder { folder in
      for part in ["train", "t10k"] {
        try Data(IDXFileTests.packed).write(to: folder.appendingPathComponent("\(part)-images-idx3-ubyte.gz"))
        try Data([0, 0, 8, 1, 0, 0, 0, 1, 4]).write(to: folder.appendingPathComponent("\(part)-labels-idx1-ubyte"))
      }
      let data = try ImageDataset.named(folder.path)
      #expect(data.classNames.count == 5)
      #expect(data.imageShape.dimensions == [1, 2, 3])

      try Data([0, 0, 8, 1, 0, 0, 0, 2, 4, 4]).write(to: folder.appendingPathComponent("t10k-labels-idx1-ubyte"))
      let error = try #require(throws: DataError.self) { try ImageDataset.folder(folder) }
      #expect(error.message.contains("should have 1 labels, one for each image, not 2"))

      try Data([0, 0, 8, 1, 0, 0, 0, 1, 10]).write(to: folder.appendingPathComponent("t10k-labels-idx1-ubyte"))
      let label = try #require(throws: DataError.self) { try ImageDataset.mnist(in: folder) }
      #expect(label.message.contains("labels below 10, not 10"))
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist")))
  func fashionIsRead() throws {
    let data = try ImageDataset.named("fashion-mnist")
    #expect(data.train.count == 60_000)
    #expect(data.test.count == 10_000)
    #expect(data.imageShape.dimensions == [1, 28, 28])
  }
}

/// Calls `body` with a new folder, removed afterward.
func withFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("backprop-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}
