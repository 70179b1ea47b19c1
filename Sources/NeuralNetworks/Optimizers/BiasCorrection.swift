#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension RuleOptimizer {
  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

  /// 1 / (1 − βᵗ): what a running mean that begins with zero is multiplied with after t steps.
  ///
  /// Source: Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, section 3.
  static func correction(_ beta: Double, ofStep t: Int) -> Double { 1 / (1 - power(beta, Double(t))) }

  func require(beta1: Double, beta2: Double) {
    require(
      0..<1 ~= beta1 && 0..<1 ~= beta2, "beta1 and beta2 must be at least 0 and below 1, not \(beta1) and \(beta2)")
  }
}
