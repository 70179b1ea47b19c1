import Foundation
import Testing

/// `compare` after Ctrl-C.
struct CompareInterruptTests {
  /// Interrupts a comparison `delay` seconds after it has begun.
  private func interrupted(_ arguments: [String], after delay: Double) throws -> CommandTests.Outcome {
    try CommandTests().run(["compare"] + arguments) { process in
      usleep(UInt32(delay * 1e6))
      kill(process.processIdentifier, SIGINT)
    }
  }

  @Test func surfacesAreInterruptedToo() throws {
    let outcome = try interrupted(["--task", "surface", "--seeds", "100"], after: 1)
    #expect(outcome.status == 130)
    #expect(outcome.errors.contains("of 6 surfaces done"), "\(outcome.errors)")
  }
}
