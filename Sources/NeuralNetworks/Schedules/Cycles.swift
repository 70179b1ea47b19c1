import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Schedules that rise again.

extension LearningRateSchedule {
  /// Along half a cosine to the share `end` of the rate, again and again: the first time in `period` steps, then each time in
  /// `growth` times as many as before.
  ///
  /// Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, equation 5.
  public static func cosineWithRestarts(period: Int, growth: Int = 1, to end: Double = 0) -> LearningRateSchedule {
    let failure =
      positive(period, "the period") ?? positive(growth, "the growth") ?? share(end, "the last factor")
    return LearningRateSchedule(failure: failure) { step, _ in
      var (start, length) = (0.0, Double(period))
      if growth == 1 { start = step - step.truncatingRemainder(dividingBy: length) }
      while step >= start + length { (start, length) = (start + length, length * Double(growth)) }
      return end + (1 - end) * halfCosine((step - start) / length)
    }
  }

  /// From a share of the rate up to it in `rise` steps and down again in `fall`, which are as many by default, in straight
  /// lines, again and again. The height of a cycle is half of the one before where `halves`, and that of a step is multiplied
  /// with `decay` after each.
  ///
  /// With a range of `momentum`, the momentum, Adam's β₁, falls where the rate rises: it is the greatest where the rate is
  /// the least.
  ///
  /// Source: Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017; `triangular`, `triangular2` where
  /// `halves`, and `exp_range` with a decay.
  public static func cyclic(
    from least: Double, rise: Int, fall: Int? = nil, halves: Bool = false, decay: Double = 1,
    momentum: ClosedRange<Double>? = nil
  ) -> LearningRateSchedule {
    let failure =
      share(least, "the least factor") ?? positive(rise, "the rise") ?? positive(fall, "the fall")
      ?? share(decay, "the decay") ?? momentum.flatMap(flaw(ofMomentum:))
    @Sendable func height(_ step: Double) -> Double {
      let (up, down) = (Double(rise), Double(fall ?? rise))
      let cycle = (step / (up + down)).rounded(.down)
      let position = step.truncatingRemainder(dividingBy: up + down)
      let share = position <= up ? position / up : (up + down - position) / down
      return share * pow(decay, step) * (halves ? pow(0.5, cycle) : 1)
    }
    return LearningRateSchedule(
      failure: failure, momentum: falling(momentum) { step, _ in height(step) }
    ) { step, _ in least + (1 - least) * height(step) }
  }

  /// From a share of the rate up to it in the first steps, then down to nearly nothing, both along half a cosine. `rise` is
  /// the share of the steps in which it rises. With a range of `momentum`, such as 0.85 to 0.95, the momentum (Adam's β₁)
  /// falls while the rate rises, and rises with its fall; else it stays.
  ///
  /// Source: Smith, "A disciplined approach to neural network hyper-parameters: Part 1", arXiv:1803.09820 (2018), with the
  /// curves and numbers of PyTorch's `OneCycleLR`.
  public static func oneCycle(
    rise: Double = 0.3, from start: Double = 0.04, to end: Double = 4e-6, momentum: ClosedRange<Double>? = nil
  ) -> LearningRateSchedule {
    cycle(from: start, to: end, momentum, share(rise, "the share of the rise")) { rise * $0 }
  }

  /// The same with a rise of so many steps.
  public static func oneCycle(
    riseSteps: Int, from start: Double = 0.04, to end: Double = 4e-6, momentum: ClosedRange<Double>? = nil
  ) -> LearningRateSchedule {
    cycle(from: start, to: end, momentum, positive(riseSteps, "the rise")) { min(Double(riseSteps), $0 - 1) }
  }

  private static func cycle(
    from start: Double, to end: Double, _ momentum: ClosedRange<Double>?, _ failure: TensorError?,
    rise: @escaping @Sendable (_ total: Double) -> Double
  ) -> LearningRateSchedule {
    let failure =
      failure ?? share(start, "the first factor") ?? share(end, "the last factor")
      ?? momentum.flatMap(flaw(ofMomentum:))
    /// From one height to 1 and then to another.
    @Sendable func height(_ start: Double, _ end: Double, _ step: Double, _ total: Double) -> Double {
      // The rate is highest in the step before `rise`, and lowest in the last one.
      let rise = rise(total)
      func between(_ from: Double, _ to: Double, _ share: Double) -> Double { to + (from - to) * halfCosine(share) }
      if step <= rise - 1 { return rise > 1 ? between(start, 1, step / (rise - 1)) : 1 }
      let fall = total - rise
      return fall > 0 ? between(1, end, min((step - rise + 1) / fall, 1)) : 1
    }
    return LearningRateSchedule(
      dependsOnTotal: true, failure: failure,
      momentum: falling(momentum) { height(0, 0, $0, $1) }
    ) { height(start, end, $0, $1) }
  }
}

/// The error of a range of momenta that is not within 0 to below 1.
private func flaw(ofMomentum range: ClosedRange<Double>) -> TensorError? {
  flaw(!(range.lowerBound >= 0 && range.upperBound < 1), "the momentum must be at least 0 and below 1, not \(range)")
}

/// Momenta from the upper bound, where the height is 0, to the lower one.
private func falling(
  _ range: ClosedRange<Double>?, along height: @escaping LearningRateSchedule.Curve
) -> LearningRateSchedule.Curve? {
  guard let range else { return nil }
  return { range.upperBound - (range.upperBound - range.lowerBound) * height($0, $1) }
}
