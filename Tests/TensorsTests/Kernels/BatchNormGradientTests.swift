import Testing

@testable import Tensors

/// The gradient of batch normalization, with ReLU after it and without, against the reference in double precision: few
/// and many rows, long runs, odd channels, both layouts, means that are large compared with the deviation.
@Suite struct BatchNormGradientTests {
  private struct Case: CustomStringConvertible {
    let shape: Shape
    /// Whether the channels of the images, and of the upstream, are contiguous.
    let lies: (images: Bool, upstream: Bool)
    let center: Float

    init(seed: UInt64) {
      var numbers = TestNumbers(state: seed)
      func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
      shape =
        pick(0, 0, 0, 0, 0, 0, 0, 1) == 1
        ? [2, 2, 65, 70] : [pick(2, 3, 9, 30), pick(1, 3, 16, 17, 32, 70), pick(1, 2, 7, 9), pick(1, 3, 8, 11)]
      let isTogether = Bool.random(using: &numbers)
      lies = (isTogether, pick(0, 0, 1) == 1 ? !isTogether : isTogether)
      center = Float(pick(0, 1, -30))
    }

    var description: String { "\(shape) around \(center), channels together: \(lies)" }

    func tensor(_ values: [Float], channelsLast: Bool) -> Tensor {
      channelsLast
        ? Tensor(values, shape: [shape[0], shape[2], shape[3], shape[1]]).permuted([0, 3, 1, 2])
        : Tensor(values, shape: shape.dimensions)
    }
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>) func randomShapesMatchTheReference(seed: UInt64) throws {
    let item = Case(seed: seed)
    let (count, channels) = (item.shape.elementCount, item.shape[1])
    let x = item.tensor(
      try Random(seed: seed).normal(count: count).map { $0 + item.center }, channelsLast: item.lies.images)
    let scale = Tensor(try Random(seed: seed + 100).normal(count: channels), shape: [channels])
    let shift = Tensor(try Random(seed: seed + 200).normal(count: channels), shape: [channels])
    let y = x.batchNormalized(scale: scale, shift: shift)
    // Rounding decides ReLU's mask where its input is nearly zero: the upstream is zero there.
    let isClear = item.tensor(
      try (item.lies.upstream ? y.output.permuted([0, 2, 3, 1]) : y.output).values().map { abs($0) < 1e-4 ? 0 : 1 },
      channelsLast: item.lies.upstream)
    let upstream =
      item.tensor(try Random(seed: seed + 300).normal(count: count).map { $0 + 0.5 }, channelsLast: item.lies.upstream)
      * isClear
    let plain = Tensor.recordAll(
      BatchNormGradient(epsilon: 1e-5), [x, y.mean, y.variance, scale, upstream])
    let activated = gradients(of: (y.output.relu() * upstream).sum(), withRespectTo: [x, scale, shift]).compactMap {
      $0
    }
    #expect(activated.count == 3)
    // The error of a sum depends on the size of its terms, even where they nearly cancel.
    let terms = Double(count / channels).squareRoot()
    let results = (plain + activated).enumerated().map { $0 % 3 == 0 ? $1 : $1 / Tensor.fill(terms) }
    let expected = try ReferenceInterpreter().evaluate(results)
    // Subtracting the mean from x loses digits.
    let tolerance = 2e-5 * max(1, Double(abs(item.center)))
    for (index, (result, expected)) in zip(results, expected).enumerated() {
      let worst = zip(try result.values(), expected.floats).map { abs(Double($0) - $1) / (1 + abs($1)) }.max() ?? .nan
      #expect(worst <= tolerance, "result \(index) of \(item), seed \(seed)")
    }
    let same = try zip(results, results.map { $0 + Tensor.fill(0) }).allSatisfy { try $0.values() == $1.values() }
    #expect(same, "\(item), seed \(seed): other bits")
  }
}
