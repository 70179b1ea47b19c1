import Testing

@testable import Datasets

@Suite struct UTF8StepTests {
  /// The rows of table 3-7 of the Unicode Standard at their limits, and just outside of them.
  @Test(
    arguments: [
      ([0x00], .scalar(0, length: 1)), ([0x7F], .scalar(0x7F, length: 1)),
      ([0xC2, 0x80], .scalar(0x80, length: 2)), ([0xDF, 0xBF], .scalar(0x7FF, length: 2)),
      ([0xE0, 0xA0, 0x80], .scalar(0x800, length: 3)), ([0xED, 0x9F, 0xBF], .scalar(0xD7FF, length: 3)),
      ([0xEE, 0x80, 0x80], .scalar(0xE000, length: 3)), ([0xEF, 0xBF, 0xBF], .scalar(0xFFFF, length: 3)),
      ([0xF0, 0x90, 0x80, 0x80], .scalar(0x10000, length: 4)),
      ([0xF4, 0x8F, 0xBF, 0xBF], .scalar(0x10FFFF, length: 4)),
      ([0x80], .invalid(length: 1)), ([0xC0, 0x80], .invalid(length: 1)), ([0xC1, 0xBF], .invalid(length: 1)),
      ([0xE0, 0x9F, 0xBF], .invalid(length: 1)), ([0xED, 0xA0, 0x80], .invalid(length: 1)),
      ([0xF0, 0x8F, 0xBF, 0xBF], .invalid(length: 1)), ([0xF4, 0x90, 0x80, 0x80], .invalid(length: 1)),
      ([0xF5, 0x80], .invalid(length: 1)), ([0xFF], .invalid(length: 1)),
      ([0xE2, 0x82, 0x41], .invalid(length: 2)), ([0xF0, 0x9F, 0x98, 0x41], .invalid(length: 3)),
      ([0xC2], .incomplete), ([0xE2, 0x82], .incomplete), ([0xF0, 0x9F, 0x98], .incomplete),
    ] as [([UInt8], UTF8Step)])
  func steps(bytes: [UInt8], step: UTF8Step) {
    #expect(UTF8Step(bytes, at: 0) == step)
    #expect(UTF8Step([0x41] + bytes, at: 1) == step)
  }

  @Test func readsEveryScalar() {
    for value in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value), let bytes = UTF8.encode(scalar).map(Array.init) else { continue }
      if UTF8Step(bytes, at: 0) != .scalar(value, length: bytes.count) {
        Issue.record("U+\(String(value, radix: 16)) is read as \(UTF8Step(bytes, at: 0))")
      }
    }
  }

  @Test(
    arguments: [
      ([], 0), ([0x41], 1), ([0x41, 0xC3], 1), ([0x41, 0xC3, 0xA9], 3), ([0x41, 0xE2, 0x82], 1),
      ([0x41, 0xF0, 0x9F, 0x98], 1), ([0xF0, 0x9F, 0x98, 0x80], 4), ([0xF0], 0), ([0x80, 0x80, 0x80, 0x80], 4),
      ([0x41, 0xFF], 2), ([0x41, 0xED, 0xA0], 3),
    ] as [([UInt8], Int)])
  func cuts(bytes: [UInt8], cut: Int) {
    #expect(UTF8Cut.last(in: bytes) == cut)
  }
}
