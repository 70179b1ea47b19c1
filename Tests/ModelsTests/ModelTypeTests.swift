import Foundation
import NeuralNetworks
import Testing

@testable import Models
@testable import Tensors

/// Models in float64 on disk, and weights of one type for a model of another.
@Suite struct ModelTypeTests {
  private static func network() -> Sequential {
    Random.$current.withValue(Random(seed: 2)) {
      Sequential {
        Dense(3, 4)
        BatchNorm(4)
      }
    }
  }

  @Test(arguments: [DType.float32, .float64, .bfloat16, .float16]) func weightsAreConverted(_ stored: DType) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("backprop-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: url) }
    let source = try Self.network().copy(as: .float64)
    let weights = try namedVariables(of: source)
    try weights[0].variable.set((0..<12).map { 1 / Double($0 + 3) })
    let entries = try weights.map { try SafeTensors.Entry(name: $0.name, $0.variable.tensor.cast(to: stored)) }
    try SafeTensors.write(entries, metadata: [:], to: url)
    for dtype in [DType.float32, .float64] {
      let model = try Self.network().copy(as: dtype)
      try loadWeights(of: model, from: url)
      for ((_, found), (_, weight)) in zip(try namedVariables(of: model), weights) {
        #expect(found.dtype == dtype)
        #expect(try found.tensor.bytes() == weight.tensor.cast(to: stored).cast(to: dtype).bytes())
      }
    }
  }
}
