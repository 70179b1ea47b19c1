import Synchronization
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Schedules that fall. `steps` is their length, all steps of the training by default; the rate then stays.

extension LearningRateSchedule {
  /// The same rate in all steps.
  public static let constant = LearningRateSchedule { _, _ in 1 }

  /// Multiplied with `factor` after each `interval` steps.
  public static func step(every interval: Int, by factor: Double = 0.1) -> LearningRateSchedule {
    LearningRateSchedule(failure: positive(interval, "the interval") ?? share(factor, "the factor")) { step, _ in
      pow(factor, (step / Double(interval)).rounded(.down))
    }
  }

  /// Multiplied with `factor` after each of these numbers of steps.
  public static func multiStep(at milestones: [Int], by factor: Double = 0.1) -> LearningRateSchedule {
    LearningRateSchedule(failure: share(factor, "the factor")) { step, _ in
      pow(factor, Double(milestones.filter { Double($0) <= step }.count))
    }
  }

  /// Multiplied with `factor` after each of these shares of all steps.
  ///
  /// Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2, with 0.5 and 0.75 (32,000
  /// and 48,000 of 64,000 steps).
  public static func multiStep(atShares milestones: [Double], by factor: Double = 0.1) -> LearningRateSchedule {
    LearningRateSchedule(dependsOnTotal: true, failure: share(factor, "the factor")) { step, total in
      pow(factor, Double(milestones.filter { total > 0 && $0 <= step / total }.count))
    }
  }

  /// Multiplied with `decay` after each step.
  public static func exponential(decay: Double) -> LearningRateSchedule {
    LearningRateSchedule(failure: share(decay, "the decay")) { step, _ in pow(decay, step) }
  }

  /// Multiplied after each step with what `factor` says of the number of steps that are done, 1 after the first: the product
  /// of these numbers so far. Steps in order cost one call each.
  public static func multiplicative(by factor: @escaping @Sendable (_ step: Int) -> Double) -> LearningRateSchedule {
    let products = RunningProduct(factor)
    return LearningRateSchedule { step, _ in products.value(after: step) }
  }

  /// In a straight line to zero, over all steps.
  public static var linear: LearningRateSchedule { linear(to: 0) }

  /// In a straight line from a share of the rate to another one.
  public static func linear(from start: Double = 1, to end: Double = 0, over steps: Int? = nil) -> LearningRateSchedule
  {
    falling(from: start, to: end, over: steps) { 1 - $0 }
  }

  /// As (1 − t)^power for the share t of the steps that are done, from the rate to the share `end` of it.
  public static func polynomial(power: Double, to end: Double = 0, over steps: Int? = nil) -> LearningRateSchedule {
    let isWrong = !(power > 0 && power.isFinite)
    return falling(to: end, over: steps, flaw(isWrong, "the power must be above 0, not \(power)")) {
      pow(1 - $0, power)
    }
  }

  /// Along half a cosine to zero, over all steps.
  public static var cosine: LearningRateSchedule { cosine(to: 0) }

  /// Along half a cosine: slowly, then fast, then slowly, from the rate to the share `end` of it.
  ///
  /// Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, equation 5, without
  /// restarts.
  public static func cosine(to end: Double = 0, over steps: Int? = nil) -> LearningRateSchedule {
    falling(to: end, over: steps) { halfCosine($0) }
  }

  /// Rises in a straight line for `warmupSteps`, to the rate, then falls as 1 / √step.
  ///
  /// Source: Vaswani et al., "Attention Is All You Need", NIPS 2017, equation 3, whose factor is 1 / √(width · warmupSteps).
  public static func inverseSquareRoot(warmupSteps: Int = 1) -> LearningRateSchedule {
    LearningRateSchedule(failure: positive(warmupSteps, "the steps of warm-up")) { step, _ in
      let (number, peak) = (step + 1, Double(warmupSteps))
      return min(number / peak, (peak / number).squareRoot())
    }
  }

  /// From `start` to `end` as `shape` falls from 1 to 0.
  private static func falling(
    from start: Double = 1, to end: Double, over steps: Int?, _ failure: TensorError? = nil,
    _ shape: @escaping @Sendable (_ share: Double) -> Double
  ) -> LearningRateSchedule {
    let failure =
      failure ?? share(start, "the first factor") ?? share(end, "the last factor") ?? positive(steps, "the length")
    return LearningRateSchedule(dependsOnTotal: steps == nil, failure: failure) { step, total in
      let length = steps.map { Double($0) } ?? total
      guard length > 0 else { return start }
      return end + (start - end) * shape(min(step / length, 1))
    }
  }
}

/// From 1 to 0 along half a cosine.
@Sendable func halfCosine(_ share: Double) -> Double { (1 + cos(Double.pi * share)) / 2 }

/// The product of a function's values at 1, 2 and so on; that up to the last number asked for is kept.
private final class RunningProduct: Sendable {
  private let factor: @Sendable (Int) -> Double
  private let known = Mutex((step: 0, product: 1.0))

  /// Later steps have this one's product: each takes a call, so that one of Int.max would never end.
  private static let greatestStep = 0x1p27

  init(_ factor: @escaping @Sendable (Int) -> Double) { self.factor = factor }

  func value(after step: Double) -> Double {
    known.withLock { known in
      let last = min(step, Self.greatestStep)
      if Double(known.step) > last { known = (0, 1) }
      // A product of 0 or NaN stays.
      while Double(known.step) + 1 <= last, known.product != 0, !known.product.isNaN {
        known = (known.step + 1, known.product * factor(known.step + 1))
      }
      return known.product
    }
  }
}
