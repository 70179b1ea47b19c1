import Foundation
import Testing

/// `train text` that begins with a run, and texts that change after a training.
struct TextRunTests {
  private static let text = String(repeating: "abc abd bca cab bad. ", count: 60)

  /// A folder with the text `t.txt` and a small run of it, `r`.
  private func withRun(_ flags: String = "", _ body: ((String) throws -> CommandTests.Outcome) throws -> Void) throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(Self.text.utf8).write(to: folder.appending(path: "t.txt"))
      let shell = { (line: String) in
        try CommandTests().run([line], environment: ["F": folder.path], script: #"cd "$F" && eval "$1""#)
      }
      let trained = try shell(
        #""$0" train text --data t.txt --model lstm --width 8 --layers 1 --context 16 --steps 3 --batch-size 4 --seed 0 "#
          + "--quiet --output r \(flags)")
      try #require(trained.status == 0, "\(trained.errors)")
      try body(shell)
    }
  }

  @Test func beginsWithARun() throws {
    try withRun { shell in
      let tuned = try shell(
        #"printf '%s' "$(head -c 900 t.txt)ccc" > other.txt; "$0" train text --data other.txt --from r --steps 2 --seed 1 --output s"#
      )
      #expect(tuned.status == 0, "\(tuned.errors)")
      #expect(tuned.errors.contains("from r: loaded") && tuned.errors.contains("lstm with"), "\(tuned.errors)")
      #expect(try shell("cmp r/model.json s/model.json && cmp r/tokenizer.json s/tokenizer.json").status == 0)
      // With a learning rate that changes nothing, the weights are those of the run.
      let kept = try shell(
        #""$0" train text --data t.txt --from r --steps 2 --optimizer sgd --learning-rate 1e-30 --quiet --output k && "#
          + "cmp r/weights.safetensors k/weights.safetensors")
      #expect(kept.status == 0, "\(kept)")
      // A resumed training needs the other run no more, and has the same tokenizer.
      let resumed = try shell(
        #""$0" train text --data other.txt --from r --steps 2 --schedule constant --seed 1 --quiet --output v && mv r gone && "#
          + #""$0" train text --resume --steps 3 --output v && cmp v/tokenizer.json gone/tokenizer.json"#)
      #expect(resumed.status == 0, "\(resumed)")
    }
  }

  @Test func contextMayChangeWhereNothingDependsOnIt() throws {
    try withRun { shell in
      let outcome = try shell(
        #""$0" train text --data t.txt --from r --context 8 --dropout 0.5 --steps 2 --quiet --output s; cat s/model.json"#
      )
      #expect(outcome.status == 0 && outcome.output.contains(/"context" ?: ?8/), "\(outcome)")
    }
    try withRun("--model transformer --heads 2 --layers 2") { shell in
      let outcome = try shell(#""$0" train text --data t.txt --from r --context 8 --steps 2 --output s"#)
      #expect(outcome.status == 2 && outcome.errors.contains("--context 8 contradicts r, whose network has 16"))
    }
  }

  @Test(arguments: [
    ("--width 16", "--width 16 contradicts r, whose network has 8; leave it out, or train anew without --from"),
    ("--model gru", "--model gru contradicts r"), ("--layers 2", "--layers 2 contradicts r"),
    ("--tokenizer byte", "--tokenizer byte contradicts r, whose network has character"),
    ("--freeze nothing", "--freeze: "), ("--freeze '*'", "leaves no parameter to train"),
    ("--data strange.txt", "'é' (U+00E9) is not among the"),
  ])
  func contradictionsAreRefused(_ flags: String, _ says: String) throws {
    try withRun { shell in
      let outcome = try shell(
        "cp t.txt strange.txt; echo é >> strange.txt; "
          + #""$0" train text --from r --steps 2 --output s \#(flags.contains("--data") ? "" : "--data t.txt") \#(flags)"#
      )
      #expect(outcome.status == 2 && outcome.errors.contains(says), "\(outcome.errors)")
    }
  }

  @Test func frozenParametersStay() throws {
    try withRun { shell in
      let outcome = try shell(#""$0" train text --data t.txt --from r --freeze 'embedding.*' --steps 4 --output s"#)
      #expect(outcome.status == 0 && outcome.errors.contains("frozen: 1 of "), "\(outcome.errors)")
    }
  }

  /// A part of another text may have been trained on.
  @Test func aTextThatHasChangedIsRefused() throws {
    try withRun { shell in
      #expect(try shell(#""$0" evaluate r"#).status == 0)
      for (line, says) in [
        ("evaluate r", "t.txt has changed since the training, so its validation part cannot be told from the rest"),
        ("evaluate r --data t.txt", "name another text with --data"),
        ("train text --resume --output r", "t.txt has changed since the run began, so other text would be trained"),
      ] {
        let outcome = try shell(#"{ printf 'é'; head -c 1200 t.txt; } > u && mv u t.txt; "$0" \#(line)"#)
        #expect(outcome.status == 2 && outcome.errors.contains(says), "\(outcome.errors)")
      }
      // Runs of earlier versions do not say what it was.
      let old = try shell(
        #"tail -c 1100 t.txt > u && mv u t.txt; sed -i 's/"data" : "[0-9a-f]*"/"gone" : 0/' r/run.json; grep gone r/run.json && "$0" evaluate r"#
      )
      #expect(old.status == 0, "\(old)")
    }
  }

  @Test func aTextForValidationThatHasChangedIsRefused() throws {
    try withRun { shell in
      let trained = try shell(
        #"cp t.txt v.txt; "$0" train text --data t.txt --from r --validation v.txt --steps 2 --quiet --output s && "$0" evaluate s"#
      )
      #expect(trained.status == 0, "\(trained.errors)")
      for (line, status, says) in [
        ("evaluate s", 2, "v.txt has changed since the training, so it is not what the run was validated with"),
        ("evaluate s --data v.txt", 0, ""),
        ("train text --resume --output s", 2, "so other text would be validated with"),
      ] as [(String, Int32, String)] {
        let outcome = try shell(#"printf 'abc abd' >> v.txt; "$0" \#(line)"#)
        #expect(outcome.status == status && (says.isEmpty || outcome.errors.contains(says)), "\(outcome)")
      }
    }
  }
}
