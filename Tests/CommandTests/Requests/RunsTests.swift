import Foundation
import Testing

/// The list of runs, and runs whose training is not done.
struct RunsTests {
  private struct Listed: Decodable {
    var run: String
    var state: String
  }

  /// The folder of `runs` with a run for each of these results; records are as a training writes them.
  private func withRuns(_ runs: [(name: String, more: String)], _ body: (URL) throws -> Void) throws {
    try withFolder { folder in
      for (name, more) in runs {
        let run = folder.appending(path: name)
        try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
        let record =
          #"{"id":"1","version":"0.1.0","engine":"e","seed":1,"threads":1,"parameters":9,"started":"2026-01-01T00:00:00Z",\#(more)}"#
        try Data(record.utf8).write(to: run.appending(path: "run.json"))
      }
      try body(folder)
    }
  }

  private static func results(_ more: String, ending: String = "completed") -> String {
    #""ended":"2026-01-01T00:00:01Z","results":{"ending":"\#(ending)","steps":9,"epochs":1,"trainingLoss":1,"seconds":1,"examplesPerSecond":1,\#(more)}"#
  }

  private static let digits = #""kind":"image","flags":{"data":"digits","model":"cnn"},"#
  private static let table = #""kind":"table","flags":{"data":"h.csv","target":"price","model":"mlp"},"#

  @Test func runsAreGroupedByTaskAndDataWithTheirState() throws {
    try withRuns([
      ("a", Self.digits + Self.results(#""accuracy":0.5,"loss":2"#)),
      ("b", Self.digits + Self.results(#""accuracy":0.9,"loss":1"#, ending: "converged")),
      ("c", #""kind":"image","flags":{"data":"mnist"},"# + Self.results(#""accuracy":0.95,"loss":1"#)),
      ("d", Self.digits + Self.results(#""accuracy":0.7,"loss":1"#, ending: "interrupted")),
      ("e", Self.digits + #""error":"the loss is not finite""#), ("f", #""kind":"image","flags":{"data":"digits"}"#),
      ("g", Self.table + Self.results(#""meanAbsoluteError":2.5,"rootMeanSquaredError":3,"r2":0.25,"loss":1"#)),
      ("h", Self.table + Self.results(#""meanAbsoluteError":1.5,"rootMeanSquaredError":2,"r2":0.75,"loss":2"#)),
    ]) { folder in
      let outcome = try CommandTests().run(["runs", folder.path])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let words = outcome.output.replacing(folder.path + "/", with: "").split(separator: "\n").map {
        $0.split(separator: " ").joined(separator: " ")
      }
      #expect(
        words == [
          "image: digits", "run model optimizer rate steps accuracy loss on time state",
          "b cnn 9 90.0 % 1.0000 test 1.0 s stopped early", "d cnn 9 70.0 % 1.0000 test 1.0 s interrupted",
          "a cnn 9 50.0 % 2.0000 test 1.0 s done", "e cnn failed", "f interrupted", "image: mnist",
          "run model optimizer rate steps accuracy loss on time state", "c 9 95.0 % 1.0000 test 1.0 s done",
          "table: h.csv, price", "run model optimizer rate steps MAE R² loss on time state",
          "h mlp 9 1.500 0.7500 2.0000 validation 1.0 s done", "g mlp 9 2.500 0.2500 1.0000 validation 1.0 s done",
        ], "\(outcome.output)")
      let json = try CommandTests().run(["runs", folder.path, "--json"])
      let listed = try JSONDecoder().decode([Listed].self, from: Data(json.output.utf8))
      #expect(listed.map { $0.run.suffix(1) } == ["b", "d", "a", "e", "f", "c", "h", "g"])
      #expect(listed[1].state == "interrupted")
    }
  }

  @Test func filesBesideRunsAreNoRuns() throws {
    try withRuns([("a", Self.digits + Self.results(#""accuracy":0.5,"loss":2"#))]) { folder in
      try Data().write(to: folder.appending(path: "notes.txt"))
      let outcome = try CommandTests().run(["runs", folder.path])
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    }
  }

  @Test func anUnfinishedTrainingIsToldFromNoRun() throws {
    try withRuns([("f", #""kind":"image","flags":{"data":"digits"}"#), ("e", Self.digits + #""error":"x""#)]) {
      folder in
      for (name, what) in [("f", "was interrupted"), ("e", "failed")] {
        let path = folder.appending(path: name).path
        let outcome = try CommandTests().run(["evaluate", path])
        #expect(outcome.status == 2)
        #expect(
          outcome.errors.contains("the training of \(path) \(what) before it saved a network")
            && outcome.errors.contains("'backprop train image --resume --output \(path)' continues it"),
          "\(outcome.errors)")
      }
    }
  }

  @Test func aTrainingThatGoesOnIsToldToo() throws {
    try withFolder { folder in
      let trained = try CommandTests().run([
        "train", "image", "--model", "mlp", "--quiet", "--steps", "100000000", "--output", folder.path,
      ]) { process in
        waitForMetrics(folder, of: process)
        let outcome = try CommandTests().run(["evaluate", folder.path])
        #expect(outcome.status == 2 && outcome.errors.contains("is still being trained"), "\(outcome.errors)")
        kill(process.processIdentifier, SIGINT)
      }
      #expect(trained.status == 130)
      #expect(try CommandTests().run(["evaluate", folder.path]).status == 0)
    }
  }
}
