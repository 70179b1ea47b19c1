import Foundation
import Testing

/// `train table`, and `evaluate`, `predict` and `summary` of its runs.
@Suite struct TableCommandTests {
  /// Flowers of two kinds that one number tells apart; a date, a missing number and a category that says nothing.
  private static let flowers =
    "length;color;seen;species\n"
    + (0..<60).map { index in
      let isLong = index % 2 == 0
      let length = index == 7 ? "NA" : "\(isLong ? 5 : 2),\(index % 10)"
      return "\(length);\(["red", "blue"][index / 2 % 2]);2026-0\(index % 9 + 1)-11;\(isLong ? "iris" : "moss \"x\"")"
    }.joined(separator: "\n")

  /// A run on a CSV file in a folder; `body` gets the folder, in which the run is `run`.
  private func withTable<Result>(
    _ text: String, _ arguments: [String], _ body: (URL, CommandTests.Outcome) throws -> Result
  ) throws -> Result {
    try withFolder { folder in
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let file = folder.appending(path: "data.csv")
      try Data(text.utf8).write(to: file)
      let outcome = try CommandTests().run(
        ["train", "table", "--data", file.path, "--output", folder.appending(path: "run").path, "--seed", "1"]
          + arguments)
      return try body(folder, outcome)
    }
  }

  @Test func trainsEvaluatesAndPredicts() throws {
    try withTable(Self.flowers, ["--target", "species", "--epochs", "100"]) { folder, outcome in
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("classification: the target has 2 different texts"))
      #expect(outcome.errors.contains("2 categories that training has more than once"))
      // The row without a length may be among the twelve, and cannot be told.
      #expect(
        ["(12 of 12)", "(11 of 12)"].contains {
          outcome.output.contains("validation accuracy") && outcome.output.contains($0)
        },
        "\(outcome.output)")
      let run = folder.appending(path: "run").path
      let evaluated = try CommandTests().run(["evaluate", run, "--json"])
      let report = try #require(
        try JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [String: Any], "\(evaluated.errors)")
      #expect(report["accuracy"] as? Double ?? 0 > 0.9 && report["f1"] as? Double ?? 0 > 0.9)
      #expect((report["confusionMatrix"] as? [[Int]])?.joined().reduce(0, +) == 12)
      let other = folder.appending(path: "new.csv")
      // Of another separator and decimal mark, and with a cell that is no number.
      try Data("seen,length,color,more\n2026-03-01,5.5,red,\"a, b\"\n2026-03-02,long,green,\n".utf8).write(to: other)
      let wrong = try CommandTests().run(["predict", run, other.path, "--strict"])
      #expect(wrong.status == 2 && wrong.errors.contains("line 3: column 'length' has 'long'"), "\(wrong.errors)")
      let replaced = try CommandTests().run(["predict", run, other.path])
      #expect(replaced.status == 0 && replaced.output.contains("\n2026-03-01,5.5,red,\"a, b\",iris,0."))
      #expect(
        replaced.errors.contains("1 cell of \(other.path) cannot be read, and is taken as missing:\n  line 3: column "),
        "\(replaced.errors)")
      try Data("seen;length;color;more\n2026-03-01;5,5;red;\"a; b\"\n2026-03-02;2,1;green;\n".utf8).write(to: other)
      let predicted = try CommandTests().run(["predict", run, other.path, "--csv"])
      #expect(predicted.status == 0, "\(predicted.errors)")
      let lines = predicted.output.split(separator: "\n")
      #expect(
        lines.first
          == "seen;length;color;more;predicted_species;probability_iris;\"probability_moss \"\"x\"\"\"")
      #expect(lines.count == 3 && lines[1].hasPrefix("2026-03-01;5,5;red;\"a; b\";iris;0,"))
      #expect(lines[2].hasPrefix("2026-03-02;2,1;green;;\"moss \"\"x\"\"\";0,") && !lines[2].contains("."))
      #expect(predicted.errors.contains("1 cell of"))
      let json = try CommandTests().run(["predict", run, other.path, "--json"])
      let rows = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
      #expect(rows.count == 2 && rows[1]["row"] as? Int == 2)
      let best = (rows[1]["predictions"] as? [[String: Any]])?.first
      #expect(best?["index"] as? Int == 1 && best?["label"] as? String == "moss \"x\"")
      #expect(best?["probability"] as? Double ?? 0 > 0.5 && rows[1]["file"] as? String == other.path)
      #expect(try CommandTests().run(["summary", run]).output.contains("Embedding"))
    }
  }

  @Test func regressionSaysWhatTheMeanWouldGive() throws {
    let rows = (0..<80).map { "\($0 % 8),\($0 % 8 * 3 + $0 % 3).5" }.joined(separator: "\n")
    try withTable("x,y\n" + rows, ["--target", "y", "--epochs", "40", "--json", "--quiet"]) { folder, outcome in
      #expect(outcome.status == 0, "\(outcome.errors)")
      let report = try #require(
        try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome.output)")
      #expect(try #require(report["r2"] as? Double) > 0.8)
      #expect(report["meanAbsoluteError"] != nil && report["rootMeanSquaredError"] != nil)
      let run = folder.appending(path: "run").path
      let text = try CommandTests().run(["evaluate", run, "--data", folder.appending(path: "data.csv").path])
      #expect(text.output.contains("predicting the mean of the training rows: MAE"), "\(text.errors)")
      // Most of its rows were trained on.
      #expect(text.output.contains("(16 rows)") && text.errors.contains("only the rows that it validated with"))
    }
  }

  @Test func resumesToTheSameWeights() throws {
    let rows = (0..<64).map { "\($0 % 8),\($0 * 5 % 11)" }.joined(separator: "\n")
    let flags = ["--target", "y", "--schedule", "constant", "--quiet", "--threads", "1"]
    try withTable("x,y\n" + rows, flags + ["--epochs", "4"]) { folder, outcome in
      #expect(outcome.status == 0, "\(outcome.errors)")
      let run = folder.appending(path: "run")
      let whole = try Data(contentsOf: run.appending(path: "weights.safetensors"))
      let data = folder.appending(path: "data.csv").path
      let half = folder.appending(path: "half")
      let begin = ["train", "table", "--data", data, "--seed", "1", "--output", half.path] + flags
      #expect(try CommandTests().run(begin + ["--epochs", "2"]).status == 0)
      let resumed = try CommandTests().run(
        ["train", "table", "--resume", "--output", half.path, "--epochs", "4", "--quiet"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try Data(contentsOf: half.appending(path: "weights.safetensors")) == whole)
    }
  }

  /// The split of other rows is another one.
  @Test func aTableThatHasChangedIsNotSplitAgain() throws {
    try withTable(Self.flowers, ["--target", "species", "--epochs", "1"]) { folder, outcome in
      #expect(outcome.status == 0, "\(outcome.errors)")
      let (run, data) = (folder.appending(path: "run").path, folder.appending(path: "data.csv"))
      try Data((Self.flowers + "\n9,9;red;2026-01-01;iris").utf8).write(to: data)
      for (arguments, says) in [
        (["evaluate", run], "has changed since the training"), (["evaluate", run, "--data", data.path], "has changed"),
        (["train", "table", "--resume", "--output", run], "has changed since the run began"),
      ] {
        let outcome = try CommandTests().run(arguments)
        #expect(outcome.status == 2 && outcome.errors.contains(says), "\(outcome)")
      }
    }
  }

  /// So is the file that --validation names.
  @Test func aFileForValidationThatHasChangedIsNoticed() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let (data, other) = (folder.appending(path: "data.csv"), folder.appending(path: "other.csv"))
      for file in [data, other] { try Data(Self.flowers.utf8).write(to: file) }
      let run = folder.appending(path: "run").path
      let trained = try CommandTests().run([
        "train", "table", "--data", data.path, "--target", "species", "--validation", other.path, "--epochs", "1",
        "--output", run,
      ])
      #expect(trained.status == 0, "\(trained.errors)")
      #expect(try CommandTests().run(["evaluate", run]).output.contains("of 60"))
      try Data((Self.flowers + "\n9,9;red;2026-01-01;iris").utf8).write(to: other)
      for (arguments, status, says) in [
        (["evaluate", run], 2, "has changed since the training, so it is not what the run was validated with"),
        (["evaluate", run, "--data", other.path], 0, ""),
        (["train", "table", "--resume", "--output", run], 2, "so other rows would be validated with"),
      ] as [([String], Int32, String)] {
        let outcome = try CommandTests().run(arguments)
        #expect(outcome.status == status && (says.isEmpty || outcome.errors.contains(says)), "\(outcome)")
      }
    }
  }

  /// Small numbers are as exact as large ones.
  @Test func smallNumbersKeepTheirDigits() throws {
    let rows = (1...40).map { "\($0 % 8),\($0 % 8 * 3 + 1)e-13" }.joined(separator: "\n")
    try withTable("x,y\n" + rows, ["--target", "y", "--epochs", "20", "--task", "regression"]) { folder, outcome in
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains(/mean 1\.\d{3}e-12, standard deviation \d\.\d{3}e-13/), "\(outcome.errors)")
      #expect(outcome.errors.contains(/\d\.\de-1[2-4]/) && outcome.output.contains(/MAE \d\.\d{3}e-1/), "\(outcome)")
      let predicted = try CommandTests().run([
        "predict", folder.appending(path: "run").path, folder.appending(path: "data.csv").path,
      ])
      let numbers = predicted.output.split(separator: "\n").dropFirst().compactMap { $0.split(separator: ",").last }
      #expect(numbers.count == 40 && Set(numbers).count == 8 && numbers.allSatisfy { Double($0) != 0 }, "\(predicted)")
      let runs = try CommandTests().run(["runs", folder.path])
      #expect(runs.output.contains(/\d\.\d{3}e-1[2-4]/), "\(runs.output)")
    }
  }

  /// Paths are those of the folder in which the run was begun.
  @Test func dataAreFoundFromAnotherFolder() throws {
    try withTable(Self.flowers, ["--target", "species", "--epochs", "1"]) { folder, _ in
      let outcome = try CommandTests().run(
        [], environment: ["F": folder.path],
        script: """
          cd "$F" && "$0" train table --data data.csv --target species --steps 1 --schedule constant --seed 1 --quiet --output r &&
          mkdir other && cd other && "$0" evaluate ../r && "$0" train table --resume --steps 2 --quiet --output ../r
          """)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }

  /// Forms of CSV that Excel writes, and reads.
  @Test func marksOfExcelAreKept() throws {
    let text =
      "\u{FEFF}sep=;\r\n"
      + Self.flowers.replacing("species\n", with: "species;\n").split(separator: "\n")
      .enumerated().map { $0.offset == 0 ? "\($0.element)" : "\($0.element);" }.joined(separator: "\r\n")
    try withTable(text, ["--target", "species", "--epochs", "1"]) { folder, outcome in
      #expect(outcome.status == 0 && outcome.errors.contains("column 5"), "\(outcome.errors)")
      let predicted = try shell(
        #""$0" predict "$1" "$2" | head -c 9 | od -An -c"#,
        [folder.appending(path: "run").path, folder.appending(path: "data.csv").path])
      #expect(
        predicted.output.split(separator: " ").prefix(4).joined(separator: " ") == "357 273 277 l", "\(predicted)")
    }
  }

  @Test func notesOnTheTable() throws {
    let cases = (0..<40).map { "\($0 % 9),\(["TRUE", "true", "no", "no"][$0 % 4])" }.joined(separator: "\n")
    try withTable("x,y\n" + cases, ["--target", "y", "--epochs", "1"]) { folder, outcome in
      #expect(outcome.errors.contains("has 'TRUE', 'true', which are different classes"), "\(outcome.errors)")
      let other = folder.appending(path: "other.csv")
      try Data("x,y\n1,No\n".utf8).write(to: other)
      let evaluated = try CommandTests().run(["evaluate", folder.appending(path: "run").path, "--data", other.path])
      #expect(evaluated.status == 2 && evaluated.errors.contains("did you mean 'no'?"), "\(evaluated.errors)")
    }
    let rows = (0..<40).map { "\($0 % 9).5,\($0 % 7).1,\($0 % 2 == 0 ? "a" : "b")" }.joined(separator: "\n")
    try withTable("5.1,3.5,a\n" + rows, ["--target", "a", "--epochs", "1"]) { _, outcome in
      #expect(outcome.errors.contains("may have no header: a column is called '5.1'"), "\(outcome.errors)")
    }
    let counting = (1...40).map { "\($0),\($0 % 2)" }.joined(separator: "\n")
    try withTable("a,y\n" + counting, ["--target", "y", "--epochs", "1"]) { _, outcome in
      #expect(outcome.status == 2 && outcome.errors.contains("--include 'a' uses it all the same"), "\(outcome.errors)")
    }
  }

  @Test(arguments: [
    ("x,y\n1,2\n2,3\n", ["--target", "z"], "has no column 'z'; it has 'x', 'y'"),
    ("x,y\n1,2\n2,2\n", ["--target", "y"], "is '2' in all rows"),
    ("x,y\n1,\n2,\n", ["--target", "y"], "no value in any row"),
    ("x,y\n1,2\n", ["--target", "y"], "one row below its header"),
    ("", ["--target", "y"], "it is empty"),
    ("x,y\n1,2\n3\n", ["--target", "y"], "line 3 has 1 field"),
    ("x,y\n1,2\n2,3\n", ["--target", "y", "--task", "ranking"], "there is no task 'ranking'"),
    ("x,y\n1,2\n2,3\n", ["--target", "y", "--validation", "1.5"], "a share from 0 to below 1"),
    ("x,y\n1,2\n2,3\n", ["--target", "y", "--validation", "/no/such.csv"], "/no/such.csv"),
    ("x,y\n1,2\n2,3\n", ["--target", "y", "--width", "0"], "--width must be from 1"),
    ("x,y\n1,2\n2,3\n", [], "--target COLUMN"),
    ("x,y\n1,2\n2,3\n", ["--target", "y", "--decimal", "dot"], "there is point, comma"),
    ("x,y\n1,2\n2,3\n", ["--target", "y", "--date-order", "US"], "there is month-first, day-first"),
    ("x,y\n1,2\n2,3\n", ["--target", "y", "--ignore", "z"], "has no column 'z'"),
    ("x,y\n1,2\n2,3\n", ["--target", "y", "--include", ""], "--include must have a name"),
    ("y,x\n2026-01-31,2\n2026-02-01,3\n", ["--target", "y"], "has dates (YYYY-MM-DD), which cannot be predicted"),
  ])
  func wrongRequestsEndWithASentence(_ text: String, _ flags: [String], _ says: String) throws {
    try withTable(text, flags) { folder, outcome in
      #expect(outcome.status == 2, "\(outcome.errors)")
      #expect(outcome.errors.contains(says), "\(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "run/run.json").path))
    }
  }

  /// The flags for columns are the run's: for its validation rows, for other files and for what resumes it.
  @Test func flagsForColumns() throws {
    let rows = (1...60).map { index in
      "\(index);\(index == 9 ? "tbd" : "\(index % 8 + 1).217");\(index % 7);0\(index % 9 + 1)/02/2026;\(index % 8 * 1000),5"
    }.joined(separator: "\n")
    let flags = [
      "--target", "y", "--epochs", "4", "--include", "day", "--ignore", "note", "--missing", "tbd", "--missing", "-9",
      "--decimal", "point", "--date-order", "day-first",
    ]
    try withTable("day;x;note;when;y\n" + rows, flags) { folder, outcome in
      #expect(outcome.status == 0, "\(outcome.errors)")
      for says in [
        "left out: as requested", "DD/MM/YYYY", "'2.217' in column 'x' is read as 2.217, as requested",
        "read as DD/MM/YYYY, though all of them may be MM/DD/YYYY; --date-order month-first",
      ] { #expect(outcome.errors.contains(says), "\(outcome.errors)") }
      let run = folder.appending(path: "run").path
      let evaluated = try CommandTests().run(["evaluate", run])
      #expect(evaluated.status == 0 && evaluated.output.contains("(12 rows)"), "\(evaluated.errors)")
      let other = folder.appending(path: "new.csv")
      try Data("day;x;when\n61;tbd;31/02/2026\n62;-9;31/01/2026\n".utf8).write(to: other)
      let predicted = try CommandTests().run(["predict", run, other.path])
      #expect(predicted.errors.contains("1 cell") && predicted.errors.contains("'31/02/2026'"), "\(predicted.errors)")
      let lines = predicted.output.split(separator: "\n").map { $0.split(separator: ";") }
      #expect(lines.count == 3 && lines.dropFirst().allSatisfy { $0.count == 4 && $0[3].contains(",") })
      let resumed = try CommandTests().run(["train", "table", "--resume", "--output", run, "--quiet"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      let contradicted = try CommandTests().run(
        ["train", "table", "--resume", "--output", run, "--missing", "none yet", "--quiet"])
      #expect(contradicted.status == 2 && contradicted.errors.contains("--missing"), "\(contradicted.errors)")
    }
  }

  /// A table's rows aside are a validation set, and are called so everywhere.
  @Test func validationRowsAreNoTest() throws {
    try withTable(Self.flowers, ["--target", "species", "--epochs", "2"]) { folder, outcome in
      #expect(outcome.status == 0 && outcome.errors.contains("validation accuracy"), "\(outcome.errors)")
      let list = try CommandTests().run(["runs", folder.path])
      #expect(list.output.contains(" validation ") && !list.output.contains("test accuracy"), "\(list.output)")
      let run = folder.appending(path: "run")
      let page = try String(contentsOf: run.appending(path: "report.html"), encoding: .utf8)
      #expect(page.contains("validation accuracy") && page.contains("validation set"))
      #expect(!page.contains("test accuracy") && !page.contains("test loss") && !page.contains("test set"))
      let metrics = try String(contentsOf: run.appending(path: "metrics.jsonl"), encoding: .utf8)
      #expect(metrics.contains("validationLoss") && !metrics.contains("\"test"))
    }
  }

  @Test func summariesOfTables() throws {
    let rows = (0..<60).map { "\($0 % 8),\(["a", "b"][$0 % 2]),\(["iris", "moss"][$0 / 2 % 2])" }.joined(
      separator: "\n")
    try withTable("x,kind,species\n" + rows, ["--target", "species", "--epochs", "1"]) { folder, _ in
      let data = folder.appending(path: "data.csv").path
      let summary = try CommandTests().run(["summary", "--model", "mlp", "--data", data, "--target", "species"])
      let own = try CommandTests().run(["summary", folder.appending(path: "run").path])
      #expect(summary.status == 0 && summary.output == own.output, "\(summary.errors)\(summary.output)")
      for (flags, says) in [
        (["mlp", "--data", data], "name the column to predict with --target"),
        (["lstm", "--data", data, "--target", "species"], "there is no model of tables 'lstm'; there is mlp"),
        (["mlp", "--target", "species"], "name its file with --data"),
        (["mlp", "--data", data, "--target", "z"], "has no column 'z'"),
      ] {
        let wrong = try CommandTests().run(["summary", "--model"] + flags)
        #expect(wrong.status == 2 && wrong.errors.contains(says), "\(wrong.errors)")
      }
    }
  }

  @Test func damagedPreparationsAreRefused() throws {
    try withTable("x,y\n1,2\n2,3\n3,4.5\n4,6\n5,8\n", ["--target", "y", "--epochs", "1"]) { folder, outcome in
      #expect(outcome.status == 0, "\(outcome.errors)")
      let run = folder.appending(path: "run")
      let file = run.appending(path: "preparation.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      for damaged in ["", "{}", text.replacing("\"number\"", with: "\"ignored\""), String(text.prefix(text.count / 2))]
      {
        try Data(damaged.utf8).write(to: file)
        let result = try CommandTests().run(["evaluate", run.path])
        #expect(result.status == 2 && result.errors.contains("preparation.json"), "\(result.errors)")
      }
      try FileManager.default.removeItem(at: file)
      let result = try CommandTests().run(["evaluate", run.path])
      #expect(result.status == 2 && result.errors.contains("preparation.json should exist"), "\(result.errors)")
    }
  }
}
