import Foundation
import Tensors
import Testing

@testable import Datasets

/// Transforms of images against torchvision (`tools/fixtures/data/transforms.py`), and how they compose.
@Suite("Transforms of images")
struct ImageTransformTests {
  struct Generated: Decodable, Sendable {
    var shape: [Int]
    var seed: UInt32
    var scale: Double
    var offset: Double?

    /// The generator of the fixtures.
    var values: [Float] {
      var state = seed
      return (0..<shape.reduce(1, *)).map { _ in
        state = 1_664_525 &* state &+ 1_013_904_223
        return Float((offset ?? 0) + (Double(state) / 0x1p32 - 0.5) * 2 * scale)
      }
    }
    var planes: PixelPlanes { PixelPlanes(channels: shape[0], height: shape[1], width: shape[2], values: values) }
    var tensor: Tensor { Tensor(values, shape: [1] + shape) }
  }

  struct Sample: Decodable, Sendable, CustomTestStringConvertible {
    struct Settings: Decodable, Sendable {
      var size: Size?
      var sigma: Double?
      var factor: Double?
      var mode: String?
      var sides: [Int]?
      var fill: Float?
      var corners: [Double]?
      var moves: Generated?
      var isVertical: Bool?
    }
    /// One number, or a height and a width.
    enum Size: Decodable, Sendable {
      case one(Int)
      case both([Int])

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = try (try? .one(container.decode(Int.self))) ?? .both(container.decode([Int].self))
      }
    }

    var kind: String
    var name: String
    var image: Generated
    var settings: Settings
    var shape: [Int]
    var results: [[Double]]
    var testDescription: String { "\(kind) \(name)" }

    var results32: [Tensor] {
      get throws {
        let settings = settings
        func planes(_ change: (inout PixelPlanes) -> Void) -> [Tensor] {
          var planes = image.planes
          change(&planes)
          return [Tensor(planes.values, shape: [1, planes.channels, planes.height, planes.width])]
        }
        func changed(_ transform: ImageTransform) throws -> [Tensor] { [try transform(image.tensor, seed: 1)] }
        switch (kind, settings.size) {
        case ("blur", .one(let size)):
          let sigma = try #require(settings.sigma)
          return try changed(.gaussianBlur(size: size, sigma: sigma...sigma))
        case ("sharpness", _): return try changed(.sharpness(try #require(settings.factor)))
        case ("grayscale", _): return try changed(.grayscale)
        case ("inverted", _): return try changed(.inverted)
        case ("horizontalFlip", _): return try changed(.horizontalFlip)
        case ("verticalFlip", _): return try changed(.verticalFlip)
        case ("padding", _):
          let modes: [String: ImagePaddingMode] = [
            "constant": .constant(try #require(settings.fill)), "edge": .edge, "reflect": .reflect,
            "symmetric": .symmetric,
          ]
          let (sides, mode) = (try #require(settings.sides), try #require(settings.mode.flatMap { modes[$0] }))
          return try changed(.padding(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3], by: mode))
        case ("perspective", _):
          let numbers = try #require(settings.corners)
          let (right, bottom) = (Double(image.shape[2] - 1), Double(image.shape[1] - 1))
          let corners = [SIMD2(0, 0), SIMD2(right, 0), SIMD2(right, bottom), SIMD2(0, bottom)]
          return planes { image in
            image.view(corners: corners, movedTo: (0..<4).map { SIMD2(numbers[2 * $0], numbers[2 * $0 + 1]) })
          }
        case ("elastic", _):
          let moves = try #require(settings.moves).planes
          return planes { $0.displace(by: moves) }
        case ("fiveCrops", .both(let size)): return try fiveCrops(of: image.tensor, height: size[0], width: size[1])
        case ("tenCrops", .both(let size)):
          return try tenCrops(
            of: image.tensor, height: size[0], width: size[1], isVertical: settings.isVertical ?? false)
        default: throw DataError("no such transform: \(kind)")
        }
      }
    }
  }

  static let samples: [Sample] = {
    struct Content: Decodable { var transforms: [Sample] }
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/Datasets/transforms.json")
    do { return try JSONDecoder().decode(Content.self, from: try Data(contentsOf: file)).transforms } catch {
      fatalError("\(file.path): \(error)")
    }
  }()

  @Test func thereAreAllSamples() { #expect(Self.samples.count == 28) }

  @Test(arguments: samples) func matchesTorchvision(_ sample: Sample) throws {
    let found = try sample.results32
    #expect(found.count == sample.results.count)
    for (tensor, expected) in zip(found, sample.results) {
      #expect(tensor.shape.dimensions == [1] + sample.shape)
      let values = try tensor.values()
      // Places between pixels are rounded to float32, so values are off by some 1e-6.
      #expect(values.count == expected.count && zip(values, expected).allSatisfy { abs(Double($0) - $1) < 5e-6 })
    }
  }

  private static let images = Tensor((0..<2 * 3 * 8 * 6).map { Float($0 % 97) / 97 }, shape: [2, 3, 8, 6])

  /// The same seed and step give the same images, and another step others; sizes stay.
  @Test func randomOnesDependOnSeedAndStepAlone() throws {
    let transforms: [ImageTransform] = [
      .gaussianBlur(size: 3), .perspective(distortion: 0.8), .elastic(alpha: 4, sigma: 0.5),
      .sequence([.randomCrop(height: 3, width: 2), .padding(1)]),
      .oneOf([.grayscale, .inverted, .verticalFlip, .horizontalFlip, .sharpness(3)]),
      .inRandomOrder([.inverted, .sharpness(2), .eachValue { $0 * $0 }]), .inverted.randomly(0.5),
    ]
    for (index, transform) in transforms.enumerated() {
      let results = try (0..<40).map { try transform(Self.images, seed: 3, step: $0).values() }
      #expect(try transform(Self.images, seed: 3, step: 7).values() == results[7], "\(index)")
      #expect(Set(results).count > 1, "\(index)")
      #expect(results.allSatisfy { $0.allSatisfy { (0...1).contains($0) } }, "\(index)")
    }
  }

  @Test func choicesFollowTheirWeights() throws {
    let choice = ImageTransform.oneOf(
      [.eachValue { _ in 0 }, .eachValue { _ in 1 }, .eachValue { _ in 2 }], weights: [1, 0, 3])
    let values = try choice(.zeros([4000, 1, 1, 1]), seed: 5).values()
    let first = Double(values.count { $0 == 0 })
    // Five standard deviations of 4000 draws with a probability of a quarter.
    #expect(abs(first - 1000) < 5 * (4000 * 0.25 * 0.75).squareRoot() && !values.contains(1))
    let some = try ImageTransform.eachValue { _ in 1 }.randomly(0.25)(.zeros([4000, 1, 1, 1]), seed: 6).values()
    #expect(abs(Double(some.count { $0 == 1 }) - 1000) < 5 * (4000 * 0.25 * 0.75).squareRoot())
  }

  @Test func oneImageAndWithoutAnElasticMove() throws {
    let image = Self.images.sliced(starts: [0, 0, 0, 0], shape: [1, 3, 8, 6]).reshaped(to: [3, 8, 6])
    let padded = try ImageTransform.padding(2, by: .edge)(image, seed: 0)
    #expect(padded.shape == [3, 12, 10])
    #expect(try ImageTransform.elastic(alpha: 0, sigma: 0.5)(image, seed: 0).values() == image.values())
    #expect(try ImageTransform.perspective(distortion: 0)(image, seed: 0).shape == [3, 8, 6])
  }

  private static let wrong: [(ImageTransform, String)] = [
    (.gaussianBlur(size: 4), "odd"), (.gaussianBlur(size: 13), "half of it less"),
    (.gaussianBlur(size: 3, sigma: 0...1), "more than 0 pixels"), (.sharpness(-1), "at least 0, not -1.0"),
    (.padding(8, by: .reflect), "cannot be padded by 8"), (.padding(-1), "cannot be padded by -1"),
    (.perspective(distortion: 2), "from 0 to 1, not 2.0"), (.elastic(alpha: .nan), "alpha should be at least 0"),
    (.elastic(sigma: 100), "four times sigma"), (.elastic(sigma: .infinity), "four times sigma"),
    (.inverted.randomly(1.5), "a probability should be from 0 to 1"), (.oneOf([]), "as many weights"),
    (.oneOf([.inverted], weights: [0]), "one of them above 0"), (.randomCrop(height: 9, width: 1), "no part of 9 × 1"),
    (.oneOf([.padding(1), .inverted]), "their sizes must be equal"),
  ]

  @Test(arguments: wrong.indices) func wrongSettingsAreNamed(index: Int) {
    let (transform, sentence) = Self.wrong[index]
    let error = #expect(throws: DataError.self) {
      for step in 0..<20 { _ = try transform(Self.images, seed: 1, step: step) }
    }
    #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "none")")
  }

  @Test func wrongImagesAreNamed() {
    #expect(throws: DataError.self) { try ImageTransform.inverted(.zeros([3, 4]), seed: 0) }
    #expect(throws: DataError.self) { try ImageTransform.grayscale(.zeros([1, 2, 3, 4]), seed: 0) }
    #expect(throws: DataError.self) { try fiveCrops(of: .zeros([1, 3, 4, 4]), height: 5, width: 2) }
    #expect(throws: TensorError.self) { try ImageTransform.inverted(.failed(TensorError("earlier")), seed: 0) }
  }
}
