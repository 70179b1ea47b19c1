import Tensors

/// Rprop: each parameter has its own step, which grows while its gradient keeps its sign. For whole data sets, not for
/// random batches, whose gradients differ in sign.
///
/// Where g · g' > 0, with the gradient g' before: Δ ← min(1.2 · Δ, 50); where g · g' < 0: Δ ← max(0.5 · Δ, 10⁻⁶), and g ← 0.
/// Then θ ← θ − sign(g) · Δ. The first Δ is the learning rate; what it is later changes nothing.
///
/// All variants are the same, PyTorch's `Rprop`. Stores two values a parameter. The default learning rate is 0.01.
///
/// Source: Riedmiller & Braun, "A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm", ICNN
/// 1993, without its step back: Igel & Hüsken, "Improving the Rprop Learning Algorithm", 2000, iRprop−.
public final class Rprop: RuleOptimizer {
  private let shrinking: Double
  private let growth: Double
  private let stepSizes: ClosedRange<Double>
  private let firstStep: Float

  /// Rprop for the parameters of `model`. `shrinking` and `growth` are what a step is multiplied with, `stepSizes` the
  /// least and the greatest one; `clipNorm` the greatest norm of all gradients together, `nil` for no limit.
  public init(
    for model: any Layer, learningRate: Float = 0.01, shrinking: Double = 0.5, growth: Double = 1.2,
    stepSizes: ClosedRange<Double> = 1e-6...50, clipNorm: Float? = nil
  ) {
    (self.shrinking, self.growth, self.stepSizes, firstStep) = (shrinking, growth, stepSizes, learningRate)
    super.init(for: model, learningRate: learningRate, clipNorm: clipNorm, state: [])
    require(
      0 < shrinking && shrinking < 1 && 1 < growth && growth.isFinite,
      "steps must shrink by a factor between 0 and 1 and grow by one above 1, not \(shrinking) and \(growth)")
  }

  public override func state(of parameter: Parameter) -> [OptimizerState] {
    ["gradient", OptimizerState("stepSize", startingAt: Double(firstStep))]
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let agreement = (update.gradient.sign() * update.state[0].sign())
    let zero = Tensor.zeros([]).cast(to: agreement.dtype)
    let (grows, shrinks) = (zero.less(than: agreement), agreement.less(than: zero))
    let (size, gradient) = (update.state[1], update.gradient)
    let changed = Tensor.where(
      grows, size * .constant(growth), .where(shrinks, size * .constant(shrinking), size))
    let bounded = minimum(maximum(changed, .constant(stepSizes.lowerBound)), .constant(stepSizes.upperBound))
    let kept = Tensor.where(shrinks, zero, gradient)
    return (update.parameter - kept.sign() * bounded, [kept, bounded])
  }
}
