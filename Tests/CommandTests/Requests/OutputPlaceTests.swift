import Foundation
import Testing

/// `--output` of commands that write a page: folders are made, and what cannot be written is refused before any work.
struct OutputPlaceTests {
  private static let commands = [["explain"], ["report", "RUN"]]

  @Test(arguments: commands) func foldersAreMade(command: [String]) throws {
    try withRun { run in
      let page = run.appending(path: "a/b/page.html")
      let outcome = try CommandTests().run(command.map { $0 == "RUN" ? run.path : $0 } + ["--output", page.path])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try String(contentsOf: page, encoding: .utf8).contains("</html>"))
    }
  }

  /// A place where no run can be is told before the data are read.
  @Test func aRunIsNotPutWhereFilesAre() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data().write(to: folder.appending(path: "file"))
      for (path, message) in [
        ("", "holds files that are no run"), ("file", "is a file; name a folder"), ("file/r", "cannot be written"),
      ] {
        for task in ["image", "text", "table"] {
          let outcome = try CommandTests().run(
            ["train", task, "--data", "nowhere", "--output", folder.path + "/" + path]
              + (task == "table" ? ["--target", "y"] : []))
          #expect(outcome.status == 2 && outcome.errors.contains(message), "\(task): \(outcome.errors)")
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
    }
  }

  @Test(arguments: commands + [["compare"]]) func filesInTheWayAreRefused(command: [String]) throws {
    try withRun { run in
      for (path, message) in [
        ("run.json/page.html", "run.json is a file and should be a folder"), ("checkpoint", "checkpoint is a folder"),
        ("new/", "is a folder; name a file"),
      ] where command != ["compare"] || path.hasPrefix("run.json") {
        let arguments = command.map { $0 == "RUN" ? run.path : $0 } + ["--output", run.path + "/" + path]
        let outcome = try CommandTests().run(arguments)
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome.errors)")
        #expect(command == ["compare"] || outcome.errors.contains(message), "\(outcome.errors)")
      }
    }
  }
}
