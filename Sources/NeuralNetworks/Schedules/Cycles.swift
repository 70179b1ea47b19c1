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
  /// Source: Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017; `triangular`, `triangular2` where
  /// `halves`, and `exp_range` with a decay.
  public static func cyclic(
    from least: Double, rise: Int, fall: Int? = nil, halves: Bool = false, decay: Double = 1
  ) -> LearningRateSchedule {
    let failure =
      share(least, "the least factor") ?? positive(rise, "the rise") ?? positive(fall, "the fall")
      ?? share(decay, "the decay")
    return LearningRateSchedule(failure: failure) { step, _ in
      let (up, down) = (Double(rise), Double(fall ?? rise))
      let cycle = (step / (up + down)).rounded(.down)
      let position = step.truncatingRemainder(dividingBy: up + down)
      let height = position <= up ? position / up : (up + down - position) / down
      return least + (1 - least) * height * pow(decay, step) * (halves ? pow(0.5, cycle) : 1)
    }
  }

  /// From a share of the rate up to it in the first steps, then down to nearly nothing, both along half a cosine. The
  /// momentum stays as it is. `rise` is the share of the steps in which it rises.
  ///
  /// Source: Smith, "A disciplined approach to neural network hyper-parameters: Part 1", arXiv:1803.09820 (2018), with the
  /// curves and numbers of PyTorch's `OneCycleLR`.
  public static func oneCycle(rise: Double = 0.3, from start: Double = 0.04, to end: Double = 4e-6)
    -> LearningRateSchedule
  {
    cycle(from: start, to: end, share(rise, "the share of the rise")) { rise * $0 }
  }

  /// The same with a rise of so many steps.
  public static func oneCycle(riseSteps: Int, from start: Double = 0.04, to end: Double = 4e-6) -> LearningRateSchedule
  {
    cycle(from: start, to: end, positive(riseSteps, "the rise")) { min(Double(riseSteps), $0 - 1) }
  }

  private static func cycle(
    from start: Double, to end: Double, _ failure: TensorError?, rise: @escaping @Sendable (_ total: Double) -> Double
  ) -> LearningRateSchedule {
    let failure = failure ?? share(start, "the first factor") ?? share(end, "the last factor")
    return LearningRateSchedule(dependsOnTotal: true, failure: failure) { step, total in
      // The rate is highest in the step before `rise`, and lowest in the last one.
      let rise = rise(total)
      func between(_ from: Double, _ to: Double, _ share: Double) -> Double { to + (from - to) * halfCosine(share) }
      if step <= rise - 1 { return rise > 1 ? between(start, 1, step / (rise - 1)) : 1 }
      let fall = total - rise
      return fall > 0 ? between(1, end, min((step - rise + 1) / fall, 1)) : 1
    }
  }
}
