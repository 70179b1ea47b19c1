import Foundation
import Testing

@testable import Datasets
@testable import Files

@Suite struct FileReadingTests {
  /// Any bytes can be a name on Linux; each name has a unique string, which converts back to the bytes.
  @Test(
    arguments: [
      [], Array("runs/größe 日本 🙂".utf8), [0x66, 0xFF, 0x67], [0xC3, 0x28], [0xE2, 0x82], [0xED, 0xA0, 0x80],
      [0xF0, 0x9F, 0x98], [0xEE, 0xBF, 0xBF], [0xEE, 0xBE, 0x80, 0xFF], [0x80], Array(1...255),
    ] as [[UInt8]])
  func pathsKeepTheirBytes(bytes: [UInt8]) {
    #expect(FilePath.bytes(of: FilePath.string(of: bytes)) == bytes)
  }

  @Test func pathsInUTF8StayAsTheyAre() {
    #expect(FilePath.string(of: Array("größe/日本".utf8)) == "größe/日本")
    #expect(FilePath.string(of: [0x61, 0xFF]) != FilePath.string(of: Array("a\u{EFFF}".utf8)))
  }

  @Test(arguments: [
    ("plain größe 日本", "plain größe 日本"), ("\u{1B}[31mred", "\\u{1B}[31mred"), ("a\nb\tc", "a\\u{A}b\\u{9}c"),
    ("\u{7F}\u{9B}", "\\u{7F}\\u{9B}"), ("a\u{202E}b", "a\\u{202E}b"), ("a\u{EFFF}", "a\\xFF"),
    ("e\u{301}", "e\u{301}"),
  ])
  func controlCharactersAreShownAsNumbers(text: String, shown: String) {
    #expect(text.printable == shown)
  }

  private struct Record: Decodable {
    struct Part: Decodable { var size: Int }
    var name: String
    var parts: [Part]
    var rate: Double?
    var isDone: Bool?
    var sizes: [String: Int]?
  }

  @Test(arguments: [
    ("", "should be JSON, but it ends where a value should stand"),
    ("[]", "should have an object at its top"),
    ("{}", "lacks 'name'"),
    (#"{"name":1,"parts":[]}"#, "should have text as 'name'"),
    (#"{"name":null,"parts":[]}"#, "should have text as 'name', not null"),
    (#"{"name":"","parts":{}}"#, "should have a list as 'parts'"),
    (#"{"name":"","parts":[{"size":1},{}]}"#, "lacks 'parts[1].size'"),
    (#"{"name":"","parts":[{"size":"1"}]}"#, "should have a whole number as 'parts[0].size'"),
    (#"{"name":"","parts":[{"size":0.5}]}"#, "should have a whole number as 'parts[0].size', not 0.5"),
    (
      #"{"name":"","rate":0.5,"parts":[{"size":9223372036854775808}]}"#,
      "should have a whole number as 'parts[0].size', not 9223372036854775808"
    ),
    (#"{"name":"","parts":[],"rate":1e999}"#, "should have a number as 'rate', not 1e999"),
    (#"{"name":"","parts":[],"isDone":1}"#, "should have true or false as 'isDone'"),
    (#"{"name":"","parts":[],"sizes":{"a\u001b":"x"}}"#, #"should have a whole number as 'sizes.a\u{1B}'"#),
    (#"{"name":"","parts":[}"#, "should be JSON, but line 1, column 21 should have a value"),
    ("{\"name\":\"\",\n \"parts\" []}", "should be JSON, but line 2, column 10 should have ':'"),
    (#"{"name":"","parts":[]"#, "should be JSON, but it ends where '}' or ',' should stand"),
    (#"{"name":"","parts":[]} x"#, "should be JSON, but line 1, column 24 should have the end"),
    (#"{"name":"\q","parts":[]}"#, "should be JSON, but line 1, column 10 should have an escape of JSON"),
    (#"{"name":"","parts":[{"size":01}]}"#, "column 29 should have a number without zeros before it"),
  ])
  func damagedJSONIsASentence(text: String, reason: String) throws {
    let failure = try #require(throws: FileFailure.self) { try JSONReading.value(Record.self, from: Array(text.utf8)) }
    #expect(failure.reason.hasSuffix(reason), "\(failure.reason)")
  }

  @Test func bytesThatAreNoTextAreNoJSON() throws {
    let failure = try #require(throws: FileFailure.self) {
      try JSONReading.value(Record.self, from: Array(#"{"parts":[],"name":""#.utf8) + [0xFF, 0x22, 0x7D])
    }
    #expect(failure.reason.contains("text in UTF-8"))
  }

  /// The system would end a program that reads a mapped file after it was truncated.
  @Test func aTextThatIsCutWhileItIsReadIsAnError() throws {
    try withFolder { folder in
      let file = folder.appending(path: "text")
      try Data(repeating: 0x61, count: 1 << 16).write(to: file)
      let source = try TextSource(contentsOf: file.path)
      #expect(try source.bytes(in: 0..<3) == [0x61, 0x61, 0x61])
      let handle = try FileHandle(forWritingTo: file)
      try handle.truncate(atOffset: 10)
      let error = try #require(throws: DataError.self) { try source.bytes(in: 0..<(1 << 16)) }
      #expect(error.message.hasPrefix("\(file.path) became shorter"))
    }
  }

  /// A pipe can be read only once, so it is opened once. A large text goes to a file.
  @Test(arguments: [1 << 20, 1000]) func aPipeIsReadOnce(memoryLimit: Int) throws {
    try withFolder { folder in
      let pipe = folder.appending(path: "pipe").path
      try #require(mkfifo(pipe, 0o600) == 0)
      let text = (0..<5000).map { "\($0) " }.joined()
      let writer = Thread {
        // Writing waits for a reader; where it is opened twice, the second one waits forever.
        try? Data(text.utf8).write(to: URL(filePath: pipe), options: [])
      }
      writer.start()
      let source = try TextSource(contentsOf: pipe, memoryLimit: memoryLimit)
      #expect(source.count == text.utf8.count)
      #expect(try source.bytes(in: 0..<source.count) == Array(text.utf8))
    }
  }

  @Test func whereARegularFileIsDueAPipeIsAnError() throws {
    try withFolder { folder in
      let pipe = folder.appending(path: "tokenizer.json")
      try #require(mkfifo(pipe.path, 0o600) == 0)
      let error = try #require(throws: DataError.self) { try loadTokenizer(from: pipe) }
      #expect(error.message == "\(pipe.path) is a named pipe and should be a regular file")
      #expect(throws: DataError.self) {
        try TextDataset.named(pipe.path, tokenizer: .byte, allowsPipes: false)
      }
    }
  }

  @Test func linksThatLeadInACircleAreAnError() throws {
    try withFolder { folder in
      let link = folder.appending(path: "text")
      try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: link.path)
      let failure = try #require(throws: FileFailure.self) { try OpenFile(link.path) }
      #expect(!failure.isMissing && failure.reason.contains("circle"))
    }
  }
}
