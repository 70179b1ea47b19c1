#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the learning rate changes during training: a pure function of the step.
///
/// The rate is an input of a step's plan, so changing it costs nothing.
public struct LearningRateSchedule: Hashable, Sendable, Codable {
  /// The curve, without the warm-up.
  public enum Shape: String, Hashable, Sendable, Codable, CaseIterable {
    /// The same rate in all steps.
    case constant
    /// A tenth of the rate from half of the steps on, a hundredth from three quarters on.
    ///
    /// Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2 (after 32,000 and
    /// 48,000 of 64,000 steps).
    case step
    /// Along half a cosine: slowly, then fast, then slowly.
    ///
    /// Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, equation 5,
    /// without restarts.
    case cosine
    /// From a 25th of the rate up to it in the first three tenths of the steps, then down to nearly nothing, both along
    /// half a cosine. The momentum stays as it is.
    ///
    /// Source: Smith, "A disciplined approach to neural network hyper-parameters: Part 1", arXiv:1803.09820 (2018), with
    /// the curves and numbers of PyTorch's `OneCycleLR`.
    case oneCycle = "one-cycle"
    /// In a straight line down to `finalFraction` of the rate.
    case linear
  }

  /// The curve after the warm-up.
  public var shape: Shape
  /// Steps in which the rate rises from 0 in a straight line; the curve takes the rest. With `oneCycle` they are the
  /// rise, instead of three tenths.
  ///
  /// Source: Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", arXiv:1706.02677 (2017),
  /// section 2.2.
  public var warmupSteps: Int
  /// The share of the rate that `cosine` and `linear` fall to, and that `step` does not fall below. From 0 to 1.
  public var finalFraction: Double

  /// A curve with these numbers; without any, the rate is constant.
  public init(_ shape: Shape = .constant, warmupSteps: Int = 0, finalFraction: Double = 0) {
    self.shape = shape
    self.warmupSteps = warmupSteps
    self.finalFraction = finalFraction
  }

  /// The same rate in all steps, without a warm-up.
  public static let constant = LearningRateSchedule(.constant)
  /// Along half a cosine to zero, without a warm-up.
  public static let cosine = LearningRateSchedule(.cosine)
  /// In a straight line to zero, without a warm-up.
  public static let linear = LearningRateSchedule(.linear)

  /// Whether a finished training can be extended with the same result as if it had been longer from the start.
  public var dependsOnTotal: Bool { shape != .constant }

  /// What the learning rate is multiplied with once `steps` of `total` steps are done, so 0 is the first one.
  ///
  /// Negative numbers of steps count as 0, and a final fraction is clamped to 0...1 (NaN counts as 0).
  public func factor(after steps: Int, of total: Int) -> Double {
    let (steps, total, warmup) = (max(Double(steps), 0), max(Double(total), 0), max(Double(warmupSteps), 0))
    if shape == .oneCycle { return oneCycle(steps, total) }
    guard steps >= warmup else { return (steps + 1) / warmup }
    guard total > warmup else { return 1 }
    let share = min((steps - warmup) / (total - warmup), 1)
    let finalFraction = finalFraction > 0 ? min(finalFraction, 1) : 0
    switch shape {
    case .constant, .oneCycle: return 1
    case .step: return max(share < 0.5 ? 1 : share < 0.75 ? 0.1 : 0.01, finalFraction)
    case .cosine: return between(1, finalFraction, share)
    case .linear: return 1 - (1 - finalFraction) * share
    }
  }

  private func oneCycle(_ step: Double, _ total: Double) -> Double {
    let start = 1 / 25.0
    let end = start / 1e4
    // The rate is highest in the step before `rise`, and lowest in the last one.
    let rise = warmupSteps > 0 ? min(Double(warmupSteps), total - 1) : 0.3 * total
    if step <= rise - 1 { return rise > 1 ? between(start, 1, step / (rise - 1)) : 1 }
    let fall = total - rise
    return fall > 0 ? between(1, end, min((step - rise + 1) / fall, 1)) : 1
  }

  /// Along half a cosine from `start` to `end`.
  private func between(_ start: Double, _ end: Double, _ share: Double) -> Double {
    end + (start - end) * (1 + cos(Double.pi * share)) / 2
  }
}
