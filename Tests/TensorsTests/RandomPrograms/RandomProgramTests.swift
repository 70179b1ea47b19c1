import Foundation
import Testing

@testable import Tensors

/// Compiled plans of random programs give what the reference interpreter gives.
///
/// `scripts/check-programs` runs any number of them, with another seed.
@Suite struct RandomProgramTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["BACKPROP_PROGRAMS"].flatMap { Int($0) } ?? 2000
  private static let firstSeed = environment["BACKPROP_PROGRAM_SEED"].flatMap { UInt64($0) } ?? 1

  private static func comparison(_ program: TensorProgram, seed: UInt64) -> ProgramComparison {
    ProgramComparison(program: program, seed: seed, recomputing: seed % 3 == 0 ? (bytes: 1, wait: 2) : nil)
  }

  /// The same in float64, to twelve digits: views, joins and variables of elements of eight bytes.
  @Test func programsInFloat64MatchTheReference() {
    for seed in Self.firstSeed..<Self.firstSeed + UInt64(Self.count / 4) {
      let program = ProgramGenerator.program(seed: seed)
      // The reference's normal numbers are exact, and the kernel's float32.
      if program.steps.contains(where: { if case .random(.normal) = $0.action { true } else { false } }) { continue }
      var comparison = Self.comparison(program, seed: seed)
      comparison.precision = .float64
      if case .different(let what) = comparison.run() { Issue.record("seed \(seed): \(what)\n\(program)") }
    }
  }

  @Test func plansOfRandomProgramsMatchTheReference() {
    var illConditioned = 0
    for seed in Self.firstSeed..<Self.firstSeed + UInt64(Self.count) {
      let program = ProgramGenerator.program(seed: seed)
      switch Self.comparison(program, seed: seed).run() {
      case .same: break
      case .illConditioned: illConditioned += 1
      case .different(let what):
        let smallest = shrunk(program) {
          if case .different = Self.comparison($0, seed: seed).run() { true } else { false }
        }
        var last = what
        if case .different(let found) = Self.comparison(smallest, seed: seed).run() { last = found }
        Issue.record("seed \(seed): \(last)\n\(smallest)")
        if Self.environment["BACKPROP_PROGRAMS_ALL"] == nil { return }
      }
    }
    #expect(illConditioned * 50 <= Self.count, "\(illConditioned) of \(Self.count) programs say nothing")
  }
}
