import Foundation
import Testing

/// Calls `body` with the path of a folder that does not exist yet, removed afterwards.
func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// A run of twenty steps.
func withRun<Result>(_ body: (URL) throws -> Result) throws -> Result {
  try withFolder { folder in
    let outcome = try CommandTests().run(
      ["train", "image", "--model", "mlp", "--steps", "20", "--seed", "0", "--quiet", "--output", folder.path])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try body(folder)
  }
}

/// Every file in a folder and in the folders in it.
func contents(of folder: URL) throws -> [String: Data] {
  var result: [String: Data] = [:]
  for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
    result[name] = try? Data(contentsOf: folder.appending(path: name))
  }
  return result
}

/// Waits until a training has logged something.
func waitForMetrics(_ folder: URL, of process: Process) {
  let metrics = folder.appending(path: "metrics.jsonl").path
  while process.isRunning {
    let size = try? FileManager.default.attributesOfItem(atPath: metrics)[.size] as? Int
    if let size, size > 0 { break }
    usleep(1000)
  }
}

/// Runs a shell's script, in which `$0` is the command.
func shell(_ script: String, _ arguments: [String] = []) throws -> CommandTests.Outcome {
  try CommandTests().run(arguments, script: script)
}
