import Models
import NeuralNetworks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds a learning rate by training with rates that rise from step to step, until the loss does.
///
/// The rate is the one at which the smoothed loss falls fastest. Afterwards model, optimizer and task are as they were
/// before.
///
/// Source: Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3.
public struct LearningRateRangeTest: Sendable {
  /// A step of the search.
  public struct Point: Hashable, Sendable {
    /// The learning rate of its update.
    public var rate: Double
    /// The loss before its update, smoothed over the steps before.
    public var loss: Double
  }

  /// What was found.
  public struct Result: Hashable, Sendable {
    /// The steps, by rising rates.
    public var points: [Point]
    /// The rate to train with.
    public var rate: Double
  }

  /// The first rate.
  public var lowest: Double
  /// The last rate, where the loss has not risen before.
  public var highest: Double
  /// The steps between the two, evenly on a logarithmic scale.
  public var steps: Int

  /// A search from `lowest` to `highest` in `steps` steps.
  public init(lowest: Double = 1e-6, highest: Double = 10, steps: Int = 100) {
    self.lowest = lowest
    self.highest = highest
    self.steps = steps
  }

  /// Searches with the first steps of `task`. Costs those steps and a copy of the model and the optimizer's state.
  ///
  /// Throws a `TrainingError` for numbers that make no sense and where no rate lowers the loss, and what a step throws.
  public func run(_ task: some TrainingTask, with optimizer: any Optimizer) throws -> Result {
    guard lowest > 0, lowest < highest, highest.isFinite, Float(lowest) > 0, (10...100_000).contains(steps) else {
      throw TrainingError(
        "a search needs rates above 0, the first below the last, and 10 to 100,000 steps, not \(lowest), \(highest) and "
          + "\(steps)")
    }
    // Several processes have the same losses and come to the same rate, where they begin alike.
    try task.processes.broadcast(namedVariables(of: task.model).map(\.variable) + optimizer.stateVariables)
    let before = try Checkpoint(of: task, with: optimizer)
    let firstRate = optimizer.learningRate
    defer { optimizer.learningRate = firstRate }
    let points = try points(task, optimizer)
    try before.restore(to: task, with: optimizer)
    guard let rate = Self.steepest(points) else {
      throw TrainingError(
        "no learning rate from \(lowest) to \(highest) lowers the loss in \(steps) steps; check the data, or give a rate"
      )
    }
    return Result(points: points, rate: rate)
  }

  /// How much of the smoothed loss is that of the steps before.
  private static let smoothing = 0.9

  private func points(_ task: some TrainingTask, _ optimizer: any Optimizer) throws -> [Point] {
    let stepper = Stepper(task, optimizer)
    var points: [Point] = []
    var (mean, weight, least) = (0.0, 0.0, Double.infinity)
    for step in 0..<steps {
      let rate = lowest * pow(highest / lowest, Double(step) / Double(steps - 1))
      optimizer.learningRate = Float(rate)
      let loss = try stepper.step(step, measuring: []).loss
      guard loss.isFinite else { break }
      mean = Self.smoothing * mean + (1 - Self.smoothing) * loss
      weight = Self.smoothing * weight + 1 - Self.smoothing
      let smoothed = mean / weight
      points.append(Point(rate: rate, loss: smoothed))
      least = min(least, smoothed)
      // Losses may be negative or 0; then it ends with the last rate.
      if step >= 10, least > 0, smoothed > 4 * least { break }
    }
    return points
  }

  /// The rate where the loss falls fastest on the way from its first value half down to its minimum; `nil` where it does
  /// not fall.
  static func steepest(_ points: [Point]) -> Double? {
    guard let end = points.indices.min(by: { points[$0].loss < points[$1].loss }), end > 1 else { return nil }
    // Rates rise by the same factor each step. Over some steps, as the loss of a batch has noise.
    let window = max(points.count / 20, 1)
    // The first means are of few steps, and fall and rise with them.
    let start = max(min(10, points.count / 5), 1)
    guard start < end else { return nil }
    // On the way down to half of the whole fall: where the loss falls by less and comes back, that is noise.
    let (first, whole) = (points[start].loss, points[start].loss - points[end].loss)
    let half = (start..<end).first { points[$0].loss <= first - whole / 2 } ?? end - 1
    let begin = (start..<half).last { points[$0].loss >= first - whole / 10 } ?? start
    let falls = (begin...half).map { index in
      let (first, last) = (max(index - window, 0), min(index + window, points.count - 1))
      return (index, (points[first].loss - points[last].loss) / Double(last - first))
    }
    guard let best = falls.max(by: { $0.1 < $1.1 }), best.1 > 0 else { return nil }
    return points[best.0].rate
  }
}
