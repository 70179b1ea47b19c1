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
