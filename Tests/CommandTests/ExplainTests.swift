import Foundation
import Testing

/// `explain` as a command.
@Suite struct ExplainTests {
  private struct Explanation: Decodable {
    struct Layer: Decodable {
      var sums: [Double]
      var gradientOfWeights: [[Double]]
    }
    var network: [Int]
    var loss: Double
    var lossAfter: Double
    var layers: [Layer]
  }

  @Test func explainsAStep() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let page = folder.appending(path: "step.html")
    let outcome = try CommandTests().run(["explain", "--network", "3-2-2", "--json", "--output", page.path])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let explanation = try JSONDecoder().decode(Explanation.self, from: Data(outcome.output.utf8))
    #expect(explanation.network == [3, 2, 2])
    #expect(explanation.lossAfter < explanation.loss)
    #expect(explanation.layers.map(\.sums.count) == [2, 2])
    #expect(explanation.layers[0].gradientOfWeights.map(\.count) == [2, 2, 2])
    let html = try String(contentsOf: page, encoding: .utf8)
    #expect(html.contains("3-2-2") && html.contains("data-value=\"\(explanation.loss)\""))
    // The same seed, the same numbers; another seed, others.
    #expect(try CommandTests().run(["explain", "--network", "3-2-2", "--json"]).output == outcome.output)
    #expect(
      try CommandTests().run(["explain", "--network", "3-2-2", "--json", "--seed", "1"]).output != outcome.output)
  }

  @Test func writesTables() throws {
    let outcome = try CommandTests().run(["explain", "--optimizer", "adam"], environment: ["COLUMNS": "200"])
    #expect(outcome.status == 0)
    for part in ["Forward", "Backward", "Update", "w5←3", "∂E/∂x", "mean", "squares", "E = ½"] {
      #expect(outcome.output.contains(part), "\(part)")
    }
  }

  @Test(arguments: [("123456789", "123456792"), ("0.1", "0.1"), ("1e-7", "1e-07"), ("3", "3")])
  func theRateIsTheOneThatIsComputedWith(_ given: String, _ shown: String) throws {
    let outcome = try CommandTests().run(["explain", "--learning-rate", given], environment: ["COLUMNS": "200"])
    #expect(outcome.output.contains("learning rate \(shown), seed") && outcome.output.contains("(ε = \(shown), t = 1)"))
  }

  @Test(arguments: [30, 50, 80]) func tablesFitTheTerminal(columns: Int) throws {
    for optimizer in ["amsgrad", "nadam"] {
      let outcome = try CommandTests().run(
        ["explain", "--optimizer", optimizer, "--network", "3-4-2"], environment: ["COLUMNS": "\(columns)"])
      #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= columns }, "\(outcome.output)")
      // Each part names the weights.
      #expect(optimizer == "nadam" || outcome.output.components(separatedBy: "\n  θ  ").count > 2, "\(outcome.output)")
    }
  }

  @Test(arguments: ["2-0-1", "2--1", "999999-9999999", "3", "a-b"]) func wrongNetworksAreRefused(_ network: String)
    throws
  {
    let outcome = try CommandTests().run(["explain", "--network", network])
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix("error: --network: ") && outcome.errors.contains(network))
  }

  @Test func unknownOptimizersAreRefused() throws {
    let outcome = try CommandTests().run(["explain", "--optimizer", "nobody"])
    #expect(outcome.status == 2 && outcome.errors.contains("'nobody'") && outcome.errors.contains("momentum-ema"))
  }
}
