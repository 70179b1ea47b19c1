import Backprop

/// A line of `bench`.
struct Measurement: Encodable {
  var workload: String
  /// The median.
  var millisecondsPerStep: Double
  var minimum: Double
  /// The first step alone, which compiles the plans.
  var firstStepMilliseconds: Double
  /// Set up before: network, optimizer, data.
  var setupMilliseconds: Double
  var parameters: Int
  var flopsPerStep: Int
  var gflopsPerSecond: Double
  /// The least traffic of a step, where memory bounds it.
  var bytesPerStep: Int?
  var gigabytesPerSecond: Double?
  /// Where a step is a token.
  var tokensPerSecond: Double?
  /// The peak memory of the process.
  var peakBytes: Int
  /// Its memory before the workload.
  var bytesBefore: Int
  var threads: Int
  /// Where there are several, each with a batch of its own: how long a step's sums of gradients take, and how long of that
  /// the step waits for them.
  var processes: Int?
  var communicationMilliseconds: Double?
  var waitingMilliseconds: Double?
}

extension Measurement {
  /// The report as text.
  var text: String {
    let rate = tokensPerSecond.map { ", \($0.fixed(1)) tokens/s" } ?? ""
    let work = flopsPerStep > 0 ? ", \(gflopsPerSecond.fixed(1)) GFLOP/s" : ""
    let traffic = gigabytesPerSecond.map { ", \($0.fixed(1)) GB/s" } ?? ""
    let shared =
      if let processes, let communicationMilliseconds, let waitingMilliseconds {
        ", \(processes) processes, sums in \(communicationMilliseconds.fixed(3)) ms, waited for "
          + "\(waitingMilliseconds.fixed(3)) ms"
      } else { "" }
    return "\(workload): \(millisecondsPerStep.fixed(3)) ms a step (least \(minimum.fixed(3)), "
      + "first \(firstStepMilliseconds.fixed(1)))\(rate)\(work)\(traffic), "
      + "\(parameters.grouped) parameters, \(peakBytes.bytes), \(threads) threads\(shared)"
  }
}
