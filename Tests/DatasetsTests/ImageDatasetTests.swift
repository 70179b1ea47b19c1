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
    #expect(restored == SeededGenerator(seed: generator.state))
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
      // Those of the source, and a fifth of them.
      #expect(all == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180][Int(label)])
      #expect(test == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36][Int(label)])
    }
    // FNV-1a of every test image and its label, computed in Python from the source: the split is the same forever.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in 0..<digits.test.count {
      let image = digits.test.pixels[64 * index..<64 * (index + 1)]
      for byte in image + [UInt8(digits.test.labels[index])] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    #expect(hash == 0xD15F_246F_3C36_1C73)
    #expect(digits.train.pixels.max() == 16)
    #expect(try digits.test[0] == digits.test.pixels.prefix(64).map { Float($0) / 16 })
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
      #expect(try batch.labels.values(as: Int32.self) == batch.indices.map { set.labels[$0] })
      #expect(try batch.images.values() == batch.indices.flatMap { try set[$0] })
    }
  }

  @Test func unknownNamesListTheKnownOnes() throws {
    let error = try #require(throws: DataError.self) { try ImageDataset.named("no such thing") }
    #expect(error.message.contains("digits, fashion-mnist, mnist or a folder of pictures"))
    let absent = URL(fileURLWithPath: "/no/such/folder")
    let fashion = try #require(throws: DataError.self) { try ImageDataset.fashionMNIST(in: absent) }
    #expect(fashion.message.contains("apt install dataset-fashion-mnist"))
  }

  /// The names of the files as their first site has them in its archives, and as they are commonly unpacked.
  @Test(arguments: [".idx", "-idx"], ["", ".gz"])
  func filesAreFoundWithADotAndPacked(idx: String, ending: String) throws {
    try withFolder { folder in
      let images = ending == "" ? IDXFileTests.plain : IDXFileTests.packed
      for part in ["train", "t10k"] {
        try Data(images).write(to: folder.appendingPathComponent("\(part)-images\(idx)3-ubyte\(ending)"))
        try Data([0, 0, 8, 1, 0, 0, 0, 1, 4]).write(to: folder.appendingPathComponent("\(part)-labels\(idx)1-ubyte"))
      }
      #expect(try ImageDataset.named(folder.path).train.pixels == [0, 1, 2, 3, 4, 5])
    }
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

      try FileManager.default.removeItem(at: folder.appendingPathComponent("train-labels-idx1-ubyte"))
      let missing = try #require(throws: DataError.self) { try ImageDataset.folder(folder) }
      #expect(missing.message.contains("a file train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz"))
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
func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("backprop-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
