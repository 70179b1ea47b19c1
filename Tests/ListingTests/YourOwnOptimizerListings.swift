// Made by tools/make_listings.py from Sources/Backprop/Backprop.docc/YourOwnOptimizer.md, where changes belong.
import Backprop
import Testing

private final class Lion: RuleOptimizer {
  private let beta1: Float
  private let beta2: Float

  init(
    for model: any Layer, learningRate: Float = 1e-4, beta1: Float = 0.9, beta2: Float = 0.99, weightDecay: Float = 0
  ) {
    (self.beta1, self.beta2) = (beta1, beta2)
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, state: ["mean"], decouplesWeightDecay: true)
    require(0..<1 ~= beta1 && 0..<1 ~= beta2, "the betas must be at least 0 and below 1, not \(beta1) and \(beta2)")
  }

  override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let (theta, mean, gradient) = (update.parameter, update.state[0], update.gradient)
    let direction = (mean * beta1 + gradient * (1 - beta1)).sign()
    let moved = theta - update.learningRate * (direction + theta * update.weightDecay)
    return (moved, [mean * beta2 + gradient * (1 - beta2)])
  }
}

private final class CorrectedMomentum: RuleOptimizer {
  init(for model: any Layer, learningRate: Float = 0.01) {
    super.init(for: model, learningRate: learningRate, state: ["mean"])
  }

  override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    super.appendScalars(ofStep: t, to: &scalars)
    var power = 1.0
    for _ in 0..<min(t, 1000) { power *= 0.9 }
    scalars.append(1 / (1 - power))
  }

  override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let mean = update.state[0] * 0.9 + update.gradient * 0.1
    return (update.parameter - update.learningRate * update.scalars[1] * mean, [mean])
  }
}

private struct Square: Layer {
  let w = Parameter([1], shape: [1])
  func callAsFunction(_ x: Tensor) -> Tensor { (w.tensor * x).square().sum() }
}

@Suite struct YourOwnOptimizerListings {
  @Test func listing() throws {
    let model = Random.$current.withValue(Random(seed: 0)) { Dense(3, 1) }
    let (x, y) = (Tensor([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1], shape: [4, 3]), Tensor([1, 2, 3, 6], shape: [4, 1]))
    let optimizer = Lion(for: model, learningRate: 0.01)
    for _ in 0..<1000 {
      try optimizer.update(along: valueAndGradient(of: model) { meanSquaredError($0(x), y) }.gradients)
    }
    print(try meanSquaredError(model(x), y).scalar() < 1e-3)
    expectPrinted("true")

    let square = Square()
    let momentum = CorrectedMomentum(for: square, learningRate: 0.25)
    let step = CompiledStep(with: momentum) { inputs in valueAndGradient(of: square) { $0(inputs[0]) }.gradients }
    try step([Tensor([1], shape: [1])])
    print(square.w.tensor)
    expectPrinted("Tensor [1] float32 [0.5]")
    try step([Tensor([1], shape: [1])])
    print(try square.w.tensor.values()[0])
    expectPrinted("0.1315…")
  }
}
