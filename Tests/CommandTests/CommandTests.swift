import Foundation
import Testing

/// Runs the built command and checks its exit status and its two outputs.
struct CommandTests {
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  /// The command is in the folder of the test bundle.
  static var command: URL? {
    let places = [Bundle.main.bundleURL, URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()]
    return
      places
      .map { $0.appending(path: "backprop") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  /// `environment` is added to this process's own; `watch` is called with the running process. With `script`, a shell
  /// runs that, with the command as `$0`.
  func run(
    _ arguments: [String], environment: [String: String] = [:], input: String = "", script: String? = nil,
    watch: (Process) throws -> Void = { _ in }
  ) throws -> Outcome {
    let process = Process()
    let command: URL = try #require(Self.command, "build the product 'backprop' first")
    process.executableURL = script == nil ? command : URL(filePath: "/bin/sh")
    process.arguments = script.map { ["-c", $0, command.path] + arguments } ?? arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files, not pipes: a full pipe would stop the command.
    let (output, errors) = (folder.appending(path: "output"), folder.appending(path: "errors"))
    for file in [output, errors] { try Data().write(to: file) }
    let inputFile = folder.appending(path: "input")
    try Data(input.utf8).write(to: inputFile)
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    try watch(process)
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
      errors: try String(contentsOf: errors, encoding: .utf8))
  }

  @Test(arguments: [
    ["--nope"], ["train", "image", "--batch-size", "0"], ["train", "image", "--epochs", "-1"],
    ["train", "image", "--learning-rate", "-1"], ["train", "image", "--learning-rate", "nan"],
    ["train", "image", "--data", "nowhere"], ["train", "image", "--model", "nothing"],
    ["train", "image", "--optimizer", "nobody"], ["train", "image", "--threads", "0"],
    ["train", "image", "--epochs", "1", "--steps", "1"], ["train", "image", "--warmup-steps", "-1"],
    ["train", "image", "--schedule", "upwards"], ["train", "image", "--resume"],
    ["train", "image", "--resume", "--output", "no-such-run"], ["train", "image", "--checkpoint", "0"],
    ["train", "image", "--checkpoint-steps", "0"], ["train", "image", "--evaluation-steps", "0"],
    ["evaluate", "no-such-run"], ["predict", "no-such-run", "x"],
    ["summary"], ["bench", "nothing"], ["bench", "--seconds", "0"], ["bench", "--plans", "--profile"],
    ["bench", "--rounds"], ["bench", "mlp", "cnn", "--rounds"], ["bench", "mlp", "--plans", "--rounds"],
    ["bench", "scaling", "--rounds"], ["bench", "communication"],
  ])
  func wrongRequestsEndWithTwoAndASentence(arguments: [String]) throws {
    let process = try run(arguments)
    #expect(process.status == 2, "\(arguments)")
    #expect(process.errors.hasPrefix("error: "), "\(arguments)")
    #expect(process.output.isEmpty, "\(arguments)")
  }

  @Test func aRunIsTrainedEvaluatedAndUsed() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let trained = try run(
      [
        "train", "image", "--model", "mlp", "--steps", "20", "--seed", "0", "--json", "--quiet", "--output",
        folder.path,
      ])
    #expect(trained.status == 0, "\(trained.errors)")
    let result = try #require(try JSONSerialization.jsonObject(with: Data(trained.output.utf8)) as? [String: Any])
    #expect(result["steps"] as? Int == 20)
    for file in ["model.json", "weights.safetensors", "run.json", "metrics.jsonl"] {
      #expect(FileManager.default.fileExists(atPath: folder.appending(path: file).path), "\(file)")
    }
    let evaluated = try run(["evaluate", folder.path, "--json"])
    let measured = try #require(try JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [String: Any])
    #expect(measured["accuracy"] as? Double == result["accuracy"] as? Double)
    let predicted = try run(["predict", folder.path, "--data", "digits", "--count", "2", "--json"])
    let predictions = try JSONSerialization.jsonObject(with: Data(predicted.output.utf8)) as? [[String: Any]]
    #expect(predictions?.count == 2)
  }

  @Test func aDivergingLossNamesTheStep() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let outcome = try run(
      ["train", "image", "--model", "mlp", "--optimizer", "sgd", "--learning-rate", "1e30", "--output", folder.path])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("at step "))
  }

  @Test func helpAndVersionAreResults() throws {
    #expect(try run(["--version"]).status == 0)
    #expect(try run(["train", "image", "--help"]).output.contains("--learning-rate"))
  }
}
