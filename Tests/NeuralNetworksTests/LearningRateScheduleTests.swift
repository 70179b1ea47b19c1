import NeuralNetworks
import Testing

struct ScheduleCase: Decodable, Sendable, CustomTestStringConvertible {
  var shape: LearningRateSchedule.Shape
  var steps: Int
  var warmupSteps: Int
  var finalFraction: Double
  var factors: [Double]

  var testDescription: String { "\(shape), \(warmupSteps) steps of warm-up, to \(finalFraction)" }

  static func all() throws -> [ScheduleCase] { try fixture("schedules", as: Content.self).schedules }

  private struct Content: Decodable { var schedules: [ScheduleCase] }
}

@Suite struct LearningRateScheduleTests {
  @Test(arguments: try ScheduleCase.all()) func followsPyTorch(expected: ScheduleCase) {
    let schedule = LearningRateSchedule(
      expected.shape, warmupSteps: expected.warmupSteps, finalFraction: expected.finalFraction)
    for (step, factor) in expected.factors.enumerated() {
      let difference = abs(schedule.factor(after: step, of: expected.steps) - factor)
      #expect(difference < 1e-9, "step \(step)")
    }
  }

  @Test(arguments: LearningRateSchedule.Shape.allCases, [0, 1, 3, 7])
  func isFiniteForAnyLength(shape: LearningRateSchedule.Shape, total: Int) {
    for warmup in [0, 1, 3, 100] {
      let schedule = LearningRateSchedule(shape, warmupSteps: warmup)
      for step in 0..<9 {
        #expect((0...1).contains(schedule.factor(after: step, of: total)), "\(warmup) \(step)")
      }
    }
  }
}
