import Foundation
import Testing

@testable import Training

@Suite struct TensorBoardTests {
  // RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
  @Test(
    arguments: [
      (Array(repeating: 0, count: 32), 0x8A91_36AA), (Array(repeating: 0xFF, count: 32), 0x62A8_AB43),
      (Array(0..<32), 0x46DD_794E), (Array("123456789".utf8), 0xE306_9283), ([], 0),
    ] as [([UInt8], UInt32)])
  func `checks are those of the polynomial of Castagnoli`(bytes: [UInt8], expected: UInt32) {
    #expect(CRC32C.checksum(bytes) == expected)
  }

  /// By `tools/make_tensorboard_fixtures.py`, with TensorBoard's own code.
  private static func record(_ name: String) throws -> String? {
    let url = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../Fixtures/Reports/tensorboard.json")
    return try JSONDecoder().decode([String: String].self, from: Data(contentsOf: url))[name]
  }

  private func hexadecimal(_ event: TensorBoardEvent) -> String {
    event.record.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static let seconds = 1_700_000_000.25

  @Test func `records are those that TensorBoard writes`() throws {
    #expect(hexadecimal(.version(seconds: Self.seconds)) == (try Self.record("version")))
    #expect(hexadecimal(.purging(from: 41, seconds: Self.seconds)) == (try Self.record("purge")))
    var scalars = TensorBoardEvent(step: 300, seconds: Self.seconds)
    scalars.add("loss/test", scalar: 0.1)
    scalars.add("Verlust/größer", scalar: -2.5e-8)
    #expect(hexadecimal(scalars) == (try Self.record("scalars")))
    var histogram = TensorBoardEvent(step: 70000, seconds: Self.seconds)
    histogram.add("weights/layers.0.weight", histogram: .init(low: -1.5, high: 0.5, counts: [3, 0, 5, 2]))
    #expect(hexadecimal(histogram) == (try Self.record("histogram")))
    var text = TensorBoardEvent(step: 1, seconds: Self.seconds)
    text.add("sample", text: "    1 one\n    2 two")
    #expect(hexadecimal(text) == (try Self.record("text")))
  }

  @Test func `what cannot be drawn is left out`() {
    var event = TensorBoardEvent(step: 1, seconds: Self.seconds)
    event.add("a", width: 2, height: 2, .gray, [1])
    event.add("b", histogram: .init(low: .nan, high: 1, counts: [1]))
    event.add("c", histogram: .init(low: 0, high: 1, counts: []))
    #expect(event.record == TensorBoardEvent(step: 1, seconds: Self.seconds).record)
  }
}
