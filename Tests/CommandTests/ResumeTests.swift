import Foundation
import Testing

/// Trainings that end early and are resumed. `scripts/check-resume` kills some as well.
struct ResumeTests {
  private let command = CommandTests()

  private static let training = ["train", "image", "--model", "mlp", "--seed", "0", "--quiet", "--json"]

  private func metrics(_ folder: URL) throws -> [[String: Double]] {
    try String(contentsOf: folder.appending(path: "metrics.jsonl"), encoding: .utf8).split(separator: "\n").map {
      line in
      let line = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      var numbers = line.compactMapValues { $0 as? Double }
      numbers["examplesPerSecond"] = nil
      return numbers
    }
  }

  /// Ctrl-C, the signal of service managers, and a closed terminal.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aSignalSavesAndSaysHowToGoOn(signal: Int32) throws {
    try withFolder { folder in
      let outcome = try command.run(Self.training + ["--steps", "1000000", "--output", folder.path]) { process in
        waitForMetrics(folder, of: process)
        kill(process.processIdentifier, signal)
      }
      #expect(outcome.status == 130)
      #expect(outcome.errors.contains("'backprop train image --resume --output \(folder.path)'"))
      #expect(try command.run(["evaluate", folder.path, "--json"]).status == 0)
      let steps = try metrics(folder).filter { $0["gradientNorm"] != nil }.compactMap { $0["step"] }
      var expected: [Double] = [1]
      while expected.count < steps.count { expected.append(Double(expected.count * 10)) }
      #expect(steps == expected)
    }
  }

  @Test func aLongerTrainingIsTheSameAsOneThatWasLongFromTheStart() throws {
    try withFolder { folder in
      let (long, short) = (folder.appending(path: "long"), folder.appending(path: "short"))
      let training = Self.training + ["--schedule", "constant", "--optimizer", "momentum"]
      #expect(try command.run(training + ["--epochs", "3", "--output", long.path]).status == 0)
      #expect(try command.run(training + ["--epochs", "1", "--output", short.path]).status == 0)
      let resumed = try command.run(
        ["train", "image", "--quiet", "--json", "--resume", "--output", short.path, "--epochs", "3"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      for file in ["weights.safetensors", "model.json"] {
        #expect(
          try Data(contentsOf: long.appending(path: file)) == Data(contentsOf: short.appending(path: file)), "\(file)")
      }
      // The end of the shorter training was logged, whatever the interval.
      let without = try metrics(short).filter { $0["step"] != 45 || $0["meanLoss"] != nil }
      #expect(try metrics(long) == without)
    }
  }

  @Test func aRunGoesOnWithItsOwnFlags() throws {
    try withFolder { folder in
      let training = Self.training + ["--epochs", "1", "--sync-batch-norm", "--output", folder.path]
      #expect(try command.run(training).status == 0)
      let weights = try Data(contentsOf: folder.appending(path: "weights.safetensors"))
      let resume = ["train", "image", "--quiet", "--resume", "--output", folder.path]
      let record = folder.appending(path: "run.json")
      #expect(try String(contentsOf: record, encoding: .utf8).contains(#""sync-batch-norm" : "yes""#))
      // Its own flags may be repeated.
      let same = try command.run(resume + ["--model", "mlp", "--seed", "0", "--learning-rate", "0.001"])
      #expect(same.status == 0, "\(same.errors)")
      #expect(try Data(contentsOf: folder.appending(path: "weights.safetensors")) == weights)
      #expect(try String(contentsOf: record, encoding: .utf8).contains(#""sync-batch-norm" : "yes""#))
      for (flags, sentence) in [
        (["--model", "cnn"], "which has mlp"), (["--batch-size", "8"], "which has 32"),
        (["--clip-norm", "1"], "begun without it"), (["--seed", "1"], "which has 0"),
        (["--epochs", "2"], "cannot be made longer"), (["--steps", "9"], "begun without it"),
        (["--bfloat16-gradients"], "begun without it"),
      ] {
        let outcome = try command.run(resume + flags)
        #expect(outcome.status == 2, "\(flags)")
        #expect(outcome.errors.hasPrefix("error: ") && outcome.errors.contains(sentence), "\(flags) \(outcome.errors)")
      }
    }
  }

  @Test(arguments: ["{}", "not JSON", #"{"kind": "sound"}"#]) func anotherFolderIsNoRun(record: String) throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(record.utf8).write(to: folder.appending(path: "run.json"))
      let outcome = try command.run(["train", "image", "--resume", "--output", folder.path])
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains("run.json"))
    }
  }

  @Test func aRunOfTextIsNoRunOfImages() throws {
    try withFolder { folder in
      #expect(try command.run(Self.training + ["--steps", "1", "--output", folder.path]).status == 0)
      let file = folder.appending(path: "run.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      try Data(text.replacingOccurrences(of: #""kind" : "image""#, with: #""kind" : "text""#).utf8).write(to: file)
      let outcome = try command.run(["train", "image", "--resume", "--output", folder.path])
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains("is a run of text"))
    }
  }
}
