/// A learning-rate schedule by its name, as the command takes it.
public enum ScheduleName: String, Hashable, Sendable, Codable, CaseIterable {
  /// The same rate in all steps.
  case constant
  /// A tenth of the rate from half of the steps on, a hundredth from three quarters on.
  case step
  /// Along half a cosine to 0.
  case cosine
  /// From a 25th of the rate up to it in three tenths of the steps, then down to nearly nothing.
  case oneCycle = "one-cycle"
  /// In a straight line down to 0.
  case linear

  /// The schedule. The rate rises for `warmupSteps` first, which are the rise of `oneCycle`; it falls to `finalFraction` of
  /// itself with `cosine` and `linear`, and not below with `step`.
  public func schedule(warmupSteps: Int = 0, finalFraction: Double = 0) -> LearningRateSchedule {
    let curve: LearningRateSchedule =
      switch self {
      case .constant: .constant
      case .step: .multiStep(atShares: [0.5, 0.75]).bounded(below: finalFraction)
      case .cosine: .cosine(to: finalFraction)
      case .linear: .linear(to: finalFraction)
      case .oneCycle: warmupSteps == 0 ? .oneCycle() : .oneCycle(riseSteps: warmupSteps)
      }
    return self == .oneCycle || warmupSteps == 0 ? curve : curve.warmedUp(for: warmupSteps)
  }
}
