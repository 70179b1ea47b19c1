import Foundation
import Tensors
import Testing

@testable import Models

@Suite struct SafeTensorsTests {
  /// A file of the Python package `safetensors` 0.8.0 with an array of each type that is read:
  ///
  ///     save({"a": float32 [[1.5, -2], [0.25, inf]], "b.i": int32 [1, -2, 2**31 - 1], "e": float32 of shape [0, 3],
  ///           "h": float16 [1, -0.5, 65504, 2**-24], "bf": bfloat16 [1, -3.140625], "d": float64 [0.1], "s": float32 7},
  ///          metadata={"k": 'v"é\n'})
  static let python = """
    qAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJrIjoidlwiw6lcbiJ9LCJkIjp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRz
    IjpbMCw4XX0sImEiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsMl0sImRhdGFfb2Zmc2V0cyI6WzgsMjRdfSwiZSI6eyJkdHlwZSI6IkYzMiIs
    InNoYXBlIjpbMCwzXSwiZGF0YV9vZmZzZXRzIjpbMjQsMjRdfSwicyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbXSwiZGF0YV9vZmZzZXRzIjpb
    MjQsMjhdfSwiYi5pIjp7ImR0eXBlIjoiSTMyIiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbMjgsNDBdfSwiYmYiOnsiZHR5cGUiOiJCRjE2
    Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNDAsNDRdfSwiaCI6eyJkdHlwZSI6IkYxNiIsInNoYXBlIjpbNF0sImRhdGFfb2Zmc2V0cyI6
    WzQ0LDUyXX19ICAgmpmZmZmZuT8AAMA/AAAAwAAAgD4AAIB/AADgQAEAAAD+////////f4A/ScAAPAC4/3sBAA==
    """

  static func file(header: String, data: [UInt8] = []) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + Array(header.utf8) + data
  }

  /// A file of one array `a` with these fields.
  static func file(dtype: String = "F32", shape: String = "[1]", offsets: String = "[0,4]", bytes: Int = 4) -> [UInt8] {
    file(
      header: #"{"a":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}}"#,
      data: [UInt8](repeating: 0, count: bytes))
  }

  @Test func readsWhatPythonWrote() throws {
    let bytes = try #require(Data(base64Encoded: Self.python, options: .ignoreUnknownCharacters))
    let (entries, metadata) = try SafeTensors.decode([UInt8](bytes))
    #expect(metadata == ["k": "v\"é\n"])
    let expected: [(name: String, shape: [Int], dtype: DType, values: [Float])] = [
      ("d", [1], .float64, [0.1]),
      ("a", [2, 2], .float32, [1.5, -2, 0.25, .infinity]),
      ("e", [0, 3], .float32, []),
      ("s", [], .float32, [7]),
      ("b.i", [3], .int32, [1, -2, 2_147_483_648]),
      ("bf", [2], .bfloat16, [1, -3.140625]),
      ("h", [4], .float16, [1, -0.5, 65504, 0x1p-24]),
    ]
    #expect(entries.map(\.name) == expected.map(\.name))
    for (entry, expected) in zip(entries, expected) {
      #expect(entry.shape == expected.shape, "\(entry.name)")
      #expect(entry.dtype == expected.dtype, "\(entry.name)")
      #expect(try entry.values() == expected.values, "\(entry.name)")
    }
    #expect(try entries[0].tensor.values(as: Double.self) == [0.1])
    #expect(try entries[4].tensor.values(as: Int32.self) == [1, -2, .max])
  }

  /// Bytes by hand: the layout of each type in a file.
  @Test(
    arguments: [
      ("F32", .float32, [0, 0, 0xC0, 0x3F], 1.5), ("F64", .float64, [0, 0, 0, 0, 0, 0, 4, 0xC0], -2.5),
      ("BF16", .bfloat16, [0x49, 0xC0], -3.140625), ("F16", .float16, [0xFF, 0x7B], 65504),
      ("I8", .int8, [0x80], -128), ("U8", .uint8, [0xC8], 200), ("I32", .int32, [0xFE, 0xFF, 0xFF, 0xFF], -2),
      ("I64", .int64, [0, 0, 0, 0, 1, 0, 0, 0], 4_294_967_296), ("BOOL", .bool, [1], 1),
    ] as [(String, DType, [UInt8], Float)])
  func bytesOfEveryType(name: String, dtype: DType, bytes: [UInt8], value: Float) throws {
    let header = #"{"a":{"dtype":"\#(name)","shape":[1],"data_offsets":[0,\#(bytes.count)]}}"#
    let entry = try #require(SafeTensors.decode(Self.file(header: header, data: bytes)).entries.first)
    #expect(entry.dtype == dtype)
    #expect(try entry.values() == [value])
    let written = try SafeTensors.Entry(name: "a", Tensor([value], shape: [1]).cast(to: dtype))
    let encoded = [UInt8](try SafeTensors.encode([written], metadata: [:]))
    #expect(Array(encoded.suffix(bytes.count)) == bytes)
    #expect(String(decoding: encoded, as: UTF8.self).contains(#""dtype":"\#(name)""#))
  }

  @Test func everyTypeIsWrittenAndReadAgain() throws {
    try withFolder { folder in
      let url = folder.appendingPathComponent("all.safetensors")
      let tensors = DType.allCases.map { Tensor([0, 1, 100, 7], shape: [2, 2]).cast(to: $0) }
      let entries = try zip(DType.allCases, tensors).map { try SafeTensors.Entry(name: "\($0)", $1) }
      let exact = [
        SafeTensors.Entry(name: "doubles", shape: [2], values: [0.1, 1e300] as [Double]),
        SafeTensors.Entry(name: "wide", shape: [2], values: [.min, .max] as [Int64]),
        SafeTensors.Entry(name: "masks", shape: [2, 1], values: [true, false]),
      ]
      try SafeTensors.write(entries + exact, metadata: [:], to: url)
      let read = try SafeTensors.read(url).entries
      #expect(read.map(\.dtype) == DType.allCases + [.float64, .int64, .bool])
      for (entry, tensor) in zip(read, tensors) {
        #expect(entry.shape == [2, 2])
        #expect(try entry.values() == tensor.cast(to: .float32).values(), "\(entry.dtype)")
      }
      #expect(try read[9].tensor.values(as: Double.self) == [0.1, 1e300])
      #expect(try read[10].tensor.values(as: Int64.self) == [.min, .max])
      #expect(try read[11].tensor.values(as: Bool.self) == [true, false])
    }
  }

  @Test(
    arguments: [
      (0x0000, 0x0000_0000), (0x8000, 0x8000_0000), (0x0001, 0x3380_0000), (0x83FF, 0xB87F_C000),
      (0x0400, 0x3880_0000), (0x3555, 0x3EAA_A000), (0x7BFF, 0x477F_E000), (0x7C00, 0x7F80_0000),
      (0xFC00, 0xFF80_0000), (0x7E00, 0x7FC0_0000),
    ] as [(UInt16, UInt32)])
  func widensHalves(half: UInt16, float: UInt32) throws {
    let data = [UInt8(truncatingIfNeeded: half), UInt8(truncatingIfNeeded: half >> 8)]
    let bytes = Self.file(header: #"{"a":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}"#, data: data)
    let values = try SafeTensors.decode(bytes).entries.flatMap { try $0.values() }
    #expect(values.map(\.bitPattern) == [float])
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    try withFolder { folder in
      let url = folder.appendingPathComponent("some.safetensors")
      let special: [Float] = [
        -0.0, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, Float(bitPattern: 0x7FC0_1234),
      ]
      let entries = [
        SafeTensors.Entry(name: "späte \"Gewichte\"\\\u{1}", shape: [5], values: special),
        SafeTensors.Entry(name: "empty", shape: [3, 0], values: [Float]()),
        SafeTensors.Entry(name: "scalar", shape: [], values: [1]),
        SafeTensors.Entry(name: "steps", shape: [2, 1], values: [.min, .max] as [Int32]),
      ]
      let metadata = ["model": "mlp", "note": "line\nline\t\u{1F600}"]
      try SafeTensors.write(entries, metadata: metadata, to: url)
      let read = try SafeTensors.read(url)
      #expect(read.metadata == metadata)
      #expect(read.entries.map(\.name) == entries.map(\.name))
      #expect(read.entries.map(\.shape) == entries.map(\.shape))
      #expect(read.entries.map(\.dtype) == [.float32, .float32, .float32, .int32])
      #expect(read.entries.map(\.bytes) == entries.map(\.bytes))
      #expect(try read.entries[0].values().map(\.bitPattern) == special.map(\.bitPattern))
      #expect(try read.entries[3].tensor.values(as: Int32.self) == [.min, .max])

      try SafeTensors.write([], metadata: [:], to: url)
      #expect(try SafeTensors.read(url).entries.isEmpty)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["some.safetensors"])
    }
  }

  @Test(arguments: 1...9)
  func dataBegins8Aligned(nameLength: Int) throws {
    let entry = SafeTensors.Entry(name: String(repeating: "n", count: nameLength), shape: [1], values: [1])
    let bytes = [UInt8](try SafeTensors.encode([entry], metadata: [:]))
    #expect((bytes.count - 4) % 8 == 0)
    #expect(bytes.suffix(4) == [0, 0, 0x80, 0x3F])
  }

  @Test(
    arguments: [
      ("empty", [], "at least 8 bytes"),
      ("short", [1, 0, 0], "at least 8 bytes"),
      ("header beyond the file", [9, 0, 0, 0, 0, 0, 0, 0, 123, 125], "ends in its header, which should have 9 bytes"),
      ("header above the limit", [1, 0xE1, 0xF5, 5, 0, 0, 0, 0], "at most 100 MB, not 100000001"),
      ("header length overflows", [UInt8](repeating: 255, count: 8), "at most 100 MB"),
      ("no object", file(header: "[]"), "{ at byte 0"),
      ("no end", file(header: "{"), "\" at byte 1"),
      ("more after the end", file(header: "{} x"), "the end of the header at byte 3"),
      ("no UTF-8", [4, 0, 0, 0, 0, 0, 0, 0] + Array("{\"".utf8) + [0xFF, 0x22], "text in UTF-8"),
      ("control character", file(header: "{\"\n\":{}}"), "no control character"),
      ("bad escape", file(header: #"{"\x":{}}"#), "JSON escape"),
      ("half a surrogate", file(header: #"{"\ud800":{}}"#), "whole character"),
      ("short escape", file(header: #"{"\u12"#), "hexadecimal"),
      ("array as an entry", file(header: #"{"a":[]}"#), "an object for 'a'"),
      ("metadata as a number", file(header: #"{"__metadata__":{"a":[1]}}"#), "text as metadata 'a'"),
      ("metadata as text", file(header: #"{"__metadata__":"a"}"#), "object for '__metadata__'"),
      ("no shape", file(header: #"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#), "dtype, shape and two data_offsets"),
      ("one offset", file(offsets: "[0]"), "dtype, shape and two data_offsets"),
      ("unknown type", file(dtype: "C64"), "one of F32, F64, BF16, F16, I8, U8, I32, I64, BOOL for 'a', not C64"),
      ("negative size", file(shape: "[-1]"), "a whole number"),
      ("fraction", file(shape: "[1.0]"), "] at byte"),
      ("number overflows", file(shape: "[9223372036854775808]"), "a whole number"),
      ("shape overflows", file(shape: "[4294967296,4294967296]"), "can be counted"),
      ("bytes overflow", file(shape: "[4611686018427387904]"), "can be counted"),
      ("too few bytes for the shape", file(shape: "[2]"), "8 bytes for 'a', but its data_offsets are [0, 4]"),
      ("offsets backward", file(offsets: "[4,0]"), "but its data_offsets are [4, 0]"),
      ("beyond the data", file(bytes: 3), "4 bytes after its header, not 3"),
      ("before the end of the data", file(bytes: 5), "4 bytes after its header, not 5"),
      ("hole at the beginning", file(offsets: "[4,8]", bytes: 8), "'a' at byte 0 of its data"),
      ("offset near the greatest", file(offsets: "[9223372036854775803,9223372036854775807]"), "'a' at byte 0"),
      (
        "overlap",
        file(
          header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
            + #""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, data: [UInt8](repeating: 0, count: 8)),
        "'b' at byte 8 of its data"
      ),
      (
        "the same twice",
        file(
          header: #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
            + #""\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, data: [UInt8](repeating: 0, count: 8)),
        "'a' only once"
      ),
    ] as [(String, [UInt8], String)])
  func refuses(name: String, bytes: [UInt8], message: String) throws {
    try withFolder { folder in
      let url = folder.appendingPathComponent("some.safetensors")
      try Data(bytes).write(to: url)
      let error = try #require(throws: ModelError.self) { try SafeTensors.read(url) }
      #expect("\(error)".hasPrefix(url.path), "\(name): \(error)")
      #expect("\(error)".contains(message), "\(name): \(error)")
    }
  }

  /// Separate, as arguments are printed.
  @Test func refusesDeepNesting() throws {
    let lists = Self.file(header: "{\"a\":" + String(repeating: "[", count: 10_000))
    try refuses(name: "deep lists", bytes: lists, message: "a whole number")
    let objects = Self.file(header: String(repeating: #"{"a":"#, count: 10_000))
    try refuses(name: "deep objects", bytes: objects, message: "text, a list of numbers or an object")
  }

  @Test(arguments: ["/no/such/file", "/dev/zero", "/"])
  func refusesWhatIsNoFile(path: String) throws {
    let error = try #require(throws: ModelError.self) { try SafeTensors.read(URL(fileURLWithPath: path)) }
    #expect("\(error)".hasPrefix("\(path) "))
    #expect("\(error)".contains("should "))
  }

  @Test(
    arguments: [
      ([("a", [1], 1), ("a", [1], 1)], "two arrays are called 'a'"),
      ([("__metadata__", [1], 1)], "two arrays are called '__metadata__'"),
      ([("a", [2, 2], 3)], "as many values as its shape [2, 2]"),
      ([("a", [-1, -1], 1)], "as many values as its shape"),
      ([("a", [.max, .max], 1)], "as many values as its shape"),
    ] as [([(String, [Int], Int)], String)])
  func refusesToWrite(arrays: [(name: String, shape: [Int], count: Int)], message: String) throws {
    try withFolder { folder in
      let url = folder.appendingPathComponent("some.safetensors")
      let entries = arrays.map {
        SafeTensors.Entry(name: $0.name, shape: $0.shape, values: [Float](repeating: 0, count: $0.count))
      }
      let error = try #require(throws: ModelError.self) { try SafeTensors.write(entries, metadata: [:], to: url) }
      #expect("\(error)".hasPrefix(url.path))
      #expect("\(error)".contains(message))
      #expect(!FileManager.default.fileExists(atPath: url.path))
    }
  }

  /// Every file that differs in one byte from a valid one, or is truncated, is read or refused, and never traps.
  @Test func survivesDamage() throws {
    let right = [UInt8](try #require(Data(base64Encoded: Self.python, options: .ignoreUnknownCharacters)))
    var refused = 0
    for place in right.indices {
      if (try? SafeTensors.decode(Array(right[..<place]))) == nil { refused += 1 }
      for flip in [0x01, 0x80, 0xFF] as [UInt8] {
        var bytes = right
        bytes[place] ^= flip
        _ = try? SafeTensors.decode(bytes)
      }
    }
    #expect(refused == right.count)
  }

  /// Calls `body` with a new folder, removed afterward.
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("backprop-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  /// The target of a link in a run's folder belongs to somebody else.
  @Test func replacingPutsAFileInPlaceOfALinkAndLeavesNothingBehind() throws {
    try withFolder { folder in
      let target = folder.appendingPathComponent("target")
      let link = folder.appendingPathComponent("link")
      try Data([1]).write(to: target)
      try FileManager.default.createSymbolicLink(at: link, withDestinationURL: target)
      try AtomicFile.replace(link, with: Data([2, 3]))
      #expect(try Data(contentsOf: target) == Data([1]))
      #expect(try Data(contentsOf: link) == Data([2, 3]))
      let attributes = try FileManager.default.attributesOfItem(atPath: link.path)
      #expect(attributes[.type] as? FileAttributeType == .typeRegular)

      let inner = folder.appendingPathComponent("folder")
      try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: false)
      for place in [inner, folder.appendingPathComponent("absent/file")] {
        let error = try #require(throws: ModelError.self) { try AtomicFile.replace(place, with: Data()) }
        #expect("\(error)".hasPrefix(place.path))
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["folder", "link", "target"])
    }
  }
}
