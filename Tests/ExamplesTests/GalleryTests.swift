import Testing

@testable import Gallery

/// The programs of `Examples/Gallery`, trained as briefly as with `--quick`.
@Suite struct GalleryTests {
  /// What each must reach. Without learning the values are 1.2, above 1, 0, 0.38, 0.14, 36, 0.13, 0.13, 0, 0, 1.4 and 0,
  /// in this order.
  static let expected: [String: ClosedRange<Double>] = [
    GAN.name: 4...10, VariationalAutoencoder.name: 0...0.85, Translator.name: 0.7...1, SiameseNetwork.name: 0.5...1,
    UNet.name: 0.5...1, WaveNet.name: 1...8, SkipGram.name: 0.8...1, CatchGame.name: 0.6...1,
    MixtureOfExperts.name: 0.55...1, WassersteinGAN.name: 0.3...1, BurgersEquation.name: 0...0.1,
    HousePrices.name: 0.85...1,
  ]

  @Test(arguments: expected.keys.sorted()) func learns(_ name: String) throws {
    let program = try #require(Gallery.programs.first { $0.name == name })
    let finding = try Gallery.result(of: program, quick: true)
    #expect(try #require(Self.expected[name]).contains(finding.value), "\(finding.text)")
  }

  @Test func everyProgramIsTested() {
    #expect(Gallery.programs.map { $0.name }.sorted() == Self.expected.keys.sorted())
  }
}
