import NeuralNetworks
import Testing

@testable import Tensors

/// A layer of a sequence model with PyTorch's results, in double precision.
struct SequenceCase: Decodable, Sendable, CustomTestStringConvertible {
  /// Each kind of layer has some of these.
  struct Settings: Decodable, Sendable {
    var inputs: Int?
    var size: Int?
    var layers: Int?
    var bidirectional: Bool?
    var lengths: [Int32]?
    var contextLengths: [Int32]?
    var width: Int?
    var contextWidth: Int?
    var heads: Int?
    var keyValueHeads: Int?
    var hidden: Int?
    var causal: Bool?
    var rotary: Bool?
    var before: Bool?
    var activation: Activation?
    var start: Int32?
    var count: Int?
    var numbers: [Int32]?
    var shape: [Int]?
    var epsilon: Double?
    var groups: Int?
  }
  struct Output: Decodable, Sendable {
    var shape: [Int]
    var every: Int
    var values: [Double]
    var sumOfSquares: Double
    var weights: GeneratedArray

    var sample: Sample { Sample(shape: shape, every: every, values: values, sumOfSquares: sumOfSquares) }
  }

  var layer: String
  var name: String
  var settings: Settings
  var inputs: [GeneratedArray]
  var parameters: [GeneratedArray]
  var outputs: [String: Output]
  /// Of the sum of all outputs · their weights, by the input's or the parameter's name.
  var gradients: [String: Sample]

  var testDescription: String { "\(layer): \(name)" }

  static func all(in file: String) throws -> [SequenceCase] {
    struct Content: Decodable { var cases: [SequenceCase] }
    return try fixture(file, as: Content.self).cases
  }

  func input(_ name: String) throws -> GeneratedArray {
    try #require(inputs.first { $0.name == name }, "\(testDescription) lacks the input '\(name)'")
  }

  /// Compares the outputs of `model`, and the gradients of all inputs and parameters, with the recorded ones.
  ///
  /// `run` takes the inputs, as `type`, by name and returns the outputs by name.
  func check<Model: Layer>(
    _ model: Model, as type: DType = .float32, run: (Model, [String: Tensor]) throws -> [String: Tensor]
  ) throws {
    try model.setParameters(parameters)
    let names = try inputs.map { try #require($0.name) }
    let leaves = inputs.map { $0.tensor.cast(to: type) }
    var results: [String: Tensor] = [:]
    let (loss, slopes) = try valueAndGradient(of: model) { model in
      results = try run(model, Dictionary(uniqueKeysWithValues: zip(names, leaves)))
      return try outputs.keys.sorted().reduce(Tensor.zeros([])) { sum, name in
        let result = try #require(results[name], "the layer gave no '\(name)'")
        return sum + (result * (try #require(outputs[name]).weights.tensor.cast(to: type))).sum()
      }
    }
    for (name, output) in outputs { try output.sample.expectClose(try #require(results[name]), name) }
    let inputGradients = Tensors.gradients(of: loss, withRespectTo: leaves)
    #expect(gradients.count == leaves.count + model.parameters.count)
    let parameterGradients = model.parameters.map { ($0.name, slopes[$0.parameter]) }
    for (name, slope) in zip(names, inputGradients).map({ ($0, $1) }) + parameterGradients {
      let slope = try #require(slope, "no gradient of \(name)")
      try #require(gradients[name], "no gradient of \(name) was recorded").expectClose(slope, "gradient of \(name)")
    }
  }
}

/// The values of a tensor, or every k-th of them and the sum of the squares of all.
struct Sample: Decodable, Sendable {
  var shape: [Int]
  var every: Int
  var values: [Double]
  var sumOfSquares: Double

  /// Expects the same up to 1e-5 of the greatest number.
  func expectClose(_ tensor: Tensor, _ what: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(tensor.shape.dimensions == shape, "\(what)", sourceLocation: sourceLocation)
    let actual = try tensor.cast(to: .float32).values()
    let chosen = stride(from: 0, to: actual.count, by: every).map { actual[$0] }
    let largest = values.reduce(0) { max($0, abs($1)) }
    let tolerance = 1e-5 * largest + 1e-6
    let difference = greatestDifference(chosen, values)
    #expect(difference <= tolerance, "\(what): \(difference) of \(largest)", sourceLocation: sourceLocation)
    let norm = actual.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    let expected = sumOfSquares.squareRoot()
    #expect(
      abs(norm - expected) <= tolerance * Double(actual.count).squareRoot(), "\(what): norm \(norm) of \(expected)",
      sourceLocation: sourceLocation)
  }
}

extension Layer {
  /// Sets all parameters to the arrays of their names.
  func setParameters(_ arrays: [GeneratedArray]) throws {
    let mine = parameters
    #expect(mine.map(\.name).sorted() == arrays.compactMap(\.name).sorted())
    for (name, parameter) in mine {
      let array = try #require(arrays.first { $0.name == name }, "there are no values for \(name)")
      #expect(parameter.shape.dimensions == array.shape, "\(name)")
      try parameter.variable().set(array.values)
    }
  }
}
