import Foundation
import Testing

@testable import Datasets

@Suite struct IDXFileTests {
  /// `[0, 1, 2, 3, 4, 5]` as 1 × 2 × 3, compressed with gzip.
  static let packed: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x63, 0x60, 0xE0, 0x60, 0x66, 0x60,
    0x60, 0x60, 0x04, 0x62, 0x26, 0x20, 0x66, 0x66, 0x60, 0x64, 0x62, 0x66, 0x61, 0x05, 0x00, 0xA6,
    0xF7, 0xF2, 0xC7, 0x16, 0x00, 0x00, 0x00,
  ]

  static let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]
  static let plain: [UInt8] = header + [0, 1, 2, 3, 4, 5]

  static func changed(_ bytes: [UInt8], _ place: Int, _ value: UInt8) -> [UInt8] {
    var bytes = bytes
    bytes[place] = value
    return bytes
  }

  @Test(arguments: [plain, packed])
  func reads(bytes: [UInt8]) throws {
    let file = try IDXFile(bytes, rank: 3, name: "file")
    #expect(file.dimensions == [1, 2, 3])
    #expect(file.values == [0, 1, 2, 3, 4, 5])
  }

  @Test(
    arguments: [
      ("empty", [], "should be an IDX file"),
      ("short", [0, 0, 8], "should be an IDX file"),
      ("magic", changed(plain, 0, 1), "should be an IDX file"),
      ("type", changed(plain, 2, 0x0D), "type 8"),
      ("rank", changed(plain, 3, 1), "3 dimensions, not 1"),
      ("header", Array(plain.prefix(10)), "ends in its header"),
      ("empty dimension", changed(plain, 7, 0), "at least 1"),
      ("overflow", [0, 0, 8, 3] + [UInt8](repeating: 255, count: 12), "at most"),
      ("one byte less", Array(plain.dropLast()), "6 bytes after its header as the header says, but has 5"),
      ("one byte more", plain + [0], "but has 7"),
      ("truncated gzip", Array(packed.dropLast(9)), "middle of its packed data"),
      ("no checksum", Array(packed.dropLast()), "middle of its packed data"),
      ("wrong checksum", changed(packed, packed.count - 8, packed[packed.count - 8] ^ 1), "corrupt"),
      ("only magic", [0x1F, 0x8B], "middle of its packed data"),
      ("bytes after gzip", packed + [0], "1 bytes after its packed data"),
    ] as [(String, [UInt8], String)])
  func refuses(name: String, bytes: [UInt8], message: String) throws {
    let error = try #require(throws: DataError.self) { try IDXFile(bytes, rank: 3, name: "some.idx") }
    #expect(error.message.hasPrefix("some.idx "))
    #expect(error.message.contains(message), "\(name): \(error)")
  }

  /// RFC 1952, section 2.2: members one after the other. The second one is [4, 5], as Python's `gzip.compress` does.
  @Test func readsSeveralMembers() throws {
    let more: [UInt8] = [
      0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x63, 0x61, 0x05, 0x00, 0x74, 0x23, 0xDF, 0x55, 0x02,
      0x00, 0x00, 0x00,
    ]
    #expect(try Gzip.inflate(Self.packed + more, limit: 1000) == Self.plain + [4, 5])
    let error = try #require(throws: DataError.self) { try IDXFile(Self.packed + more, rank: 3, name: "file") }
    #expect(error.message.contains("but has more"))
    #expect(throws: Gzip.Failure.self) { try Gzip.inflate(Self.packed + more.dropLast(), limit: 1000) }
    #expect(throws: Gzip.Failure.self) { try Gzip.inflate(Self.packed + [0x1F, 0x8B], limit: 1000) }
  }

  /// A header that claims 1 GiB in a file of a few bytes is refused before the memory is allocated.
  @Test func packedBytesMustBeAbleToHoldWhatTheHeaderClaims() throws {
    // 64 × 4096 × 4096 bytes, of which six are there: made with Python's `gzip.compress(header + bytes(6), mtime=0)`.
    let packed: [UInt8] = [
      0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x63, 0x60, 0xE0, 0x60, 0x66, 0x60, 0x60, 0x70, 0x60,
      0x60, 0x10, 0x60, 0x80, 0x60, 0x10, 0x00, 0x00, 0x51, 0x46, 0xFC, 0x2C, 0x16, 0x00, 0x00, 0x00,
    ]
    let error = try #require(throws: DataError.self) { try IDXFile(packed, rank: 3, name: "file") }
    #expect(error.message.contains("1073741824 bytes after its header as the header says, which its"))
  }

  @Test func unpacksNoMoreThanTheLimit() throws {
    #expect(try Gzip.inflate(Self.packed, limit: 18) == Array(Self.plain.prefix(18)))
    #expect(try Gzip.inflate(Self.packed, limit: .max) == Self.plain)
  }

  @Test func readsNoFileFurtherThanItsLimit() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try Data(1...10).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = try #require(throws: DataError.self) { try readBytes(of: path, limit: 9) }
    #expect(error.message == "\(path) should have at most 9 bytes, not 10")
    #expect(try readBytes(of: path, limit: 10) == Array(1...10))
    for (path, message) in [
      ("/", "is a folder and should be a regular file"), ("/no/such/file", "should exist"),
      ("/dev/zero", "is a device and should be"),
    ] {
      let error = try #require(throws: DataError.self) { try IDXFile(contentsOf: path, rank: 1) }
      #expect(error.message.contains(message))
    }
  }

  /// Every file that differs in one byte from a valid one, or is truncated, is read or refused, and never traps.
  @Test(arguments: [plain, packed])
  func survivesDamage(right: [UInt8]) {
    for place in right.indices {
      #expect(throws: DataError.self) { try IDXFile(Array(right[..<place]), rank: 3, name: "file") }
      for value in UInt8.min...UInt8.max {
        _ = try? IDXFile(Self.changed(right, place, value), rank: 3, name: "file")
      }
    }
  }
}
