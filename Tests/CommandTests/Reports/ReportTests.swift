import Foundation
import Testing

/// What stands on the pages of `report`.
@Suite struct ReportTests {
  private func page(_ path: URL) throws -> String { try String(contentsOf: path, encoding: .utf8) }

  private func train(_ folder: URL, _ flags: [String], watch body: (Process) -> Void = { _ in }) throws
    -> CommandTests.Outcome
  {
    try CommandTests().run(
      ["train", "image", "--model", "mlp", "--seed", "0", "--quiet", "--output", folder.path] + flags,
      watch: body)
  }

  @Test func aRunWithoutEvaluationHasThatOfItsSavedWeights() throws {
    try withFolder { folder in
      let outcome = try train(folder, ["--steps", "1000000", "--evaluation-steps", "1000000"]) { process in
        waitForMetrics(folder, of: process)
        kill(process.processIdentifier, SIGINT)
      }
      #expect(outcome.status == 130, "\(outcome.errors)")
      let file = folder.appending(path: "report.html")
      let early = try page(file)
      #expect(early.contains("Training was interrupted, so the page was written without examples"))
      let report = try CommandTests().run(["report", folder.path])
      #expect(report.status == 0, "\(report.errors)")
      let whole = try page(file)
      for part in [">Calibration<", ">Worst mistakes<", "test accuracy after step "] {
        #expect(whole.contains(part), "\(part)")
      }
      #expect(!whole.contains("There are no examples") && !whole.contains("without examples"))
    }
  }

  /// As an interrupted training leaves it: the last evaluation is of other weights than those that are saved.
  @Test func anEvaluationOfEarlierWeightsIsCalledSo() throws {
    try withFolder { folder in
      #expect(try train(folder, ["--steps", "60", "--evaluation-steps", "30"]).status == 0)
      let record = folder.appending(path: "run.json")
      let lines = try page(folder.appending(path: "metrics.jsonl")).split(separator: "\n").compactMap {
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      }
      let first = try #require(lines.first { $0["testLoss"] != nil })
      for (ending, status, says) in [
        ("interrupted", 0, "the report is in"), ("completed", 2, "so its weights or the data have changed"),
      ] {
        var run = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: record)) as? [String: Any])
        var results = try #require(run["results"] as? [String: Any])
        var counts = try #require(results["confusionMatrix"] as? [[Int]])
        // One more mistake among the same examples.
        (counts[0][0], counts[0][1]) = (counts[0][0] - 1, counts[0][1] + 1)
        results["ending"] = ending
        results["confusionMatrix"] = counts
        results["loss"] = first["testLoss"]
        results["accuracy"] = first["testAccuracy"]
        run["results"] = results
        try JSONSerialization.data(withJSONObject: run).write(to: record)
        let outcome = try CommandTests().run(["report", folder.path])
        #expect(outcome.status == status, "\(outcome)")
        #expect((outcome.output + outcome.errors).contains(says), "\(outcome)")
        guard status == 0 else { continue }
        let html = try page(folder.appending(path: "report.html"))
        for part in [
          "test accuracy after step 30", "test accuracy after step 60", "test set, after step 60", ">Calibration<",
          ">Worst mistakes<",
        ] { #expect(html.contains(part), "\(part)") }
      }
    }
  }

  @Test func whatDiffersIsWhatDiffers() throws {
    try withFolder { folder in
      let (first, second) = (folder.appending(path: "first"), folder.appending(path: "second"))
      #expect(try train(first, ["--steps", "5"]).status == 0)
      let again = try train(second, ["--steps", "5", "--from", first.path])
      #expect(again.status == 0, "\(again.errors)")
      let file = folder.appending(path: "both.html")
      let outcome = try CommandTests().run(["report", first.path, second.path, "--output", file.path])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let html = try page(file)
      #expect(html.contains(">--from<"))
      for part in ["--channels", "--width", "--fit", ">--size<", ">images<", ">seed<"] {
        #expect(!html.contains(part), "\(part)")
      }
      let own = try page(second.appending(path: "report.html"))
      #expect(own.contains(">image channels<") && !own.contains("--channels"))
    }
  }

  private static let rows = (0..<80).map { index in
    "\(index % 8),\(index * 7 % 5),\(index % 8 * 3 + index % 3).5,\(["low", "high"][index * 5 % 7 / 4])"
  }

  @Test(arguments: [
    (
      "y",
      [
        ">Predictions<", "Predicted and true", "Residuals", ">Worst rows<",
        "<th scope=\"col\" class=\"num\">error</th>",
      ]
    ), ("level", [">Calibration<", ">Worst mistakes<", "<th scope=\"col\">predicted</th>", "Confusion matrix"]),
  ]) func tablesShowWhereTheNetworkIsWrong(_ target: String, _ parts: [String]) throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let data = folder.appending(path: "data.csv")
      try Data((["x,z,y,level"] + Self.rows).joined(separator: "\n").utf8).write(to: data)
      let run = folder.appending(path: "run")
      let outcome = try CommandTests().run([
        "train", "table", "--data", data.path, "--target", target, "--epochs", "3", "--seed", "1", "--quiet",
        "--output",
        run.path,
      ])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let first = try page(run.appending(path: "report.html"))
      for part in parts { #expect(first.contains(part), "\(part)") }
      let again = try CommandTests().run(["report", run.path])
      #expect(again.status == 0, "\(again.errors)")
      #expect(try page(run.appending(path: "report.html")) == first)
      // Of other data there are no examples, and the page says why.
      try Data((["x,z,y,level"] + Self.rows.reversed()).joined(separator: "\n").utf8).write(to: data)
      let changed = try CommandTests().run(["report", run.path])
      #expect(changed.status == 2 && changed.errors.contains("has changed since the training"), "\(changed)")
    }
  }
}
