import Foundation
import Testing

/// `bench`, the rounds of `scripts/bench`, and the table of its lines.
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

  @Test(arguments: [["mlp"], ["mlp", "--profile"], ["machine"]])
  func eachLineOfInputAsksForALine(arguments: [String]) throws {
    let outcome = try CommandTests().run(
      ["bench"] + arguments + ["--rounds", "--json", "--seconds", "0.01"], input: "\n\nmore\n")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = try outcome.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(lines.count == 3)
    for line in lines { #expect(line["workload"] as? String == arguments[0]) }
    // Prepared once.
    #expect(Set(lines.compactMap { $0["firstStepMilliseconds"] as? Double }).count == (arguments == ["mlp"] ? 1 : 0))
  }

  @Test func roundsWithoutInputAreAWrongRequest() throws {
    let outcome = try CommandTests().run(["bench", "mlp", "--rounds", "--seconds", "0.01"])
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(
      outcome.errors.contains("error: --rounds measures when a line comes on standard input"), "\(outcome.errors)")
  }

  /// The standard output and standard error of a script of this repository.
  private func script(_ name: String, _ command: [String], input: String = "") throws -> (
    output: String, errors: String
  ) {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../scripts/\(name)")
    let process = Process()
    let pipes = [Pipe(), Pipe(), Pipe()]
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command.map { $0 == name ? script.path : $0 }
    (process.standardInput, process.standardOutput, process.standardError) = (pipes[0], pipes[1], pipes[2])
    try process.run()
    pipes[0].fileHandleForWriting.write(Data(input.utf8))
    pipes[0].fileHandleForWriting.closeFile()
    // One after the other: errors are short and cannot fill the pipe.
    let texts = pipes[1...].map { String(decoding: $0.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }
    process.waitUntilExit()
    return (texts[0], texts[1])
  }

  @Test func roundsContinueWithoutThoseThatEnd() throws {
    func contestant(_ name: String, until end: String = "") -> String {
      let line = #"echo "{\"\#(name)$turn\"}""#
      return "sh -c 'turn=0; while read -r line; do turn=$((turn + 1)); echo a word; \(line); \(end) done'"
    }
    let (output, errors) = try script(
      "bench-rounds",
      [
        "bench-rounds", "3", contestant("a"), contestant("dies", until: "[ $turn != 2 ] || kill -9 $$;"), "true",
        "sh -c 'echo reason >&2; exit 3'", contestant("b"),
      ])
    let expected = [["a1", "dies1", "b1"], ["a2", "dies2", "b2"], ["a3", "b3"]].joined().map { "{\"\($0)\"}\n" }
    #expect(output == expected.joined())
    #expect(errors.contains("failed with status 3: sh -c 'echo reason >&2; exit 3'\nreason\n"), "\(errors)")
    #expect(errors.contains("failed with status 137: sh"), "\(errors)")
    #expect(errors.components(separatedBy: "failed").count == 3, "\(errors)")
  }

  @Test func whoDoesNotAnswerIsLeftOut() throws {
    let answers = #"sh -c 'while read -r line; do echo "{}"; done'"#
    let (output, errors) = try script(
      "bench-rounds", ["ROUND_LIMIT=1", "bench-rounds", "2", answers, "sh -c 'read -r line; exec sleep 600'", answers])
    #expect(output == "{}\n{}\n{}\n{}\n")
    #expect(errors == "bench: failed with status 137: sh -c 'read -r line; exec sleep 600'\nno answer in 1 seconds\n")
  }

  /// Reads time out after a second, to detect processes that are gone: a part of a line read by then is its beginning.
  @Test func aLineMayComeInPieces() throws {
    let slow = #"sh -c 'while read -r line; do printf "{first,"; sleep 1.3; echo " then}"; done'"#
    #expect(try script("bench-rounds", ["bench-rounds", "1", slow]).output == "{first, then}\n")
  }

  @Test func theTableTakesMediansOfTheRounds() throws {
    func ours(_ time: Double) -> String {
      """
      {"workload":"mlp","millisecondsPerStep":\(time),"parameters":100,"flopsPerStep":2000000,"bytesPerStep":4000000,\
      "peakBytes":3000000}
      """
    }
    func other(_ system: String, _ time: Double, parameters: Int) -> String {
      """
      {"workload": "mlp", "system": "\(system)", "millisecondsPerStep": \(time), "parameters": \(parameters), \
      "peakBytes": 6000000}
      """
    }
    func machine(_ bandwidth: Double) -> String {
      #"{"workload":"machine","gflopsPerSecond":8,"gigabytesPerSecond":\#(bandwidth)}"#
    }
    // The machine gets twice as fast after the first round, and JAX runs at the slower speed again in the third.
    let lines = [
      machine(10), ours(1), other("PyTorch 9 eager", 3, parameters: 100), other("JAX 9", 2.5, parameters: 150),
      machine(20), ours(0.5), other("PyTorch 9 eager", 1.5, parameters: 100), other("JAX 9", 1.25, parameters: 150),
      machine(20), ours(0.5), other("PyTorch 9 eager", 1.5, parameters: 100), other("JAX 9", 2.5, parameters: 150),
    ]
    let table = try script(
      "bench-table.awk", ["awk", "-v", "workloads=mlp cnn", "-v", "markdown=1", "-f", "bench-table.awk"],
      input: lines.joined(separator: "\n")
    ).output
    // 2 MFLOP in 0.5 ms are 4 GFLOP/s of 8, 4 MB are 8 GB/s of 20. JAX's median is five times our median, but in the median
    // round it took 2.5 times as long, and PyTorch 3. Half of PyTorch's memory.
    #expect(
      table.contains("| mlp | 0.500 | 1.500 | 2.500 | 2.50 | 4.0 | 50 % | 8.0 | 40 % | - | 3 | 0.50 |"), "\(table)")
    #expect(table.contains("| cnn | - | - | - | - | - | - | - | - | - | - | - |"), "\(table)")
    #expect(table.contains("8 GFLOP/s of float32 multiply-adds, 20.0 GB/s of memory (10.0 to 20.0)"), "\(table)")
    #expect(table.contains("warning: mlp has 100 parameters here and 150 in JAX 9"), "\(table)")
  }
}
