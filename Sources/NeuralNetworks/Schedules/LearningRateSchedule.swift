import Tensors

/// How the learning rate changes during training: what it is multiplied with, a pure function of the step.
///
/// ```swift
/// let schedules: [LearningRateSchedule] = [
///   .cosine,
///   .linear(to: 0.1).warmedUp(for: 100),
///   .constant.followed(by: .exponential(decay: 0.999), after: 5_000),
///   .function { step, total in step < total / 2 ? 1 : 0.3 },
/// ]
/// ```
///
/// Schedules are values that compose: ``warmedUp(for:)``, ``followed(by:after:)``, ``bounded(below:)`` and products (`*`).
/// Those that are not given their length reach from the first step to the last one. The rate is an input of a step's plan,
/// so changing it costs nothing.
public struct LearningRateSchedule: Sendable {
  /// The factor once `step` of `total` steps are done.
  typealias Curve = @Sendable (_ step: Double, _ total: Double) -> Double

  /// Whether the curve reaches to the last step; a finished training cannot be extended then with the same result as if it
  /// had been longer from the start.
  public let dependsOnTotal: Bool
  /// What is wrong with the numbers of the schedule. A trainer throws it; the factor is 1.
  public let failure: TensorError?
  let curve: Curve
  /// The momentum, where the schedule changes that, too.
  let momentum: Curve?

  init(
    dependsOnTotal: Bool = false, failure: TensorError? = nil, momentum: Curve? = nil, _ curve: @escaping Curve
  ) {
    (self.dependsOnTotal, self.failure, self.momentum, self.curve) = (dependsOnTotal, failure, momentum, curve)
  }

  /// What the learning rate is multiplied with once `steps` of `total` steps are done, so 0 is the first one. Negative
  /// numbers count as 0.
  public func factor(after steps: Int, of total: Int) -> Double {
    failure == nil ? curve(max(Double(steps), 0), max(Double(total), 0)) : 1
  }

  /// The momentum once `steps` of `total` steps are done; `nil` where the schedule leaves it alone. Of schedules that are
  /// combined, the first with a momentum counts, and one that follows another takes its place.
  public func momentum(after steps: Int, of total: Int) -> Double? {
    failure == nil ? momentum?(max(Double(steps), 0), max(Double(total), 0)) : nil
  }

  /// A function of the steps that are done, 0 in the first step, and of the number of all steps.
  public static func function(_ factor: @escaping @Sendable (_ step: Int, _ total: Int) -> Double)
    -> LearningRateSchedule
  {
    LearningRateSchedule(dependsOnTotal: true) { factor(Int(clamped: $0), Int(clamped: $1)) }
  }

  /// Rises in a straight line in the first steps, to the first rate of this schedule, which takes the rest.
  ///
  /// Source: Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", arXiv:1706.02677 (2017), section
  /// 2.2.
  public func warmedUp(for steps: Int) -> LearningRateSchedule {
    let rise = LearningRateSchedule { step, _ in (step + 1) / Double(steps) }
    return rise.followed(by: self, after: steps)
  }

  /// This schedule for `steps` steps, then another one, whose first step is the one after them.
  public func followed(by next: LearningRateSchedule, after steps: Int) -> LearningRateSchedule {
    let first = self
    let end = Double(steps)
    func joined(_ first: @escaping Curve, _ next: @escaping Curve) -> Curve {
      { step, total in step < end ? first(step, min(end, total)) : next(step - end, max(total - end, 0)) }
    }
    // A schedule without a momentum leaves it at what the other one has there.
    let momenta = (first.momentum, next.momentum)
    let momentum: Curve? =
      switch momenta {
      case (nil, nil): nil
      case (let before?, let after?): joined(before, after)
      case (let before?, nil): joined(before) { _, _ in before(end, end) }
      case (nil, let after?): joined({ _, total in after(0, max(total - end, 0)) }, after)
      }
    return combined(
      with: next, failure: flaw(steps < 0, "a schedule must have at least 0 steps, not \(steps)"), momentum: momentum,
      joined(first.curve, next.curve))
  }

  /// At least this share of the rate.
  public func bounded(below least: Double) -> LearningRateSchedule {
    let failure = failure ?? share(least, "the least factor")
    return LearningRateSchedule(dependsOnTotal: dependsOnTotal, failure: failure, momentum: momentum) {
      max(curve($0, $1), least)
    }
  }

  /// Both factors, multiplied.
  public static func * (a: LearningRateSchedule, b: LearningRateSchedule) -> LearningRateSchedule {
    a.combined(with: b, momentum: a.momentum ?? b.momentum) { a.curve($0, $1) * b.curve($0, $1) }
  }

  private func combined(
    with other: LearningRateSchedule, failure: TensorError? = nil, momentum: Curve?, _ curve: @escaping Curve
  ) -> LearningRateSchedule {
    LearningRateSchedule(
      dependsOnTotal: dependsOnTotal || other.dependsOnTotal, failure: self.failure ?? other.failure ?? failure,
      momentum: momentum, curve)
  }
}

/// The error of a schedule where something is wrong.
func flaw(_ isWrong: Bool, _ sentence: @autoclosure () -> String) -> TensorError? {
  isWrong ? TensorError("learning-rate schedule: \(sentence())") : nil
}

/// The error of a factor that is not from 0 to 1.
func share(_ value: Double, _ name: String) -> TensorError? {
  flaw(!(0...1 ~= value), "\(name) must be from 0 to 1, not \(value)")
}

/// The error of a number of steps that is not at least 1.
func positive(_ steps: Int?, _ name: String) -> TensorError? {
  flaw(steps ?? 1 < 1, "\(name) must be at least 1, not \(steps ?? 0)")
}

extension Int {
  fileprivate init(clamped value: Double) { self = Int(exactly: value.rounded()) ?? (value > 0 ? .max : 0) }
}
