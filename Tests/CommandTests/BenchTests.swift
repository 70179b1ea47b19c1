import Foundation
import Testing

/// `bench` and the table that `scripts/bench` makes of its lines.
struct BenchTests {
  private func json(_ arguments: [String]) throws -> [String: Any] {
    let outcome = try CommandTests().run(["bench"] + arguments + ["--json", "--seconds", "0.01"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  @Test func aLineHoldsWhatScriptsRelyOn() throws {
    let line = try json(["mlp"])
    #expect(line["workload"] as? String == "mlp")
    for key in [
      "millisecondsPerStep", "minimum", "firstStepMilliseconds", "gflopsPerSecond", "peakBytes", "threads",
    ] { #expect((line[key] as? Double).map { $0 > 0 } == true, "\(key)") }
    #expect(line["parameters"] as? Int == 784 * 128 + 128 + 128 * 10 + 10)
    // Forward, gradients of weights, and the gradient of the hidden layer's output.
    #expect(line["flopsPerStep"] as? Int == 64 * (2 * 2 * 784 * 128 + 3 * 2 * 128 * 10))
  }

  @Test func aProfileSharesOutTheWholeStep() throws {
    let report = try json(["mlp", "--profile"])
    let operations = try #require(report["operations"] as? [[String: Any]])
    let shares = operations.compactMap { $0["share"] as? Double }
    #expect(shares.count == operations.count && abs(shares.reduce(0, +) - 1) < 1e-9)
    #expect(operations.contains { ($0["operation"] as? String) == "matmul [64, 784] · [784, 128]" })
  }

  @Test func theTableTakesMediansAndTheBestOther() throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../scripts/bench-table.awk")
    func ours(_ time: Double) -> String {
      """
      {"workload":"mlp","millisecondsPerStep":\(time),"parameters":100,"flopsPerStep":2000000,"peakBytes":3000000}
      """
    }
    func other(_ system: String, _ time: Double, parameters: Int) -> String {
      """
      {"workload": "mlp", "system": "\(system)", "millisecondsPerStep": \(time), "parameters": \(parameters), \
      "peakBytes": 6000000}
      """
    }
    let lines = [
      #"{"workload":"machine","gflopsPerSecond":8,"gigabytesPerSecond":50.0}"#, ours(9), ours(0.5), ours(0.1),
      other("PyTorch 9 eager", 2, parameters: 100), other("JAX 9", 1.25, parameters: 150),
    ]
    let (process, input, output) = (Process(), Pipe(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["awk", "-v", "workloads=mlp", "-v", "markdown=1", "-f", script.path]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    input.fileHandleForWriting.write(Data(lines.joined(separator: "\n").utf8))
    input.fileHandleForWriting.closeFile()
    let table = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    // 2 MFLOP in 0.5 ms are 4 GFLOP/s of 8; JAX's 1.25 ms are the best of others; half of PyTorch's memory.
    #expect(
      table.contains("| mlp | 0.500 | 2.000 | 1.250 | 2.50 | 4.0 | 50 % | - | - | - | 3 | 0.50 |"), "\(table)")
    #expect(table.contains("warning: mlp has 100 parameters here and 150 in JAX 9"))
  }
}
