import Foundation
import NeuralNetworks
import Testing

@testable import Tensors

/// Activations and their gradients against PyTorch's, up to ±10,000, in float32 and in float64.
@Suite struct ActivationCaseTests {
  @Test func thereAreAllCases() throws {
    let cases = try ModuleCase.all(in: "activations")
    #expect(cases.count == 117)
    let plain = Set(cases.compactMap { $0.text("activation").flatMap(Activation.init) })
    #expect(plain == Set(Activation.allCases))
  }

  @Test(arguments: try ModuleCase.all(in: "activations"), [DType.float32, .float64])
  func matchesPyTorch(_ example: ModuleCase, type: DType) throws {
    if example.layer == "prelu" {
      guard type == .float32 else { return }
      return try example.results.check(PReLU(Int(try example.needed("channels")))) { model, inputs in
        ["output": model(try #require(inputs["input"]))]
      }
    }
    let layer = try layer(of: example)
    try example.results.check(Activation.none, as: type) { _, inputs in
      ["output": inference { layer(inputs["input"] ?? .zeros([])) }]
    }
  }

  private func layer(of example: ModuleCase) throws -> any Layer {
    func needed(_ name: String) throws -> Double { try example.needed(name) }
    switch example.layer {
    case "activation": return try #require(example.text("activation").flatMap(Activation.init))
    case "elu": return ELU(alpha: try needed("alpha"))
    case "celu": return CELU(alpha: try needed("alpha"))
    case "leakyReLU": return LeakyReLU(slope: try needed("slope"))
    case "rrelu": return RReLU(lower: try needed("lower"), upper: try needed("upper"))
    case "hardTanh": return HardTanh(min: try needed("min"), max: try needed("max"))
    case "hardShrink": return HardShrink(try needed("bound"))
    case "softShrink": return SoftShrink(try needed("bound"))
    case "softplus":
      return NeuralNetworks.Softplus(beta: try needed("beta"), threshold: try needed("threshold"))
    case "threshold": return Threshold(try needed("threshold"), replacement: try needed("replacement"))
    case "softmax": return NeuralNetworks.Softmax(axis: Int(try needed("axis")))
    case "softmin": return Softmin(axis: Int(try needed("axis")))
    case "logSoftmax": return LogSoftmax(axis: Int(try needed("axis")))
    case "softmax2D": return Softmax2D()
    case "glu": return GLU(axis: Int(try needed("axis")))
    default: throw TensorError("no such activation: \(example.layer)")
    }
  }

  /// Near 0, where eˣ − 1 would be a difference of nearly equal numbers.
  @Test(arguments: [DType.float32, .float64]) func exponentialUnitsAreExactNearZero(type: DType) throws {
    let x = (0..<200).map { -Foundation.pow(10, -Double($0) / 20) }
    let input = Tensor(x, shape: [200]).cast(to: type)
    let rounded = try input.cast(to: .float64).values(as: Double.self)
    for (result, scale) in [
      (input.elu(), 1), (input.celu(alpha: 1), 1), (input.selu(), 1.050_700_987_355_480_5 * 1.673_263_242_354_377_2),
    ] {
      let found = try result.cast(to: .float64).values(as: Double.self)
      for (x, value) in zip(rounded, found) {
        let expected = scale * Foundation.expm1(x)
        #expect(abs(value / expected - 1) < (type == .float32 ? 1e-6 : 1e-14), "\(x): \(value), not \(expected)")
      }
    }
  }

  @Test func randomSlopesAreInTheirRange() throws {
    let x = Tensor([Float](repeating: -1, count: 1000), shape: [10, 100])
    let values = try Random.$current.withValue(Random(seed: 3)) {
      try training { RReLU(lower: 0.1, upper: 0.4)(x) }.values()
    }
    #expect(values.allSatisfy { -0.4...(-0.1) ~= $0 })
    #expect(abs(values.reduce(0, +) / 1000 + 0.25) < 0.01)
    #expect(Set(values).count > 900)
  }

  private static let wrong: [any Layer] = [
    ELU(alpha: .nan), CELU(alpha: 0), LeakyReLU(slope: .infinity), RReLU(lower: 2, upper: 1), PReLU(0), PReLU(5),
    HardTanh(min: 1, max: 0), HardShrink(-1), SoftShrink(.nan), NeuralNetworks.Softplus(beta: 0),
    Threshold(.nan, replacement: 0), NeuralNetworks.Softmax(axis: 3), Softmin(axis: -3), LogSoftmax(axis: 2),
    Softmax2D(), GLU(),
  ]

  @Test(arguments: wrong.indices) func wrongSettingsSaySo(index: Int) throws {
    let layer = Self.wrong[index]
    let failure = try #require(layer(.ones([2, 3])).failure, "\(layer)")
    #expect(isSentence(failure.message) && failure.layer != nil, "\(failure)")
  }
}
