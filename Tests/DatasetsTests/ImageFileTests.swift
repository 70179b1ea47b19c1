import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct ImageFileTests {
  static func pixels(_ bytes: [UInt8], index: Int? = nil, shape: Shape) throws -> [UInt8] {
    var result: [UInt8] = []
    try withFolder { folder in
      let file = folder.appendingPathComponent("image")
      try Data(bytes).write(to: file)
      result = try ImageFile.pixels(file.path, index: index, shape: shape)
    }
    return result
  }

  @Test(
    arguments: [
      ("P2 # two by two\n2 2\n4\n0 4\n4 0\n", [], [1, 2, 2], [0, 255, 255, 0]),
      ("P5 2 2 255\n", [1, 2, 3, 4], [1, 2, 2], [1, 2, 3, 4]),
      ("P5 2 2 255\n", [10, 20, 30, 40], [1, 1, 1], [25]),
      ("P5 1 1 255\n", [9], [1, 2, 2], [9, 9, 9, 9]),
      ("P5 3 1 255\n", [0, 90, 180], [1, 1, 2], [34, 146]),
      ("P5 1 1 65535\n", [255, 255], [3, 1, 1], [255, 255, 255]),
      ("P6 1 1 255\n", [1, 2, 3], [3, 1, 1], [1, 2, 3]),
      ("P5 2 1 255\n", [1, 2, 10], [1, 1, 2], [1, 2]),
      ("P5 2 1 255\n", [1, 2] + Array("P5 1 1 255\n".utf8) + [7, 10], [1, 1, 2], [1, 2]),
      ("P5 2 1 255\n", [1, 2, 10] + Array("P6 1 1 255\n".utf8) + [7, 8, 9], [1, 1, 2], [1, 2]),
      ("P6 1 1 255\n", [255, 0, 0], [1, 1, 1], [76]),
    ] as [(String, [UInt8], [Int], [UInt8])])
  func reads(header: String, body: [UInt8], shape: [Int], expected: [UInt8]) throws {
    #expect(try Self.pixels(Array(header.utf8) + body, shape: Shape(shape)) == expected)
  }

  @Test func readsAnyImageOfAFileOfSeveral() throws {
    let file = Array("P5 2 1 255\n".utf8) + [1, 2, 10] + Array("P5 1 2 255\n".utf8) + [7, 8]
    #expect(try Self.pixels(file, index: 1, shape: [1, 2, 1]) == [7, 8])
    let error = try #require(throws: DataError.self) { try Self.pixels(file, index: 2, shape: [1, 2, 1]) }
    #expect(error.message.contains("has 2 images, so the index should be from 0 to 1, not 2"))
  }

  @Test func readsAnImageOfAnIDXFile() throws {
    #expect(try Self.pixels(IDXFileTests.packed, shape: [1, 2, 3]) == [0, 1, 2, 3, 4, 5])
    let error = try #require(throws: DataError.self) {
      try Self.pixels(IDXFileTests.plain, index: 1, shape: [1, 2, 3])
    }
    #expect(error.message.contains("from 0 to 0, not 1"))
  }

  @Test(arguments: [
    ("", "PGM (P2, P5) or PPM (P6)"),
    ("\u{89}PNG", "PGM (P2, P5) or PPM (P6)"),
    ("P5", "format that is read"),
    ("P5 0 2 255\n", "a width from 1"),
    ("P5 99999999999999999999 2 255\n", "a width from 1"),
    ("P5 2 2 255\nabc", "4 bytes after its header, not 3"),
    ("P5 2 2 255\nabcde", "should end, or have another image, at byte 15"),
    ("P5 1 1 9\nz", "values up to 9"),
    ("P2 1000000 1000000 255\n1 2", "too short"),
    ("P2 1 1 3\n4 ", "a value from 0 to 3"),
  ])
  func refuses(text: String, message: String) throws {
    let error = try #require(throws: DataError.self) { try Self.pixels(Array(text.utf8), shape: [1, 2, 2]) }
    #expect(error.message.contains(message), "\(error)")
  }

  @Test(arguments: [[1, 1 << 40, 1 << 40], [1, .max, 1], [2, 1, 1], [1, 0, 1], [1, 1], [1, -1, -1]] as [[Int]])
  func refusesShapes(shape: [Int]) throws {
    let error = try #require(throws: DataError.self) {
      try Self.pixels(Array("P2 1 1 1 1".utf8), shape: Shape(shape))
    }
    #expect(error.message.contains("the model should not take"))
  }

  @Test func standardizesAsTheNetworkWasTrained() throws {
    try withFolder { folder in
      let file = folder.appendingPathComponent("image")
      try Data("P2 2 1 255 255 0 ".utf8).write(to: file)
      let standardization = try Standardization(mean: [0.5], standardDeviation: [0.25])
      #expect(try ImageFile.load(file.path, shape: [1, 1, 2]).values() == [1, 0])
      let image = try ImageFile.load(file.path, shape: [1, 1, 2], standardization: standardization)
      #expect(try image.values() == [2, -2])
      #expect(image.shape.dimensions == [1, 1, 1, 2])
    }
  }
}
