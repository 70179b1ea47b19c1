import NeuralNetworks
import Testing

@testable import Tensors

/// Layers and optimizers where values are masked, huge or missing.
@Suite struct NumericEdgeTests {
  private struct Point: Layer {
    let weight = Parameter(.ones, shape: [128], fanIn: 1, fanOut: 1, name: "weight")
    func callAsFunction(_ x: Tensor) -> Tensor { weight.tensor * x }
  }

  private func step(_ optimizer: any Optimizer, _ model: Point, _ slopes: [Float]) throws {
    let x = Tensor(slopes, shape: [128])
    try optimizer.update(along: valueAndGradient(of: model) { $0(x).sum() }.gradients)
  }

  /// 128 gradients of 1e19 at norm 2, and two of 1e20 at norm 1, as in double precision.
  @Test func clippingNeedsNoSquares() throws {
    for (count, size, limit, expected): (Int, Float, Float, Float) in [
      (128, 1e19, 2, 0.176_776_7), (2, 1e20, 1, 0.707_106_8),
    ] {
      let model = Point()
      let optimizer = GradientDescent(for: model, learningRate: 1, clipNorm: limit)
      try step(optimizer, model, (0..<128).map { $0 < count ? size : 0 })
      let moved = try model.weight.variable().values()
      #expect(abs(moved[0] - (1 - expected)) < 1e-6)
      #expect(abs(moved[127] - (count == 128 ? 1 - expected : 1)) < 1e-6)
    }
  }

  @Test func theNormOfGradientsIsTheirs() throws {
    let model = Point()
    let x = Tensor([Float](repeating: 1e20, count: 128), shape: [128])
    let norm = try valueAndGradient(of: model) { $0(x).sum() }.gradients.norm.scalar()
    #expect(abs(norm / 1.131_370_8e21 - 1) < 1e-6)
  }

  @Test(arguments: ["adam", "adamw", "rmsprop", "adagrad"]) func infiniteSquaresAreAnError(_ name: String) throws {
    let model = Point()
    let optimizer = try makeOptimizer(named: name, for: model)
    let slopes: [Float] = (0..<128).map { $0 < 2 ? 1e21 : 1 }
    let error = try #require(throws: TensorError.self) { try step(optimizer, model, slopes) }
    #expect(error.message.contains("weight"), "\(error.message)")
    #expect(error.message.contains("clipNorm"), "\(error.message)")
    // Clipped, the same gradients are harmless.
    let other = Point()
    let clipping = try makeOptimizer(named: name, for: other, clipNorm: 1)
    for _ in 0..<3 { try step(clipping, other, slopes) }
    #expect(try other.weight.variable().values()[0] < 1)
  }

  @Test func batchNormalizationNeedsTwoValues() throws {
    let layer = BatchNorm(3)
    let failure = try #require(training { layer(.ones([1, 3])) }.failure)
    #expect(failure.message.contains("one value a channel"))
    #expect(training { layer(.ones([1, 3, 1, 2])) }.failure == nil)
    #expect(layer(.ones([1, 3])).failure == nil)
  }

  @Test func dropoutDropsInfinities() throws {
    let x = Tensor([Float](repeating: .infinity, count: 64), shape: [64])
    let y = try Random.$current.withValue(Random(seed: 3)) { try training { Dropout(0.5)(x) }.values() }
    #expect(y.contains(0) && y.contains(.infinity) && !y.contains { $0.isNaN })
  }

  /// NaN and infinities in the input past a length: outputs, state and all gradients as with zeros there.
  @Test(arguments: RecurrentCell.allCases, [false, true])
  func recurrentLayersReadNothingPastALength(_ cell: RecurrentCell, _ bidirectional: Bool) throws {
    let layer = Recurrent(cell, 2, 3, layers: 2, bidirectional: bidirectional)
    let lengths = Tensor([1, 3] as [Int32], shape: [2])
    func results(_ past: Float) throws -> [[Float]] {
      let x = Tensor([0.5, -1, past, past, past, past, 1, 2, -1, 0.25, 0.75, -2], shape: [2, 3, 2])
      let (loss, gradients) = valueAndGradient(of: layer) { layer in
        let (output, state) = layer(x, state: nil, lengths: lengths)
        return output.square().sum() + state.hidden.reduce(.zeros([])) { $0 + $1.square().sum() }
      }
      return [try loss.values()] + (try layer.parameters.map { try #require(gradients[$0.parameter]).values() })
    }
    let expected = try results(0)
    for past: Float in [.nan, .infinity, -.infinity] { #expect(try results(past) == expected) }
  }

  @Test(arguments: [false, true]) func attentionLayersReadNothingPastALength(_ isCausal: Bool) throws {
    let layer = MultiHeadAttention(4, heads: 2, isCausal: isCausal)
    let lengths = Tensor([2], shape: [1]).cast(to: .int32)
    func results(_ past: Float) throws -> [[Float]] {
      let x = Tensor([1, 2, 3, 4, -1, 0.5, 2, 1, past, past, past, past], shape: [1, 3, 4])
      let (loss, gradients) = valueAndGradient(of: layer) { layer in
        layer(x, lengths: lengths).sliced(starts: [0, 0, 0], shape: [1, 2, 4]).square().sum()
      }
      return [try loss.values()] + (try layer.parameters.map { try #require(gradients[$0.parameter]).values() })
    }
    let expected = try results(0)
    for past: Float in [.nan, .infinity] { #expect(try results(past) == expected) }
  }
}
