import Backprop

/// An optimizer alone: given gradients, it updates ten matrices of a million parameters in PyTorch's form of its rule.
struct OptimizerWorkload: Workload {
  enum Rule: String, Sendable, CaseIterable {
    case adam, sgd, momentum, adagrad, rmsprop

    /// Values of its state for each parameter.
    var stateCount: Int {
      switch self {
      case .sgd: 0
      case .momentum, .adagrad, .rmsprop: 1
      case .adam: 2
      }
    }
  }

  let rule: Rule

  init(_ rule: Rule) { self.rule = rule }

  /// `optimizer` is Adam's.
  var name: String { rule == .adam ? "optimizer" : "optimizer-\(rule.rawValue)" }
  var flopsPerStep: Int { 0 }
  /// Parameters and state are read and written, gradients read.
  var bytesPerStep: Int? { 4 * Parameters.count * (3 + 2 * rule.stateCount) }

  private struct Parameters: Layer {
    static let shapes: [Shape] = Array(repeating: [1000, 1000], count: 10)
    static var count: Int { shapes.reduce(0) { $0 + $1.elementCount } }

    let all = shapes.map { Parameter(.normal(deviation: 1), shape: $0, fanIn: 1, fanOut: 1) }
    func callAsFunction(_ x: Tensor) -> Tensor { x }
  }

  func prepare() throws -> Job {
    let model = Parameters()
    let optimizer: any Optimizer =
      switch rule {
      case .sgd: GradientDescent(for: model, learningRate: 1e-3)
      case .momentum: Momentum(for: model, learningRate: 1e-3, variant: .pytorch)
      case .adagrad: AdaGrad(for: model, learningRate: 1e-3, variant: .pytorch)
      case .rmsprop: RMSProp(for: model, learningRate: 1e-3, variant: .pytorch)
      case .adam: Adam(for: model, learningRate: 1e-3, variant: .pytorch)
      }
    let values = try model.all.map { parameter in
      Tensor(try Random.current.normal(count: parameter.count), shape: Array(parameter.shape))
    }
    let step = CompiledStep(with: optimizer) { inputs in
      var (_, gradients) = valueAndGradient(of: model) { _ in Tensor.zeros([]) }
      for (parameter, gradient) in zip(model.all, inputs) { gradients[parameter] = gradient }
      return gradients
    }
    return Job(parameters: model.parameterCount) { try step(values) }
  }
}
