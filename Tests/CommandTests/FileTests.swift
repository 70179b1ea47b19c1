import Foundation
import Testing

/// The command with files that are corrupt, are not regular files, or have names that are not UTF-8.
struct FileTests {
  /// Calls `body` with a folder with a run of images, `r`, and one of a text, `t`, of the file `text`.
  private func withRuns(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data((0..<200).map { "\($0) " }.joined().utf8).write(to: folder.appending(path: "text"))
    let made = try shell(
      """
      "$B" train image --model mlp --steps 1 --seed 0 --quiet --json --output r &&
      "$B" train text --data text --model lstm --width 8 --layers 1 --context 4 --steps 1 --seed 0 --quiet --json --output t
      """, in: folder)
    try #require(made.status == 0, "\(made.errors)")
    try body(folder)
  }

  /// A line of the shell in `folder`, in which `$B` is the command, with 4 GiB of addresses and 100 s.
  private func shell(_ line: String, in folder: URL) throws -> CommandTests.Outcome {
    let command: URL = try #require(CommandTests.command, "build the product 'backprop' first")
    return try CommandTests().run(
      [], environment: ["B": command.path, "F": folder.path, "L": line],
      script: "cd \"$F\" && ulimit -v 4194304 && timeout 100 sh -c \"$L\"")
  }

  private func refuses(_ line: String, _ message: String, in folder: URL) throws {
    let outcome = try shell(line, in: folder)
    #expect(outcome.status == 2 && outcome.output.isEmpty, "\(line): \(outcome.status) \(outcome.errors)")
    #expect(outcome.errors.hasPrefix("error: ") && outcome.errors.contains(message), "\(line): \(outcome.errors)")
  }

  /// A file of some bytes that claims gigabytes is compared with its length before memory is allocated.
  @Test func claimsAreCheckedBeforeTheyCostAnything() throws {
    try withRuns { folder in
      let wide = #"sed -i 's/"hidden" : 128/"hidden" : 22000/; s/"mlp"/"lstm"/' r/model.json; "#
      try refuses(wide + #""$B" evaluate r"#, "r/weights.safetensors lacks 'recurrent", in: folder)
      try refuses(#""$B" summary r"#, "r/weights.safetensors lacks 'recurrent", in: folder)
      try refuses(#"rm r/weights.safetensors; "$B" summary r"#, "r/weights.safetensors should exist", in: folder)
      let deep = #"sed -i 's/"width" : 8/"width" : 2048/; s/"layers" : 1/"layers" : 1024/' t/model.json; "#
      try refuses(deep + #""$B" generate t"#, "has the shape", in: folder)
      let record = #"sed -i 's/"width" : 8/"width" : 16384/; s/"layers" : 1/"layers" : 1024/' t/run.json; "#
      try refuses(record + #""$B" train text --resume --output t"#, "does not fit the run's record", in: folder)
    }
  }

  @Test func whereFilesAreDueNothingElseIsWaitedFor() throws {
    try withRuns { folder in
      for name in ["tokenizer.json", "model.json", "weights.safetensors", "run.json"] {
        for (make, message) in [("mkfifo", "is a named pipe"), ("mkdir", "is a folder")] {
          try refuses(
            "mv t/\(name) saved; \(make) t/\(name); \"$B\" evaluate t", "t/\(name) \(message)", in: folder)
          _ = try shell("rm -r t/\(name); mv saved t/\(name)", in: folder)
        }
      }
      try refuses(#"rm text; mkfifo text; "$B" evaluate t"#, "text is a named pipe", in: folder)
      try refuses(#""$B" train text --resume --output t"#, "text is a named pipe", in: folder)
      // The text of the run, as another one is refused.
      let piped = try shell(#"(seq 0 199 | tr '\n' ' ' > text)& "$B" evaluate t --data text --json"#, in: folder)
      #expect(piped.status == 0 && piped.output.contains("perplexity"), "\(piped.errors)")
    }
  }

  @Test func damagedJSONNamesFileAndKey() throws {
    try withRuns { folder in
      try refuses(#"echo '{}' > t/run.json; "$B" evaluate t"#, "t/run.json lacks 'kind'", in: folder)
      try refuses(#"echo '{}' > t/tokenizer.json; "$B" generate t"#, "t/tokenizer.json lacks 'model'", in: folder)
      try refuses(
        #"echo '{"task":"text","kind":"lstm"}' > t/model.json; "$B" evaluate t"#, "t/model.json lacks '", in: folder)
      try refuses(
        #"sed -i 's/"seed" : 0/"seed" : "0"/' r/run.json; "$B" train image --resume --output r"#,
        "r/run.json should have a whole number as 'seed'", in: folder)
    }
  }

  @Test func classNamesCannotTouchTheTerminal() throws {
    try withRuns { folder in
      let outcome = try shell(
        #"sed -i 's/"0"/"\\u001b[31mzero\\u0007"/' r/model.json; "$B" predict r --data digits --count 1 --draw; "#
          + #"printf 'P2 1 1 9 5' > p; "$B" predict r p --top 10"#, in: folder)
      #expect(
        outcome.status == 0 && outcome.output.contains(#"\u{1B}[31mzero\u{7}"#), "\(outcome.output)\(outcome.errors)")
      #expect(!outcome.output.contains("\u{1B}"))
    }
  }

  #if os(Linux)
    /// Names are bytes; those of a run, a text, a folder of images and a picture need not be UTF-8.
    @Test func namesThatAreNoTextAreFound() throws {
      try withRuns { folder in
        let name = #"N=$(printf 'a\377\303b'); "#
        for line in [
          #"mv t "$N"; "$B" generate "$N" --tokens 3"#, #"mv text "$N.txt"; "$B" evaluate "$N" --data "$N.txt""#,
          #"printf 'P2 1 1 9 5' > "$N.pgm"; "$B" predict r "$N.pgm""#,
        ] {
          let outcome = try shell(name + line, in: folder)
          #expect(outcome.status == 0, "\(line): \(outcome.errors)")
        }
      }
    }

    /// A run is written to the folder that was named, is resumed, replaced and used there, and no other folder appears.
    @Test func runsAreWrittenToNamesThatAreNoText() throws {
      try withRuns { folder in
        let train =
          #""$B" train text --data text --model lstm --context 4 --checkpoint-steps 1 --quiet --output "$N/r""#
        let outcome = try shell(
          #"N=$(printf 'a\377\303b'); before=$(ls | wc -l); "#
            + [
              "\(train) --steps 3 --schedule constant", "\(train) --resume --steps 4", "\(train) --steps 1",
              #""$B" evaluate "$N/r" --data text"#, #"test -f "$N/r/checkpoint/latest.safetensors""#,
              // No temporary files are left in it, and one folder was created.
              #"test "$(ls -A "$N/r" | wc -l)" = "$(ls "$N/r" | wc -l)""#, #"test "$(ls | wc -l)" = $((before + 1))"#,
            ].joined(separator: " && "), in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
      }
    }
  #endif
}
