import Tensors
import Testing

@testable import Datasets

@Suite struct ImageSetTests {
  /// 40 images of class 2, 10 of class 0 and one of class 1, one pixel each, which is the image's index.
  static func uneven() throws -> ImageSet {
    let labels = [Int32](repeating: 2, count: 40) + [Int32](repeating: 0, count: 10) + [1]
    return try ImageSet(pixels: labels.indices.map { UInt8($0) }, labels: labels, imageShape: [1, 1, 1])
  }

  @Test(
    arguments: [
      (0, [0, 0, 0]), (0.1, [1, 0, 4]), (0.25, [3, 0, 10]), (0.5, [5, 1, 20]), (0.999, [10, 1, 40]),
    ] as [(Double, [Int])])
  func splitsEachClass(fraction: Double, expected: [Int]) throws {
    let set = try Self.uneven()
    let (train, validation) = try set.split(validationFraction: fraction, seed: 3)
    #expect((Int32(0)...2).map { label in validation.labels.count { $0 == label } } == expected)
    #expect((train.pixels + validation.pixels).sorted() == set.pixels)
    #expect(train.pixels == train.pixels.sorted())
    #expect(validation.pixels == validation.pixels.sorted())
    #expect(try set.split(validationFraction: fraction, seed: 3).validation.pixels == validation.pixels)
  }

  @Test func splitsDifferBySeed() throws {
    let set = try Self.uneven()
    let first = try set.split(validationFraction: 0.25, seed: 0).validation
    #expect(try set.split(validationFraction: 0.25, seed: 1).validation.pixels != first.pixels)
    // The results of SplitMix64 and our own shuffle, the same on every platform.
    #expect(first.pixels == [1, 7, 10, 11, 14, 20, 22, 26, 30, 39, 42, 44, 49])
  }

  @Test(arguments: [-0.1, 1, .nan, .infinity])
  func refusesFractions(fraction: Double) throws {
    let error = try #require(throws: DataError.self) {
      try Self.uneven().split(validationFraction: fraction, seed: 0)
    }
    #expect(error.message.contains("from 0 to below 1"))
  }

  @Test(arguments: [Int.min, 0, 1])
  func batchesHaveAtLeastOneImage(size: Int) throws {
    let set = try Self.uneven()
    #expect(set.batches(of: size).map(\.count) == [Int](repeating: 1, count: 51))
    #expect(try set.subset([]).batches(of: size).map(\.count) == [])
  }

  @Test func batchesMayBeLargerThanTheSet() throws {
    #expect(try Self.uneven().batches(of: .max).map(\.count) == [51])
  }

  @Test(
    arguments: [
      ([1, 2], [0], [1, 1, 1], 255, "2 pixels should be those of 1 images"),
      ([1], [0], [1, 1], 255, "1 pixels should be those"),
      ([], [], [0, 1, 1], 255, "positive sizes"),
      ([], [], [-1, -1, 1], 255, "positive sizes"),
      ([], [], [.max, .max, 1], 255, "positive sizes"),
      ([17], [0], [1, 1, 1], 16, "pixels should be from 0 to 16"),
      ([0], [0], [1, 1, 1], 0, "pixels should be from 0 to 1"),
      ([0], [-1], [1, 1, 1], 255, "labels should be at least 0"),
    ] as [([UInt8], [Int32], [Int], UInt8, String)])
  func refuses(pixels: [UInt8], labels: [Int32], shape: [Int], greatest: UInt8, message: String) throws {
    let error = try #require(throws: DataError.self) {
      try ImageSet(pixels: pixels, labels: labels, imageShape: Shape(shape), greatestPixel: greatest)
    }
    #expect(error.message.contains(message))
  }
}
