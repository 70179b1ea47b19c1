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
