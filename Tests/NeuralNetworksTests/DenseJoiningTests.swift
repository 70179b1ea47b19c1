import Testing

@testable import NeuralNetworks
@testable import Tensors

/// Layers of one input, joined into one product, give the same as separately, forward and backward.
@Suite struct DenseJoiningTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var input: [Int]
    var outputs: [Int]
    var bias: Bool
    var isJoined: Bool
    var testDescription: String { "\(input) → \(outputs)\(bias ? ", bias" : "")" }
  }

  @Test(arguments: [
    Case(input: [4, 17, 12], outputs: [12, 12, 9], bias: true, isJoined: true),
    Case(input: [150, 7], outputs: [40, 3], bias: false, isJoined: true),
    Case(input: [3, 5, 8, 6], outputs: [10, 20, 30], bias: true, isJoined: true),
    Case(input: [4, 16, 12], outputs: [12, 12, 9], bias: true, isJoined: false),
    Case(input: [90, 12], outputs: [12], bias: true, isJoined: false),
  ])
  func partsAreWhatLayersGive(_ example: Case) throws {
    let inputs = try #require(example.input.last)
    let layers = example.outputs.map { Dense(inputs, $0, bias: example.bias) }
    let random = Random(seed: 31)
    func numbers(_ shape: Shape) throws -> Tensor {
      Tensor(try random.normal(count: shape.elementCount), shape: shape.dimensions)
    }
    let x = try numbers(Shape(example.input))
    let weights = layers.flatMap { [$0.weight.tensor] + ($0.bias.map { [$0.tensor] } ?? []) }
    let upstream = try layers.map { try numbers(Shape(example.input.dropLast() + [$0.outputs])) }

    func numbers(of outputs: [Tensor]) throws -> [[Float]] {
      var loss = Tensor(0)
      for (output, slope) in zip(outputs, upstream) { loss = loss + (output * slope).sum() }
      let slopes = gradients(of: loss, withRespectTo: [x] + weights)
      return try (outputs + slopes.map { try #require($0) }).map { try $0.values() }
    }
    let parts = Dense.outputs(of: layers, x)
    let isJoined = parts.allSatisfy { $0.node.op is SliceBox }
    #expect(isJoined == example.isJoined)
    for (part, alone) in zip(try numbers(of: parts), try numbers(of: layers.map { $0(x) })) {
      #expect(part.count == alone.count)
      // Sums of up to 150 products of values of about 1, in another order.
      let difference = zip(part, alone).map { abs($0 - $1) }.max() ?? .infinity
      #expect(difference < 2e-5 * max(1, alone.map(abs).max() ?? 0))
    }
  }

  /// Inputs that do not fit are left to the layers, which report the error.
  @Test func errorsAreThoseOfTheLayers() throws {
    let layers = [Dense(12, 3), Dense(11, 3)]
    let x = Tensor(Array(repeating: 1, count: 600), shape: [50, 12])
    let parts = Dense.outputs(of: layers, x)
    #expect(parts[0].failure == nil)
    #expect(parts[1].failure?.description == layers[1](x).failure?.description)
    #expect(parts[1].failure != nil)
  }
}
