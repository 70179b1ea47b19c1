import NeuralNetworks
import Tensors

/// Every number of one step of back-propagation in a small network, from the engine's own graph.
package struct Explanation: Encodable, Sendable {
  /// A layer after the inputs. Rows of `weights` are the units of the layer before, columns its own.
  package struct Layer: Encodable, Sendable {
    package var sums: [Double]
    package var outputs: [Double]
    /// ∂E/∂y of each unit.
    package var gradientOfOutputs: [Double]
    /// ∂E/∂x of each unit.
    package var gradientOfSums: [Double]
    package var weights: [[Double]]
    package var gradientOfWeights: [[Double]]
    package var biases: [Double]
    package var gradientOfBiases: [Double]
  }

  /// A weight matrix or the biases of a layer in the update, in row-major order.
  package struct Update: Encodable, Sendable {
    package struct State: Encodable, Sendable {
      package var name: String
      package var before: [Double]
      package var after: [Double]
    }

    package var parameter: String
    package var before: [Double]
    package var gradient: [Double]
    package var state: [State]
    package var after: [Double]
  }

  package var network: [Int]
  package var optimizer: String
  package var learningRate: Double
  package var seed: UInt64
  /// Which step of the training this is, from 1.
  package var step: Int
  package var inputs: [Double]
  package var targets: [Double]
  package var loss: Double
  package var layers: [Layer]
  package var updates: [Update]
  /// E with the new weights and the same inputs.
  package var lossAfter: Double

  /// Explains step `step` of a training on one example, after the steps before it.
  ///
  /// `seed` draws weights, biases and inputs; the targets are 1, 0, 1 and so on. Throws an `OptimizerError` for an
  /// unknown optimizer or a learning rate that is none.
  package init(sizes: [Int], optimizer name: String, learningRate: Float? = nil, seed: UInt64, step: Int = 1) throws {
    let model = try ExplainedNetwork(sizes: sizes, seed: seed)
    let optimizer = try makeOptimizer(named: name, for: model, learningRate: learningRate)
    var numbers = ReadableNumbers(seed: ~seed)
    inputs = (0..<(sizes.first ?? 0)).map { _ in numbers.next() }
    targets = (0..<(sizes.last ?? 0)).map { $0.isMultiple(of: 2) ? 1 : 0 }
    let x = Tensor(inputs, shape: [1, inputs.count])
    let d = Tensor(targets, shape: [1, targets.count])
    network = sizes
    self.optimizer = name
    self.learningRate = Self.decimal(optimizer.learningRate)
    self.seed = seed
    self.step = step

    for _ in 1..<max(step, 1) {
      try optimizer.update(along: valueAndGradient(of: model) { Self.loss($0(x), d) }.gradients)
    }
    let before = try Self.values(of: model, optimizer)
    var forward: [(sum: Tensor, output: Tensor)] = []
    let (loss, parameterGradients) = valueAndGradient(of: model) { model in
      forward = model.forward(x)
      return Self.loss(forward.last?.output ?? x, d)
    }
    let ofUnits = gradients(of: loss, withRespectTo: forward.flatMap { [$0.sum, $0.output] }).map {
      $0 ?? .failed(Self.missing)
    }
    let ofParameters = model.parameters.map { parameterGradients[$0.parameter] ?? .failed(Self.missing) }
    let shown = forward.flatMap { [$0.sum, $0.output] } + ofUnits + ofParameters
    try optimizer.update(along: parameterGradients, evaluating: shown)
    let after = try Self.values(of: model, optimizer)

    self.loss = try loss.scalar(as: Double.self)
    let gradientValues = try ofParameters.map { try $0.values(as: Double.self) }
    layers = try forward.indices.map { index in
      let outputs = sizes[index + 1]
      let rows = { (values: [Double]) in
        (0..<sizes[index]).map { Array(values[($0 * outputs)..<(($0 + 1) * outputs)]) }
      }
      return Layer(
        sums: try forward[index].sum.values(as: Double.self),
        outputs: try forward[index].output.values(as: Double.self),
        gradientOfOutputs: try ofUnits[2 * index + 1].values(as: Double.self),
        gradientOfSums: try ofUnits[2 * index].values(as: Double.self),
        weights: rows(before.parameters[2 * index].values), gradientOfWeights: rows(gradientValues[2 * index]),
        biases: before.parameters[2 * index + 1].values, gradientOfBiases: gradientValues[2 * index + 1])
    }
    updates = before.parameters.indices.map { index in
      let name = before.parameters[index].name
      return Update(
        parameter: name, before: before.parameters[index].values, gradient: gradientValues[index],
        state: zip(before.state, after.state).filter { $0.0.name.hasPrefix(name + ".") }.map {
          Update.State(name: String($0.0.name.dropFirst(name.count + 1)), before: $0.0.values, after: $0.1.values)
        }, after: after.parameters[index].values)
    }
    lossAfter = try Self.loss(model(x), d).scalar(as: Double.self)
  }

  /// The number as it was written: a `Float` such as 0.1 has other decimals as a `Double`. Of a whole number the shortest
  /// text that reads back may have other digits, so it is the number itself.
  private static func decimal(_ value: Float) -> Double {
    value.rounded() == value ? Double(value) : Double("\(value)") ?? Double(value)
  }

  private static let missing = TensorError("the loss does not depend on a part of the network")

  private static func loss(_ y: Tensor, _ d: Tensor) -> Tensor { 0.5 * (y - d).square().sum() }

  private typealias Named = (name: String, values: [Double])

  private static func values(
    of model: ExplainedNetwork, _ optimizer: any Optimizer
  ) throws -> (parameters: [Named], state: [Named]) {
    (
      try model.parameters.map { ($0.name, try $0.parameter.variable().values(as: Double.self)) },
      try optimizer.stateVariables.map { ($0.name, try $0.values(as: Double.self)) }
    )
  }
}
