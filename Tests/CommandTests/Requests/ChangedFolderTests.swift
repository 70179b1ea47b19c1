import Foundation
import Testing

/// Folders of pictures that change after the training: a picture that was trained on is never one of the test.
struct ChangedFolderTests {
  private typealias Shell = (String) throws -> CommandTests.Outcome

  /// Calls `body` with a function that runs lines of a shell in a folder in which `noise` has two classes of 40 pictures
  /// of noise, and `r` is a run that knows those to train by heart.
  private func withNoise(_ body: (Shell) throws -> Void) throws {
    try withFolder { folder in
      // Knuth's generator, of which the high bits are good enough.
      var state: UInt64 = 1
      func pixel() -> UInt8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(state >> 56)
      }
      for index in 0..<80 {
        let file = folder.appending(path: "noise/\(index % 2 == 0 ? "a" : "b")/\(index).pgm")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(Array("P5 8 8 255\n".utf8) + (0..<64).map { _ in pixel() }).write(to: file)
      }
      let command: URL = try #require(CommandTests.command, "build the product 'backprop' first")
      let shell: Shell = { line in
        try CommandTests().run(
          [], environment: ["B": command.path, "F": folder.path, "L": line],
          script: "cd \"$F\" && timeout 100 sh -c \"$L\"")
      }
      let trained = try shell(
        #""$B" train image --data noise --model mlp --size 8 --epochs 60 --seed 0 --quiet --output r; cp r/report.html page"#
      )
      try #require(trained.status == 0 && trained.output.contains("of 16)"), "\(trained)")
      try body(shell)
    }
  }

  /// How many were right, of how many: "accuracy 0.5 (8 of 16)".
  private func counts(_ output: String) throws -> (right: Int, all: Int) {
    let words = try #require(output.split(separator: "(").dropFirst().first?.split(separator: ")").first)
      .split(separator: " ")
    return (try #require(Int(words[0])), try #require(Int(words[2])))
  }

  @Test(arguments: [
    ("rm noise/a/0.pgm", "noise has changed since the training (a/0.pgm is gone)"),
    ("cp noise/a/0.pgm noise/a/more.pgm", "(a/more.pgm is new)"),
    ("mv noise/b/1.pgm noise/b/renamed.pgm", "(b/1.pgm is gone, b/renamed.pgm is new)"),
    ("cp noise/b/3.pgm noise/a/0.pgm", "(a/0.pgm is another picture)"),
  ])
  func onlyWhatWasKeptAsideIsEvaluated(change: String, note: String) throws {
    try withNoise { shell in
      let before = try shell(#""$B" evaluate r"#)
      #expect(before.status == 0 && before.errors.isEmpty, "\(before.errors)")
      let after = try shell(change + #"; "$B" evaluate r"#)
      #expect(after.status == 0 && after.errors.contains(note), "\(after)")
      let (old, new) = (try counts(before.output), try counts(after.output))
      #expect(abs(new.all - old.all) <= 1 && abs(new.right - old.right) <= 1, "\(before.output)\(after.output)")

      let resumed = try shell(#""$B" train image --resume --output r --quiet"#)
      #expect(resumed.status == 2, "\(resumed)")
      #expect(
        resumed.errors.contains("noise has changed since the run began") && resumed.errors.contains("without --resume"))
    }
  }

  @Test func anotherFolderWithThemIsNoted() throws {
    try withNoise { shell in
      let outcome = try shell(#"cp -r noise other; "$B" evaluate r --data other"#)
      #expect(outcome.errors.contains("trained on 64 of the 80 pictures of other"), "\(outcome.errors)")
      let both = try shell(#""$B" train image --data noise --validation other --steps 1 --seed 0 --output s"#)
      #expect(both.errors.contains("64 of the images of other are also among those to train on"), "\(both.errors)")
      #expect(both.errors.contains("16 of the images of other are also among those to test"), "\(both.errors)")
    }
  }

  /// A page with examples is not replaced by one without, and has the numbers of one test set.
  @Test func aReportIsNotMadePoorer() throws {
    try withNoise { shell in
      let same = try shell(#""$B" report r && grep -c "First-layer filters" r/report.html"#)
      #expect(same.status == 0, "\(same.errors)")
      for change in [
        "rm noise/a/0.pgm noise/a/2.pgm noise/a/4.pgm noise/a/6.pgm noise/a/8.pgm noise/a/1*", "mv noise else",
      ] {
        let outcome = try shell(
          change + #"; cp page r/report.html; "$B" report r 2> errors; echo $?; cat errors; cmp page r/report.html"#)
        #expect(
          outcome.output.hasPrefix("2\n") && outcome.output.contains("\nerror: There are no examples"), "\(outcome)")
        #expect(outcome.status == 0 && outcome.output.contains("report.html is left as it is"), "\(outcome)")
      }
      let elsewhere = try shell(
        #""$B" report r --output new.html && grep -q "First-layer filters" new.html && ! grep -q "Worst mistakes" new.html"#
      )
      #expect(elsewhere.status == 0 && elsewhere.errors.hasPrefix("note: There are no"), "\(elsewhere)")
    }
  }

  @Test func aFolderForValidationCanBeSwitchedOff() throws {
    try withNoise { shell in
      let train = #""$B" train image --data parts --model mlp --steps 1 --seed 0 --output s "#
      let off = try shell(
        "mkdir parts; cp -r noise parts/train; cp -r noise parts/val; " + train + "--validation 0 --json")
      #expect(off.status == 0 && !off.output.contains("validationLoss"), "\(off)")
      #expect(off.errors.contains("--validation 0 leaves out the 80 images to validate"), "\(off.errors)")
      let share = try shell(train + "--validation 0.2")
      #expect(share.errors.contains("are added to those to train on"), "\(share.errors)")
    }
  }

  /// Pipes in folders may have no writer.
  @Test func pipesInFoldersAreNotWaitedFor() throws {
    try withNoise { shell in
      let predicted = try shell(#"mkdir p; mkfifo p/x.jpg; cp noise/a/0.pgm p; "$B" predict r p"#)
      #expect(predicted.status == 1 && predicted.output.contains("p/x.jpg is a named pipe"), "\(predicted)")
      let shown = try shell(#"mkdir idx; mkfifo idx/train-images-idx3-ubyte; "$B" data show idx"#)
      #expect(shown.status == 2 && shown.errors.contains("is a named pipe"), "\(shown)")
      let named = try shell(#"mkfifo q; cat noise/a/0.pgm > q & "$B" predict r q"#)
      #expect(named.status == 0, "\(named)")
    }
  }

  /// --size is of both sides, whatever the other run has.
  @Test(arguments: ["--from r", "--config r/run.json"]) func sizeIsOfBothSides(flag: String) throws {
    try withNoise { shell in
      let outcome = try shell(
        #""$B" train image --data noise --model cnn --size 12 --steps 1 --seed 0 --output s \#(flag)"#)
      #expect(outcome.errors.contains("as 1 × 12 × 12"), "\(outcome.errors)")
    }
  }
}
