import Foundation
import Testing

/// `compare` as a command.
@Suite struct CompareTests {
  private struct Row: Decodable {
    struct Seed: Decodable { var finalLoss: Double }
    var optimizer: String
    var learningRate: Double
    var finalLoss: Double
    var accuracy: Double
    var stepsToTarget: Double
    var seconds: Double
    var seeds: [Seed]
  }

  @Test func comparesOptimizers() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let outcome = try CommandTests().run(
      ["compare", "--optimizers", "momentum,adam", "--seeds", "2", "--json", "--output", folder.path])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let rows = try JSONDecoder().decode([Row].self, from: Data(outcome.output.utf8))
    #expect(rows.map(\.optimizer) == ["momentum", "adam"])
    for row in rows {
      #expect(row.accuracy > 0.9 && row.seeds.count == 2)
      #expect(abs(row.finalLoss - (row.seeds[0].finalLoss + row.seeds[1].finalLoss) / 2) < 1e-12)
    }
    #expect(try String(contentsOf: folder.appending(path: "results.json"), encoding: .utf8) == outcome.output)
    let html = try String(contentsOf: folder.appending(path: "report.html"), encoding: .utf8)
    for row in rows { #expect(html.contains("data-value=\"\(row.finalLoss)\"")) }
  }

  @Test func whatHasNoNumberIsNull() throws {
    let outcome = try CommandTests().run([
      "compare", "--task", "sparse", "--optimizers", "sgd", "--seeds", "1", "--json",
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("\"accuracy\":null") && outcome.output.contains("\"stepsToTarget\":null"))
  }

  @Test func followsOptimizersOverSurfaces() throws {
    let outcome = try CommandTests().run(["compare", "--task", "surface", "--optimizers", "sgd", "--seeds", "1"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    for surface in ["rosenbrock", "beale", "himmelblau", "saddle", "ravine", "noisy valley"] {
      #expect(outcome.output.contains("\n\(surface): "), "\(surface)")
    }
  }

  @Test(arguments: ["sgd,nobody", "", "sgd,sgd", "sgd,"]) func wrongListsOfOptimizersAreRefused(_ names: String) throws
  {
    let outcome = try CommandTests().run(["compare", "--optimizers", names])
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("momentum-ema") || outcome.errors.contains("twice"), "\(outcome.errors)")
  }
}
