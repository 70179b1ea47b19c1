import NeuralNetworks
import Testing

/// A named schedule with PyTorch's factors.
struct ScheduleCase: Decodable, Sendable, CustomTestStringConvertible {
  var name: ScheduleName
  var steps: Int
  var warmupSteps: Int
  var finalFraction: Double
  var factors: [Double]

  var testDescription: String { "\(name), \(warmupSteps) steps of warm-up, to \(finalFraction)" }

  static func all() throws -> [ScheduleCase] {
    struct Content: Decodable { var schedules: [ScheduleCase] }
    return try fixture("schedules", as: Content.self).schedules
  }
}

/// One that is not named, over 40 steps.
struct CurveCase: Decodable, Sendable, CustomTestStringConvertible {
  var name: String
  var factors: [Double]

  var testDescription: String { name }

  static func all() throws -> [CurveCase] {
    struct Content: Decodable { var curves: [CurveCase] }
    return try fixture("schedules", as: Content.self).curves
  }
}

@Suite struct LearningRateScheduleTests {
  private static let curves: [String: LearningRateSchedule] = [
    "step": .step(every: 6, by: 0.3),
    "multiStep": .multiStep(at: [3, 10, 31], by: 0.5),
    "exponential": .exponential(decay: 0.93),
    "polynomial": .polynomial(power: 2.5),
    "polynomial over 25": .polynomial(power: 0.7, over: 25),
    "polynomial to a fifth": .polynomial(power: 2, to: 0.2),
    "linear over 25": .linear(from: 0.2, to: 0.7, over: 25),
    "cosine to a tenth": .cosine(to: 0.1),
    "restarts": .cosineWithRestarts(period: 9, to: 0.05),
    "restarts that grow": .cosineWithRestarts(period: 5, growth: 2),
    "oneCycle": .oneCycle(rise: 0.4, from: 0.1, to: 0.001),
    "cyclic": .cyclic(from: 0.1, rise: 6, fall: 4),
    "cyclic, halved": .cyclic(from: 0.1, rise: 5, halves: true),
    "cyclic, decaying": .cyclic(from: 0.1, rise: 5, decay: 0.96),
    "inverseSquareRoot": .inverseSquareRoot(warmupSteps: 8),
    "function": .function { step, total in 1 / (1 + Double(step) / Double(total)) },
    "multiplicative": .multiplicative { 1 - 1 / (Double($0) + 3) },
    "product": LearningRateSchedule.step(every: 7, by: 0.5) * .exponential(decay: 0.97),
    "sequence": .exponential(decay: 0.9).followed(by: .cosine(to: 0.2), after: 15),
  ]

  @Test(arguments: try ScheduleCase.all()) func namedOnesFollowPyTorch(expected: ScheduleCase) {
    let schedule = expected.name.schedule(
      warmupSteps: expected.warmupSteps, finalFraction: expected.finalFraction)
    expectFactors(of: schedule, expected.factors, total: expected.steps)
  }

  @Test(arguments: try CurveCase.all()) func followsPyTorch(expected: CurveCase) throws {
    expectFactors(of: try #require(Self.curves[expected.name]), expected.factors, total: 40)
  }

  @Test func allCurvesAreRecorded() throws {
    #expect(Set(try CurveCase.all().map(\.name)) == Set(Self.curves.keys))
  }

  private func expectFactors(of schedule: LearningRateSchedule, _ factors: [Double], total: Int) {
    #expect(schedule.failure == nil)
    for (step, factor) in factors.enumerated() {
      #expect(abs(schedule.factor(after: step, of: total) - factor) < 1e-9, "step \(step)")
    }
  }

  @Test(arguments: ScheduleName.allCases, [0, 1, 3, 7])
  func isFiniteForAnyLength(name: ScheduleName, total: Int) {
    for warmup in [0, 1, 3, 100] {
      let schedule = name.schedule(warmupSteps: warmup)
      for step in 0..<9 {
        #expect((0...1).contains(schedule.factor(after: step, of: total)), "\(warmup) \(step)")
      }
    }
  }

  @Test func thoseThatEndWithTheTrainingSaySo() {
    for (name, schedule) in Self.curves {
      let reachesToTheEnd = [
        "polynomial", "polynomial to a fifth", "cosine to a tenth", "oneCycle", "function", "sequence",
      ]
      #expect(schedule.dependsOnTotal == reachesToTheEnd.contains(name), "\(name)")
    }
    #expect(LearningRateSchedule.cosine.warmedUp(for: 3).dependsOnTotal)
    #expect(!LearningRateSchedule.constant.warmedUp(for: 3).dependsOnTotal)
  }

  /// Momenta from 0.8 to 0.95 against PyTorch's.
  @Test func momentaFollowPyTorch() throws {
    struct Content: Decodable {
      struct Momenta: Decodable {
        var name: String
        var momenta: [Double]
      }
      var momenta: [Momenta]
    }
    let range = 0.8...0.95
    let schedules: [String: LearningRateSchedule] = [
      "oneCycle": .oneCycle(rise: 0.4, momentum: range),
      "cyclic": .cyclic(from: 0.1, rise: 6, fall: 4, momentum: range),
      "cyclic, halved": .cyclic(from: 0.1, rise: 5, halves: true, momentum: range),
    ]
    let recorded = try fixture("schedules", as: Content.self).momenta
    #expect(recorded.count == schedules.count)
    for curve in recorded {
      let schedule = try #require(schedules[curve.name])
      for (step, momentum) in curve.momenta.enumerated() {
        let found = try #require(schedule.momentum(after: step, of: 40))
        #expect(abs(found - momentum) < 1e-9, "\(curve.name), step \(step)")
      }
    }
  }

  @Test func momentaOfCombinedSchedules() {
    let cycle = LearningRateSchedule.cyclic(from: 0, rise: 2, momentum: 0.5...0.75)
    func momenta(_ schedule: LearningRateSchedule) -> [Double?] {
      (0..<6).map { schedule.momentum(after: $0, of: 6) }
    }
    let alone = [0.75, 0.625, 0.5, 0.625, 0.75, 0.625]
    #expect(momenta(cycle) == alone)
    #expect(momenta(.constant) == Array(repeating: nil, count: 6))
    #expect(momenta(.constant * cycle) == alone && momenta(cycle.bounded(below: 0.1)) == alone)
    #expect(momenta(cycle.warmedUp(for: 2)) == [0.75, 0.75, 0.75, 0.625, 0.5, 0.625])
    #expect(momenta(cycle.followed(by: .constant, after: 2)) == [0.75, 0.625, 0.5, 0.5, 0.5, 0.5])
    #expect(momenta(cycle.followed(by: cycle, after: 1)) == [0.75, 0.75, 0.625, 0.5, 0.625, 0.75])
  }

  private static let wrong: [LearningRateSchedule] = [
    .step(every: 0), .step(every: 2, by: -1), .multiStep(at: [1], by: 2), .multiStep(atShares: [0.5], by: .nan),
    .exponential(decay: 1.5), .polynomial(power: 0), .polynomial(power: 1, to: 2), .linear(from: -1), .linear(over: 0),
    .cosine(to: .nan), .cosineWithRestarts(period: 0), .cosineWithRestarts(period: 2, growth: 0), .oneCycle(rise: 2),
    .oneCycle(riseSteps: -1), .cyclic(from: 2, rise: 1), .cyclic(from: 0, rise: 1, fall: 0),
    .inverseSquareRoot(warmupSteps: 0),
    .constant.warmedUp(for: -1), .constant.bounded(below: 2), LearningRateSchedule.constant * .cosine(to: 7),
    .cosine(to: 3).warmedUp(for: 1), .oneCycle(momentum: 0.5...1), .cyclic(from: 0, rise: 1, momentum: -0.5...0.5),
  ]

  @Test(arguments: wrong.indices) func wrongNumbersSaySo(index: Int) throws {
    let schedule = Self.wrong[index]
    #expect(isSentence(try #require(schedule.failure, "\(index)").message))
    #expect(schedule.factor(after: 3, of: 10) == 1)
  }

  /// A step that no training reaches: the product stays where it cannot change.
  @Test func productsOfEveryStepEnd() {
    #expect(LearningRateSchedule.multiplicative { _ in 0.5 }.factor(after: .max, of: .max) == 0)
    #expect(LearningRateSchedule.multiplicative { _ in .nan }.factor(after: .max, of: .max).isNaN)
  }
}
