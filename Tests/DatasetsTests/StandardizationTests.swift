import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct StandardizationTests {
  /// Two images of two channels of 1 × 2 pixels: 1, 2, 5, 6 in the first channel, 7 everywhere in the second.
  static func twoChannels() throws -> ImageSet {
    try ImageSet(pixels: [1, 2, 7, 7, 5, 6, 7, 7], labels: [0, 1], imageShape: [2, 1, 2], greatestPixel: 10)
  }

  @Test func standardizationIsThatOfEachChannel() throws {
    let standardization = Standardization(of: try Self.twoChannels())
    // Mean 14 / 4, variance (1 + 4 + 25 + 36) / 4 - 3.5² = 4.25; divided by the greatest pixel.
    #expect(standardization.mean == [0.35, 0.7])
    #expect(standardization.standardDeviation == [Float(4.25.squareRoot() / 10), 1])
  }

  @Test func batchesAreStandardizedAndImagesAreNot() throws {
    let set = try Self.twoChannels()
    let data = try ImageDataset(name: "two", train: set, test: try set.subset([1]), classNames: ["a", "b"]).standardized
    #expect(data.train.standardization == data.test.standardization)
    #expect(try data.test[0] == [0.5, 0.6, 0.7, 0.7])
    #expect(try data.test.subset([0]).standardization == data.test.standardization)
    for batch in data.test.batches(of: 1) {
      let values = try batch.images.values()
      for (value, expected) in zip(values, [1.5 / 4.25.squareRoot(), 2.5 / 4.25.squareRoot(), 0, 0]) {
        #expect(abs(Double(value) - expected) < 1e-6)
      }
    }
  }

  @Test func digitsGetMeanZeroAndDeviationOne() throws {
    let data = try ImageDataset.digits().standardized
    for batch in data.train.batches(of: data.train.count) {
      let values = try batch.images.values().map(Double.init)
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      #expect(abs(mean) < 1e-6)
      #expect(abs(variance - 1) < 1e-6)
    }
    let none = try data.train.standardized(by: nil).batches(of: 1).first { _ in true }
    #expect(try none?.images.values() == data.train[0])
  }

  @Test func isReadAsItWasWritten() throws {
    let standardization = try Standardization(mean: [0.5, 0.25], standardDeviation: [0.1, 0.2])
    let saved = try JSONEncoder().encode(standardization)
    #expect(try JSONDecoder().decode(Standardization.self, from: saved) == standardization)
    #expect(throws: DataError.self) {
      try JSONDecoder().decode(Standardization.self, from: Data(#"{"mean":[0],"standardDeviation":[0]}"#.utf8))
    }
  }

  @Test(
    arguments: [
      ([], [], "one a channel"), ([0], [1, 1], "one a channel"), ([.nan], [1], "finite"), ([0], [0], "above 0"),
      ([0], [-1], "above 0"), ([0], [.infinity], "above 0"), ([0], [.leastNonzeroMagnitude], "above 0"),
    ] as [([Float], [Float], String)])
  func refuses(mean: [Float], deviation: [Float], message: String) throws {
    let error = try #require(throws: DataError.self) {
      try Standardization(mean: mean, standardDeviation: deviation)
    }
    #expect(error.message.contains(message))
  }

  @Test func refusesOtherNumbersOfChannels() throws {
    let standardization = try Standardization(mean: [0], standardDeviation: [1])
    let error = try #require(throws: DataError.self) { try Self.twoChannels().standardized(by: standardization) }
    #expect(error.message.contains("1 channels should have 2"))
  }
}
