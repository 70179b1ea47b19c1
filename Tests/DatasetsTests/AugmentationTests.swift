import Tensors
import Testing

@testable import Datasets

@Suite struct AugmentationTests {
  /// Two images of 3 × 4 pixels, 0 to 23, of the classes 1 and 2.
  private static func images() throws -> ImageSet {
    try ImageSet(pixels: (0..<24).map { UInt8($0) }, labels: [1, 2], imageShape: [1, 3, 4], greatestPixel: 255)
  }

  private static func planes(_ values: [Float], channels: Int = 1, height: Int, width: Int) -> PixelPlanes {
    PixelPlanes(channels: channels, height: height, width: width, values: values)
  }

  private static func loader(_ augmentation: Augmentation, seed: UInt64 = 0) throws -> ImageLoader {
    try ImageLoader(
      images(), by: SequentialSampler(count: 2), batchSize: 2, augmentation: augmentation, seed: seed)
  }

  // MARK: Moves

  @Test func anImageIsMirroredShiftedAndTurned() {
    let image = Self.planes([1, 2, 3, 4, 5, 6], height: 2, width: 3)
    var mirrored = PixelPlanes.Placement()
    mirrored.a = -1
    #expect(image.moved(by: mirrored).values == [3, 2, 1, 6, 5, 4])
    var shifted = PixelPlanes.Placement()
    (shifted.x, shifted.y) = (1, -1)
    #expect(image.moved(by: shifted).values == [0, 4, 5, 0, 0, 0])
    // Mirrored first, then shifted by one to the right.
    mirrored.then(shifted)
    #expect(image.moved(by: mirrored).values == [0, 6, 5, 0, 0, 0])
    let turned = image.moved(by: .rotated(degrees: 180)).values
    for (value, expected) in zip(turned, [6, 5, 4, 3, 2, 1] as [Float]) { #expect(abs(value - expected) < 1e-5) }
    // A quarter turn to the left of a square: the last column becomes the first row.
    let square = Self.planes([1, 2, 3, 4, 5, 6, 7, 8, 9], height: 3, width: 3)
    let quarter = square.moved(by: .rotated(degrees: -90)).values
    let other = square.moved(by: .rotated(degrees: 90)).values
    for (place, expected) in [3, 6, 9, 2, 5, 8, 1, 4, 7].enumerated() {
      #expect(abs(min(abs(quarter[place] - Float(expected)), abs(other[place] - Float(expected)))) < 1e-5)
    }
    #expect(quarter != other)
  }

  @Test(arguments: [false, true], -6...6) func wholePixelsMoveFarther(isMirrored: Bool, x: Int) {
    let image = Self.planes((1...24).map { Float($0) }, channels: 2, height: 3, width: 4)
    for y in -4...4 {
      let placement = PixelPlanes.Placement(a: isMirrored ? -1 : 1, x: Float(x), y: Float(y))
      let expected = (0..<24).map { place -> Float in
        let (channel, row, column) = (place / 12, place / 4 % 3 - y, place % 4 - x)
        guard 0..<3 ~= row, 0..<4 ~= column else { return 0 }
        return image.values[channel * 12 + row * 4 + (isMirrored ? 3 - column : column)]
      }
      #expect(image.moved(by: placement).values == expected, "\(x), \(y)")
    }
  }

  @Test func betweenPixelsIsTheirMean() {
    let image = Self.planes([2, 4, 6], height: 1, width: 3)
    var half = PixelPlanes.Placement()
    half.x = 0.5
    // What comes in from the left is black.
    #expect(image.moved(by: half).values == [1, 3, 5])
    // Twice as large about the center: every other new pixel lies between two old ones.
    #expect(image.moved(by: .scaled(2)).values == [3, 4, 5])
  }

  /// A part of a white image has no black, and one of a slope is a slope that is less steep.
  @Test func partsAreEnlarged() {
    var augmentation = Augmentation()
    augmentation.crop = 0.25
    var generator = SeededGenerator(seed: 3, stream: 0)
    let white = Self.planes(Array(repeating: 1, count: 63), height: 7, width: 9)
    let slope = Self.planes((0..<63).map { Float($0 % 9) / 8 }, height: 7, width: 9)
    for _ in 0..<200 {
      let part = augmentation.varied(white, using: &generator).values
      #expect(part.allSatisfy { abs($0 - 1) < 1e-5 }, "\(part)")
      let row = augmentation.varied(slope, using: &generator).values.prefix(9)
      let step = row[8] / 8 - row[0] / 8
      #expect(0.43 / 8...1.0001 / 8 ~= step, "\(row)")
      #expect(zip(row, row.dropFirst()).allSatisfy { abs($1 - $0 - step) < 1e-5 }, "\(row)")
    }
  }

  // MARK: Colors, by hand: luminance is 0.299 red + 0.587 green + 0.114 blue

  @Test func colorsAreBlended() {
    var gray = Self.planes([0.2, 0.6], height: 1, width: 2)
    gray.scaleBrightness(1.5)
    #expect(zip(gray.values, [0.3, 0.9]).allSatisfy { abs($0 - $1) < 1e-6 })
    gray = Self.planes([0.2, 0.6], height: 1, width: 2)
    gray.scaleContrast(0.5)
    #expect(zip(gray.values, [0.3, 0.5]).allSatisfy { abs($0 - $1) < 1e-6 })
    var color = Self.planes([1, 0.5, 0], channels: 3, height: 1, width: 1)
    color.scaleSaturation(0)
    #expect(color.values.allSatisfy { abs($0 - 0.5925) < 1e-6 })
    gray.scaleSaturation(0)
    #expect(zip(gray.values, [0.3, 0.5]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  /// The numbers of Pillow 11's ImageOps.posterize(bits=3), solarize(threshold=128) and equalize for the levels 10, 100,
  /// 100, 200 (equalize: of those, 250, 250, 250 and 7 in eight pixels).
  @Test func levelsAreReduced() {
    func levels(_ image: PixelPlanes) -> [Int] { image.values.map { Int(($0 * 255).rounded()) } }
    let bytes: [Float] = [10, 100, 100, 200]
    var image = Self.planes(bytes.map { $0 / 255 }, height: 2, width: 2)
    image.posterize(bits: 3)
    #expect(levels(image) == [0, 96, 96, 192])
    image = Self.planes(bytes.map { $0 / 255 }, height: 2, width: 2)
    image.solarize(above: 128 / 255)
    #expect(levels(image) == [10, 100, 100, 55])
    image.equalize()
    // Of the three pixels above the lowest, one is up to 55 and three up to 100.
    #expect(levels(image) == [0, 255, 255, 85])
  }

  // MARK: Batches

  @Test func withoutAnyNothingChanges() throws {
    let batch = try Self.loader(Augmentation()).batch(ofStep: 0)
    #expect(try batch.images.values() == (0..<24).map { Float($0) / 255 })
    #expect(try batch.labels.values(as: Int32.self) == [1, 2])
    #expect(batch.otherLabels == nil && batch.shares == nil)
    #expect(Augmentation(.none).isNone && !Augmentation(.light).isNone)
    #expect(Augmentation(.strong, allowsFlips: false).horizontalFlip == 0)
  }

  @Test func aBatchDependsOnSeedAndStepAlone() throws {
    let augmentation = Augmentation(.strong)
    let (loader, other) = (try Self.loader(augmentation), try Self.loader(augmentation))
    let batches = try (0..<6).map { try loader.batch(ofStep: $0).images.values() }
    for step in [4, 0, 5, 2] { #expect(try other.batch(ofStep: step).images.values() == batches[step]) }
    #expect(Set(batches.map { $0.map(\.bitPattern) }).count > 1)
    #expect(try Self.loader(augmentation, seed: 1).batch(ofStep: 3).images.values() != batches[3])
  }

  @Test func aFlipIsAsLikelyAsItSays() throws {
    var augmentation = Augmentation()
    augmentation.horizontalFlip = 0.25
    let loader = try Self.loader(augmentation)
    let flipped = try (0..<1000).map { step in
      try loader.batch(ofStep: step).images.values()[0] > 0 ? 1 : 0
    }.reduce(0, +)
    // Five standard deviations of a binomial distribution.
    #expect(abs(flipped - 250) <= 69)
  }

  /// Where labels are mixed, their share is that of the pixels: an image of ones with one of zeros.
  @Test(arguments: [true, false]) func sharesOfLabelsAreThoseOfPixels(cuts: Bool) throws {
    let size = 16
    let set = try ImageSet(
      pixels: [UInt8](repeating: 255, count: size * size) + [UInt8](repeating: 0, count: size * size), labels: [0, 1],
      imageShape: [1, size, size])
    var augmentation = Augmentation()
    if cuts { augmentation.cutmix = 1 } else { augmentation.mixup = 0.4 }
    let loader = try ImageLoader(set, by: SequentialSampler(count: 2), batchSize: 2, augmentation: augmentation)
    var mixed = 0
    for step in 0..<50 {
      let batch = try loader.batch(ofStep: step)
      let values = try batch.images.values()
      let (labels, others) = (
        try batch.labels.values(as: Int32.self), try #require(try batch.otherLabels?.values(as: Int32.self))
      )
      let shares = try #require(try batch.shares?.values())
      for image in 0..<2 {
        let white = values[image * size * size..<(image + 1) * size * size].reduce(0, +) / Float(size * size)
        let expected = (labels[image] == 0 ? shares[image] : 0) + (others[image] == 0 ? 1 - shares[image] : 0)
        #expect(abs(white - expected) < 1e-4)
        if (0.01..<0.99).contains(white) { mixed += 1 }
      }
    }
    #expect(mixed > 10)
  }

  /// Mean 1/2 and variance 1 / (4 (2α + 1)).
  @Test(arguments: [0.2, 0.5, 1, 3]) func betaNumbersHaveTheirMoments(alpha: Double) {
    var generator = SeededGenerator(seed: 9)
    let numbers = (0..<20_000).map { _ in generator.beta(alpha) }
    let mean = numbers.reduce(0, +) / 20_000
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    let expected = 1 / (4 * (2 * alpha + 1))
    #expect(numbers.allSatisfy { (0...1).contains($0) })
    #expect(abs(mean - 0.5) < 5 * (expected / 20_000).squareRoot())
    #expect(abs(variance - expected) < 0.05 * expected)
  }

  @Test(arguments: [-0.1, .nan, .infinity, 1e9, -.infinity] as [Double]) func absurdNumbersAreErrors(value: Double)
    throws
  {
    let paths: [WritableKeyPath<Augmentation, Double>] = [
      \.horizontalFlip, \.shift, \.rotation, \.scale, \.erasing, \.color, \.mixup, \.cutmix,
    ]
    for path in paths {
      var augmentation = Augmentation()
      augmentation[keyPath: path] = value
      #expect(throws: DataError.self) { try Self.loader(augmentation) }
    }
    for count in [-1, 11, Int.max, Int.min] {
      var augmentation = Augmentation()
      augmentation.randomOperations = count
      #expect(throws: DataError.self) { try Self.loader(augmentation) }
    }
  }

  /// Every operation on images of one pixel, one row and one column, gray and in color.
  @Test(arguments: [[1, 1, 1], [3, 1, 5], [3, 7, 1], [1, 2, 2]] as [[Int]]) func anyShapeIsVaried(shape: [Int]) throws {
    let size = shape.reduce(1, *)
    let set = try ImageSet(
      pixels: (0..<4 * size).map { UInt8(truncatingIfNeeded: $0 * 37) }, labels: [0, 1, 0, 1], imageShape: Shape(shape))
    var augmentation = Augmentation(.strong)
    (augmentation.randomOperations, augmentation.erasing, augmentation.color) = (10, 1, 1)
    (augmentation.rotation, augmentation.scale) = (180, 0.99)
    let loader = try ImageLoader(
      set, by: ShuffledSampler(count: 4, seed: 1), batchSize: 3, augmentation: augmentation)
    for step in 0..<40 {
      #expect(try loader.batch(ofStep: step).images.values().allSatisfy { $0.isFinite && (0...1.001).contains($0) })
    }
  }
}

extension PixelPlanes {
  fileprivate func moved(by placement: Placement) -> PixelPlanes {
    var result = self
    result.move(by: placement)
    return result
  }
}

extension Augmentation {
  fileprivate func varied(_ image: PixelPlanes, using generator: inout SeededGenerator) -> PixelPlanes {
    var result = image
    vary(&result, using: &generator)
    return result
  }
}
