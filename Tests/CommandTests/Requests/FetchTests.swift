import Backprop
import Foundation
import Testing

@testable import BackpropCLI

private let hasCurl = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
  .contains { FileManager.default.isExecutableFile(atPath: "\($0)/curl") }

/// `data fetch`, from folders and from addresses where nobody answers.
@Suite(.enabled(if: hasCurl, "needs the program curl"))
struct FetchTests {
  /// Two files, of which the digests are those of `sha256sum`.
  private static let source = DataSource(
    name: "some", address: "",
    files: [
      DataSource.File("a", size: 6, sha256: "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"),
      DataSource.File("b", size: 3, sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])

  /// A source in a folder with a space in its name, in which `b` has these bytes.
  private func withSource(_ b: String?, _ body: (DataSource, String) throws -> Void) throws {
    try withFolder { folder in
      let place = folder.appending(path: "from here")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      try Data("hello\n".utf8).write(to: place.appending(path: "a"))
      if let b { try Data(b.utf8).write(to: place.appending(path: "b")) }
      var source = Self.source
      source.address = Download.address(place.path)
      try body(source, folder.appending(path: "to/some").path)
    }
  }

  private func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  @Test func storesFilesOnceAndOnlyWholeOnes() throws {
    try withSource("abc") { source, folder in
      #expect(try DataFetch(source, to: folder).run().map(\.name) == ["a", "b"])
      #expect(names(in: folder) == ["a", "b"])
      #expect(try DataFetch(source, to: folder).run().isEmpty)
      // A damaged one is replaced.
      try Data("damaged".utf8).write(to: URL(filePath: folder + "/b"))
      #expect(try DataFetch(source, to: folder).run().map(\.name) == ["b"])
      #expect(try Data(contentsOf: URL(filePath: folder + "/b")) == Data("abc".utf8))
    }
  }

  @Test(
    arguments: [
      ("abd", "should have the SHA-256 ba7816bf"), ("ab", "should have 3 bytes"), ("abcd", "should have 3 bytes"),
      (nil, "cannot be downloaded"),
    ] as [(String?, String)])
  func otherFilesAreRefusedAndLeaveNothing(contents: String?, message: String) throws {
    try withSource(contents) { source, folder in
      let error = try #require(throws: WorkError.self) { try DataFetch(source, to: folder).run() }
      #expect(error.description.contains(message), "\(error)")
      #expect(names(in: folder) == ["a"])
    }
  }

  @Test func theCommandSaysWhyThereIsNoDownload() throws {
    try withFolder { folder in
      let environment = ["BACKPROP_DATA": folder.appending(path: "data").path]
      func fetch(_ arguments: [String], _ more: [String: String] = [:]) throws -> CommandTests.Outcome {
        try CommandTests().run(["data", "fetch"] + arguments, environment: environment.merging(more) { $1 })
      }
      for (arguments, status, message) in [
        (["mnist", "--from", "http://127.0.0.1:1/"], 1, "http://127.0.0.1:1/train-images-idx3-ubyte.gz cannot be"),
        (["mnist", "--from", folder.path], 1, "cannot be downloaded"), (["mnist", "--from", ""], 2, "--from must"),
        (["digits"], 2, "digits is part of backprop"),
        (["nothing"], 2, "there is cifar10, cifar100, fashion-mnist, mnist"), ([], 2, "<name> is missing"),
      ] as [([String], Int32, String)] {
        let outcome = try fetch(arguments)
        #expect(outcome.status == status && outcome.output.isEmpty, "\(arguments)")
        #expect(
          outcome.errors.hasPrefix("error: ") && outcome.errors.contains(message)
            && outcome.errors.count { $0 == "\n" } == 1, "\(outcome.errors)")
      }
      #expect(names(in: folder.appending(path: "data/mnist").path) == [])
      let without = try fetch(["mnist"], ["PATH": "/nowhere"])
      #expect(without.status == 1 && without.errors.contains("the program curl"), "\(without.errors)")
      // Nothing is downloaded that was not asked for, and the folder is the one where data are looked for.
      let trained = try CommandTests().run(["train", "image", "--data", "mnist"], environment: environment)
      #expect(trained.status == 2 && trained.errors.contains("data/mnist or /usr/share/datasets/mnist"))
      #expect(trained.errors.contains("`backprop data fetch mnist`"), "\(trained.errors)")
    }
  }
}
