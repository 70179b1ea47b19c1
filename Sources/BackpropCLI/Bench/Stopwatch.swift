import Backprop

/// A workload that is ready to be measured, any number of times.
struct Stopwatch {
  private let workload: any Workload
  private let job: Job
  private let bytesBefore: Int
  private let setup: Double
  private let first: Double

  /// Prepares a workload, times that and its first step, and runs the next few.
  init(_ workload: some Workload) throws {
    self.workload = workload
    Memory.resetPeak()
    bytesBefore = Memory.residentBytes
    let clock = ContinuousClock()
    let start = clock.now
    job = try workload.prepare()
    setup = start.duration(to: clock.now).milliseconds
    first = try Self.milliseconds(job.first ?? job.call)
    for _ in 0..<(job.steps == 1 ? 3 : 1) { try job.call() }
  }

  /// Repeats the workload for about `seconds`, and at least a few times.
  func measure(seconds: Double) throws -> Measurement { try measure(seconds: seconds, atLeast: job.steps == 1 ? 5 : 1) }

  /// The same after other processes used the machine: caches are cold and threads sleep, so an eighth of the time, and
  /// at least one step, is a warm-up. A text has enough steps of its own.
  func measureAfterWaiting(seconds: Double) throws -> Measurement {
    if job.steps == 1 {
      let clock = ContinuousClock()
      let start = clock.now
      repeat { try job.call() } while start.duration(to: clock.now).milliseconds < seconds / 8 * 1000
    }
    return try measure(seconds: seconds, atLeast: job.steps == 1 ? 2 : 1)
  }

  private func measure(seconds: Double, atLeast least: Int) throws -> Measurement {
    var times: [Double] = []
    let clock = ContinuousClock()
    let processes = try Distributed.world()
    // Several processes take as many steps, by the time that process 0 needs for one.
    let count = processes.size > 1 ? try agreed(on: seconds, processes) : nil
    _ = Distributed.takeTimes()
    let start = clock.now
    while count.map({ times.count < $0 })
      ?? (times.count < least || start.duration(to: clock.now).milliseconds < seconds * 1000)
    {
      times.append(try Self.milliseconds(job.call) / Double(job.steps))
    }
    let sums = Distributed.takeTimes()
    times.sort()
    // The mean of the middle two where there are two, as the peers compute it.
    let median = (times[times.count / 2] + times[(times.count - 1) / 2]) / 2
    return Measurement(
      workload: workload.name, millisecondsPerStep: median, minimum: times[0], firstStepMilliseconds: first,
      setupMilliseconds: setup, parameters: job.parameters, flopsPerStep: workload.flopsPerStep,
      gflopsPerSecond: Double(workload.flopsPerStep) / (median * 1e6), bytesPerStep: workload.bytesPerStep,
      gigabytesPerSecond: workload.bytesPerStep.map { Double($0) / (median * 1e6) },
      tokensPerSecond: job.makesTokens ? 1000 / median : nil, peakBytes: Memory.peakBytes, bytesBefore: bytesBefore,
      threads: Threads.count, processes: processes.size > 1 ? processes.size : nil,
      communicationMilliseconds: count.map { sums.whole * 1000 / Double($0) },
      waitingMilliseconds: count.map { sums.waited * 1000 / Double($0) })
  }

  /// How many steps take about `seconds`, at least 3.
  private func agreed(on seconds: Double, _ processes: Distributed) throws -> Int {
    let count = Int(seconds * 1000 / max(try Self.milliseconds { try job.call() }, 0.001))
    return max(3, Int(try processes.broadcast([Double(count)])[0]))
  }

  private static func milliseconds(_ work: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try work()
    return start.duration(to: clock.now).milliseconds
  }
}
