import Foundation
import Testing

/// Results that cannot be written.
struct OutputTests {
  private static let hasFullDevice = FileManager.default.fileExists(atPath: "/dev/full")

  @Test(
    .enabled(if: hasFullDevice),
    arguments: ["summary --model mlp", "summary --model mlp --json", "--help", "train image --help", "--version"])
  func aFullDeviceIsAFailure(arguments: String) throws {
    let outcome = try shell(#""$0" \#(arguments) > /dev/full"#)
    #expect(outcome.status == 1)
    #expect(
      outcome.errors == "error: the result cannot be written to standard output: No space left on device\n",
      "\(outcome.errors)")
  }

  @Test func aClosedPipeIsAFailure() throws {
    let process = Process()
    let command: URL = try #require(CommandTests.command)
    process.executableURL = command
    process.arguments = ["summary", "--model", "mlp"]
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    try output.fileHandleForReading.close()
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 1)
    #expect(text == "error: the result cannot be written to standard output: Broken pipe\n", "\(text)")
  }

  @Test func linesOfEvaluationsFitAndOneBeamIsTheGreedyText() throws {
    try withFolder { folder in
      let trained = try CommandTests().run([
        "train", "text", "--width", "8", "--context", "8", "--steps", "16", "--seed", "0", "--output", folder.path,
      ])
      #expect(trained.status == 0, "\(trained.errors)")
      let lines = trained.errors.split(separator: "\n").filter { $0.contains("/16 ") }
      #expect(lines.count == 8, "\(trained.errors)")
      for line in lines { #expect(line.count < 80, "\(line)") }
      func text(_ flags: [String]) throws -> String {
        let outcome = try CommandTests().run(["generate", folder.path, "--tokens", "40"] + flags)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
      }
      let greedy = try text(["--temperature", "0"])
      for seed in ["1", "2"] { #expect(try text(["--beams", "1", "--seed", seed]) == greedy) }
      let both = try CommandTests().run(["generate", folder.path, "--beams", "1", "--temperature", "0.5"])
      #expect(both.status == 2)
    }
  }
}
