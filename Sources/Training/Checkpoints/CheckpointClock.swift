/// Decides when a checkpoint is due: often enough that little is lost, rarely enough that it costs little.
struct CheckpointClock {
  private let steps: Int?
  private let interval: Double
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant
  /// The step of the last one.
  private(set) var savedStep: Int
  /// Seconds that the last one took.
  private var cost = 0.01

  /// Due after every `steps` steps and every `interval` seconds.
  init(steps: Int?, interval: Double, from step: Int) {
    self.steps = steps
    self.interval = interval
    last = clock.now
    savedStep = step
  }

  /// At the end of an epoch one is due as well, unless saving then takes more than a fiftieth of the time.
  func isDue(after step: Int, isEpochEnd: Bool) -> Bool {
    guard step != savedStep else { return false }
    if let steps, step % steps == 0 { return true }
    let elapsed = last.duration(to: clock.now).seconds
    return elapsed >= interval || (isEpochEnd && elapsed >= 50 * cost)
  }

  mutating func save(_ step: Int, _ body: () throws -> Void) rethrows {
    let start = clock.now
    try body()
    last = clock.now
    cost = start.duration(to: last).seconds
    savedStep = step
  }
}
