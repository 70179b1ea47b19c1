import Foundation
import Testing

/// `compare` after Ctrl-C.
struct CompareInterruptTests {
  private struct Row: Decodable {
    var optimizer: String
    var seeds: [Seed]
    struct Seed: Decodable { var finalLoss: Double }
  }

  /// Interrupts a comparison `delay` seconds after it has begun.
  private func interrupted(_ arguments: [String], after delay: Double) throws -> CommandTests.Outcome {
    try CommandTests().run(["compare"] + arguments) { process in
      usleep(UInt32(delay * 1e6))
      kill(process.processIdentifier, SIGINT)
    }
  }

  /// However long a training takes here, one delay falls between the first optimizer's end and the last one's.
  @Test func whatIsDoneIsSaved() throws {
    for delay in [0.5, 1, 2, 4, 8, 16] {
      let isDone = try withFolder { folder in
        let outcome = try interrupted(["--seeds", "20", "--json", "--output", folder.path], after: delay)
        try #require(outcome.status == 130, "\(outcome)")
        if outcome.errors.contains("0 of 8 optimizers done, so there is no result") {
          #expect(outcome.output.isEmpty)
          #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
          return false
        }
        let rows = try JSONDecoder().decode([Row].self, from: Data(outcome.output.utf8))
        #expect((1..<8).contains(rows.count) && rows.first?.optimizer == "sgd")
        #expect(rows.allSatisfy { $0.seeds.count == 20 })
        #expect(
          outcome.errors.contains("interrupted with \(rows.count) of 8 optimizers done; the report has their results"),
          "\(outcome.errors)")
        #expect(try String(contentsOf: folder.appending(path: "results.json"), encoding: .utf8) == outcome.output)
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: "report.html").path))
        return true
      }
      if isDone { return }
    }
    Issue.record("no delay was long enough for one optimizer")
  }

  @Test func surfacesAreInterruptedToo() throws {
    let outcome = try interrupted(["--task", "surface", "--seeds", "100"], after: 0.3)
    #expect(outcome.status == 130)
    #expect(outcome.errors.contains("of 6 surfaces done"), "\(outcome.errors)")
  }
}
