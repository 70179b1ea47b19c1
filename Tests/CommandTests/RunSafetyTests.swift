import Foundation
import Testing

/// The files of a run are not lost to another training, links, signals or a killed process.
struct RunSafetyTests {
  private let command = CommandTests()
  private static let long = ["train", "image", "--model", "mlp", "--quiet", "--steps", "100000000"]

  @Test func aTrainingThatFailsAtOnceLeavesTheOldRun() throws {
    try withRun { folder in
      let before = try contents(of: folder)
      let outcome = try command.run(
        [
          "train", "image", "--model", "mlp", "--optimizer", "sgd", "--learning-rate", "1e30", "--output", folder.path,
        ])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("the run that was in \(folder.path) is as it was"), "\(outcome.errors)")
      #expect(try contents(of: folder) == before)
    }
  }

  @Test func aNewRunTakesThePlaceOfTheOldOneWhole() throws {
    try withRun { folder in
      let before = try contents(of: folder)
      let outcome = try command.run(
        ["train", "image", "--model", "mlp", "--steps", "30", "--seed", "1", "--quiet", "--output", folder.path])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let after = try contents(of: folder)
      #expect(
        Set(after.keys.map { $0.hasPrefix("events.out.tfevents.") ? "events" : $0 })
          == [
            "run.json", "metrics.jsonl", "model.json", "weights.safetensors", "checkpoint/latest.safetensors",
            "report.html", "events",
          ])
      #expect(after.keys.count { $0.hasPrefix("events") } == 1)
      for name in ["run.json", "metrics.jsonl", "weights.safetensors"] {
        #expect(after[name] != before[name], "\(name)")
      }
      let lines = String(decoding: after["metrics.jsonl"] ?? Data(), as: UTF8.self).split(separator: "\n")
      #expect(lines.count { $0.contains("gradientNorm") } == 4, "steps 1, 10, 20 and 30")
    }
  }

  /// The state after a process was killed right after it replaced `run.json`.
  @Test func aReplacementThatWasCutShortIsFinished() throws {
    try withRun { folder in
      let record = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: "run.json")))
      let id = try #require((record as? [String: Any])?["id"] as? String)
      let metrics = folder.appending(path: "metrics.jsonl")
      let own = try Data(contentsOf: metrics)
      try own.write(to: folder.appending(path: ".metrics-\(id)"))
      try Data("not mine".utf8).write(to: folder.appending(path: ".metrics-another"))
      try Data("{\"step\":1,\"epoch\":1,\"loss\":7,\"examplesPerSecond\":1}\n".utf8).write(to: metrics)
      let outcome = try command.run(["train", "image", "--quiet", "--resume", "--output", folder.path])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try Data(contentsOf: metrics) == own)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(!names.contains { $0.hasPrefix(".metrics") }, "\(names)")
    }
  }

  /// The second is refused; the first loses nothing, and a killed one holds no lock.
  @Test func oneTrainingAtATimeWritesToAFolder() throws {
    try withFolder { folder in
      let first = try command.run(Self.long + ["--output", folder.path]) { process in
        waitForMetrics(folder, of: process)
        for resume in [[], ["--resume"]] {
          let second = try command.run(["train", "image", "--output", folder.path] + resume)
          #expect(second.status == 2)
          #expect(second.errors.contains("another training writes to \(folder.path)"), "\(second.errors)")
        }
        kill(process.processIdentifier, SIGKILL)
      }
      #expect(first.status == SIGKILL)
      let resumed = try command.run(["train", "image", "--resume", "--output", folder.path]) { process in
        kill(process.processIdentifier, SIGINT)
      }
      #expect([130, 2].contains(resumed.status), "\(resumed.errors)")
    }
  }

  @Test func linksInARunAreNotFollowed() throws {
    try withRun { folder in
      let files = FileManager.default
      let mine = folder.appending(path: "mine")
      try Data("mine".utf8).write(to: mine)
      for name in ["metrics.jsonl", "weights.safetensors", "model.json", "run.json"] where name != "run.json" {
        try files.removeItem(at: folder.appending(path: name))
        try files.createSymbolicLink(at: folder.appending(path: name), withDestinationURL: mine)
      }
      let outcome = try command.run(["train", "image", "--quiet", "--resume", "--output", folder.path])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try Data(contentsOf: mine) == Data("mine".utf8))
      // Checkpoints elsewhere: not with --resume, and not for a new run.
      let (checkpoints, elsewhere) = (folder.appending(path: "checkpoint"), folder.appending(path: "elsewhere"))
      try files.moveItem(at: checkpoints, to: elsewhere)
      try files.createSymbolicLink(at: checkpoints, withDestinationURL: elsewhere)
      let before = try contents(of: elsewhere)
      for resume in [[], ["--resume"]] {
        let outcome = try command.run(["train", "image", "--quiet", "--output", folder.path] + resume)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("checkpoint is a link"), "\(outcome.errors)")
      }
      #expect(try contents(of: elsewhere) == before)
    }
  }

  @Test func checkpointsThatCannotBeReadAreAnError() throws {
    try withRun { folder in
      let checkpoints = folder.appending(path: "checkpoint")
      try FileManager.default.removeItem(at: checkpoints)
      try Data().write(to: checkpoints)
      let before = try contents(of: folder)
      let outcome = try command.run(["train", "image", "--resume", "--output", folder.path])
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains("checkpoint should be a folder"), "\(outcome.errors)")
      #expect(try contents(of: folder) == before)
    }
  }

  @Test func aFolderThatIsTakenAwayIsAFailure() throws {
    try withFolder { folder in
      try withFolder { elsewhere in
        let outcome = try command.run(Self.long + ["--output", folder.path]) { process in
          waitForMetrics(folder, of: process)
          try FileManager.default.moveItem(at: folder, to: elsewhere)
        }
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("the folder \(folder.path) was removed or replaced"), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path))
      }
    }
  }

  @Test func twoInterruptsEndWithTheSameStatus() throws {
    try withFolder { folder in
      let outcome = try command.run(Self.long + ["--output", folder.path]) { process in
        waitForMetrics(folder, of: process)
        for _ in 0..<2 { kill(process.processIdentifier, SIGINT) }
      }
      #expect(outcome.status == 130, "\(outcome.errors)")
    }
  }

  @Test func progressThatNobodyReadsEndsNothing() throws {
    try withFolder { folder in
      _ = try shell(
        #""$0" train image --model mlp --epochs 2 --seed 0 --output "$1" 2>&1 | head -1"#, [folder.path])
      let record = try String(contentsOf: folder.appending(path: "run.json"), encoding: .utf8)
      #expect(record.contains("\"ending\" : \"completed\""), "\(record)")
    }
  }

  @Test func closedDescriptorsAreNoPlaceForProgress() throws {
    try withFolder { folder in
      let outcome = try shell(
        #"exec "$0" train image --model mlp --steps 20 --output "$1" <&- >&- 2>&-"#, [folder.path])
      #expect(outcome.status == 0)
      let metrics = try String(contentsOf: folder.appending(path: "metrics.jsonl"), encoding: .utf8)
      #expect(metrics.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") }, "\(metrics)")
    }
  }

  /// A disk without space for one of the files; `ulimit -f` counts in blocks of 512 bytes.
  @Test func aFileWithoutSpaceIsNamed() throws {
    try withFolder { folder in
      let outcome = try shell(
        #"ulimit -f 8; exec "$0" train image --model mlp --steps 20 --quiet --output "$1""#, [folder.path])
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasPrefix("error: the checkpoint of step "), "\(outcome.errors)")
      #expect(outcome.errors.contains("File too large; there is no checkpoint yet"), "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
  }

  /// Space for checkpoints and weights, but not for the metrics: the model is saved nevertheless.
  @Test func metricsWithoutSpaceEndATrainingThatIsSaved() throws {
    try withFolder { folder in
      let outcome = try shell(
        #"""
        ulimit -f 300
        exec "$0" train image --model mlp --batch-size 1 --steps 100000000 --checkpoint 1000000 --quiet --output "$1"
        """#, [folder.path])
      #expect(outcome.status == 1)
      let sentence = try #require(
        outcome.errors.firstMatch(
          of:
            /error: the metrics of step ([0-9,]+) cannot be written to (.*): File too large; the checkpoint of step ([0-9,]+) is safe/
        ), "\(outcome.errors)")
      #expect(sentence.1 == sentence.3 && sentence.2.hasSuffix("metrics.jsonl"))
      let metrics = try String(contentsOf: folder.appending(path: "metrics.jsonl"), encoding: .utf8)
      #expect(metrics.hasSuffix("}\n"), "no line is cut short")
      #expect(FileManager.default.fileExists(atPath: folder.appending(path: "weights.safetensors").path))
    }
  }
}

/// Resources that a system may refuse.
struct RefusedResourceTests {
  /// Executable memory, which Linux from 6.3 on refuses on request; Python only makes the call.
  @Test func ownKernelsComputeWithoutExecutableMemory() throws {
    try withFolder { folder in
      let refusing = """
        import ctypes, os, sys
        if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): sys.exit(77)
        os.execv(sys.argv[1], sys.argv[1:])
        """
      for model in ["mlp", "cnn"] {
        let outcome = try shell(
          #"""
          command -v python3 >/dev/null || exit 77
          exec python3 -c "$1" "$0" train image --model "$3" --steps 3 --seed 0 --output "$2"
          """#, [refusing, folder.path, model])
        guard outcome.status != 77 else { return }
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("without oneDNN"), "\(outcome.errors)")
      }
    }
  }

  /// The limit does not apply to root, so root drops its privileges where possible.
  @Test func threadsThatAreRefusedAreAnError() throws {
    try withFolder { folder in
      let outcome = try shell(
        #"""
        drop=""
        if [ "$(id -u)" = 0 ]; then drop="setpriv --reuid=65534 --clear-groups"; $drop true 2>/dev/null || exit 77; fi
        command -v bash >/dev/null || exit 77
        $drop bash -c 'ulimit -u "$(($(ps -u "$(id -u)" -L 2>/dev/null | wc -l) + 20))" || exit 77; exec "$0" "$@"' \
          "$0" train image --model mlp --steps 3 --threads 64 --output "$1"
        """#, [folder.path])
      guard outcome.status != 77, outcome.status != 126 else { return }
      #expect(outcome.status == 1, "\(outcome.errors)")
      #expect(outcome.errors.hasPrefix("error: the system grants "), "\(outcome.errors)")
      #expect(outcome.errors.contains("of 64 threads; raise the limit of processes (ulimit -u)"), "\(outcome.errors)")
    }
  }
}
