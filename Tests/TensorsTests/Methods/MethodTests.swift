import Testing

@testable import Tensors

/// Methods that are made of operations, against numbers by hand and PyTorch's conventions.
@Suite struct MethodTests {
  private func expect(
    _ tensor: Tensor, _ shape: [Int], _ values: [Float], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(tensor.shape.dimensions == shape, sourceLocation: sourceLocation)
    let found = try tensor.values()
    #expect(found.count == values.count, sourceLocation: sourceLocation)
    for (a, b) in zip(found, values) {
      #expect(a == b || a.isNaN && b.isNaN || abs(a - b) <= 2e-6 * abs(b), "\(found)", sourceLocation: sourceLocation)
    }
  }

  private func gradient(_ x: Tensor, _ function: (Tensor) -> Tensor) throws -> Tensor {
    try #require(gradients(of: function(x).sum(), withRespectTo: [x])[0])
  }

  // MARK: Elementwise

  @Test func clamping() throws {
    let x = Tensor([-2, -1, 0, 1, 2, .infinity], shape: [6])
    try expect(x.clamped(to: -1...1), [6], [-1, -1, 0, 1, 1, 1])
    try expect(x.clamped(min: 0.5), [6], [0.5, 0.5, 0.5, 1, 2, .infinity])
    try expect(x.clamped(max: 0.5), [6], [-2, -1, 0, 0.5, 0.5, 0.5])
    try expect(x.clamped(), [6], [-2, -1, 0, 1, 2, .infinity])
    // PyTorch's gradient is whole at the bounds.
    try expect(gradient(x) { $0.clamped(to: -1...1) }, [6], [0, 1, 1, 1, 0, 0])
    #expect(try Tensor([.nan], shape: [1]).clamped(to: 0...1).values()[0].isNaN)
    let whole = Tensor([-5, 0, 5] as [Int32], shape: [3])
    #expect(try whole.clamped(min: -1, max: 2).values(as: Int32.self) == [-1, 0, 2])
    #expect(whole.clamped(to: 0...0.5).failure?.message.contains("no bound of int32") == true)
    #expect(x.clamped(min: 2, max: 1).failure?.message.contains("must not be above") == true)
    #expect(x.clamped(min: .nan).failure != nil)
  }

  @Test func powersOfOneExponent() throws {
    let x = Tensor([1, 4, 9], shape: [3])
    try expect(x.power(0.5), [3], [1, 2, 3])
    try expect(gradient(x) { $0.power(0.5) }, [3], [0.5, 0.25, 1 / 6])
    try expect(x.power(-1), [3], [1, 0.25, 1 / 9])
    try expect(Tensor([-2, 0], shape: [2]).power(3), [2], [-8, 0])
    try expect(gradient(Tensor([-2, 0], shape: [2])) { $0.power(3) }, [2], [12, 0])
    try expect(Tensor([2, 3] as [Int32], shape: [2]).power(2), [2], [4, 9])
  }

  /// log(1 + eˣ) in float64, rounded once: relative accuracy where it is near 0, too.
  @Test(
    arguments: [
      (-87, 1.645_811_4e-38), (-50, 1.928_749_8e-22), (-20, 2.061_153_6e-9), (-16, 1.125_351_7e-7), (-10, 4.539_890e-5),
      (-1, 0.313_261_7), (0, 0.693_147_2), (1, 1.313_261_7), (20, 20), (100, 100), (3e38, 3e38), (-3e38, 0),
      (.infinity, .infinity), (-.infinity, 0),
    ] as [(Float, Float)])
  func softplus(_ x: Float, _ expected: Float) throws {
    let found = try Tensor(x).softplus().scalar()
    #expect(found == expected || abs(found - expected) <= 1e-6 * expected, "\(found)")
    let slope = try gradient(Tensor(x)) { $0.softplus() }.scalar()
    #expect(slope == (try Tensor(x).sigmoid().scalar()))
  }

  @Test func whereTakesOneOfTwo() throws {
    let (a, b) = (Tensor([1, 2], shape: [2]), Tensor([.nan, 4], shape: [2]))
    let chosen = Tensor.where(Tensor([1, 0], shape: [2]), a, b)
    try expect(chosen, [2], [1, 4])
    let slopes = gradients(of: chosen.sum(), withRespectTo: [a, b])
    #expect(try slopes[0]?.values() == [1, 0])
    #expect(try slopes[1]?.values() == [0, 1])
    let failure = try #require(Tensor.where(.ones([3]), a, b).failure)
    #expect(failure.message.contains("[3]") && failure.callSite != nil)
  }

  // MARK: Movement

  @Test func squeezing() throws {
    let x = Tensor([1, 2], shape: [1, 2, 1])
    try expect(x.squeezed(), [2], [1, 2])
    try expect(x.squeezed(axes: [0]), [2, 1], [1, 2])
    try expect(x.squeezed(axes: [-1, 0, 2]), [2], [1, 2])
    try expect(x.squeezed(axes: []), [1, 2, 1], [1, 2])
    #expect(x.squeezed(axes: [1]).failure?.message.contains("has size 2") == true)
  }

  @Test func stackingAndSplitting() throws {
    let (a, b) = (Tensor([1, 2], shape: [2]), Tensor([3, 4], shape: [2]))
    try expect(.stacked([a, b]), [2, 2], [1, 2, 3, 4])
    try expect(.stacked([a, b], axis: -1), [2, 2], [1, 3, 2, 4])
    #expect(Tensor.stacked([]).failure != nil)
    #expect(Tensor.stacked([a, Tensor(1)]).failure?.message.contains("[2] and []") == true)
    let x = Tensor((0..<10).map { Float($0) }, shape: [2, 5])
    let parts = x.split(sizes: [2, 0, 3], axis: 1)
    try expect(parts[0], [2, 2], [0, 1, 5, 6])
    try expect(parts[1], [2, 0], [])
    try expect(parts[2], [2, 3], [2, 3, 4, 7, 8, 9])
    try expect(
      gradient(x) { $0.split(sizes: [2, 3], axis: -1)[1].square() }, [2, 5], [0, 0, 4, 6, 8, 0, 0, 14, 16, 18])
    for sizes in [[2, 2], [6], [-1, 6], [], [.max, .max]] {
      let failed = x.split(sizes: sizes, axis: 1)
      #expect(failed.count == max(sizes.count, 1))
      #expect(failed.allSatisfy { $0.failure?.message.contains("do not add up to axis 1 of [2, 5]") == true })
    }
  }

  /// As `torch.chunk` cuts.
  @Test(arguments: [(4, [2, 2, 1]), (5, [1, 1, 1, 1, 1]), (2, [3, 2]), (1, [5]), (9, [1, 1, 1, 1, 1])])
  func chunks(_ count: Int, _ sizes: [Int]) throws {
    let x = Tensor((0..<10).map { Float($0) }, shape: [2, 5])
    let parts = x.chunked(count, axis: -1)
    #expect(parts.map { $0.shape[1] } == sizes)
    #expect(try Tensor.concatenated(parts, axis: 1).values() == x.values())
  }

  @Test func chunksThatCannotBe() {
    let x = Tensor.ones([2, 5])
    #expect(x.chunked(3, axis: 2).count == 3)
    for count in [0, -1, .min] { #expect(x.chunked(count).first?.failure != nil) }
    #expect(x.chunked(.max).count == 2)
    #expect(Tensor.ones([0]).chunked(.max).map(\.shape.dimensions) == [[0]])
  }

  // MARK: Statistics

  @Test func variances() throws {
    let x = Tensor([1, 2, 3, 4], shape: [4])
    try expect(x.variance(correction: 1), [], [5 / 3])
    try expect(x.variance(correction: 0), [], [1.25])
    try expect(x.variance(correction: 2, keepingAxes: true), [1], [2.5])
    try expect(x.standardDeviation(correction: 1), [], [1.290_994_4])
    let rows = Tensor([1, 2, 3, 4, 4, 10], shape: [2, 3])
    try expect(rows.variance(axes: [-1], correction: 1), [2], [1, 12])
    try expect(rows.variance(axes: [0], correction: 0, keepingAxes: true), [1, 3], [2.25, 1, 12.25])
    try expect(gradient(x) { $0.variance(correction: 1) }, [4], [-1, -1 / 3, 1 / 3, 1])
    try expect(
      gradient(x) { $0.standardDeviation(correction: 1) }, [4],
      [-0.387_298_35, -0.129_099_44, 0.129_099_44, 0.387_298_35])
    // One element has no unbiased variance: NaN, as in PyTorch.
    #expect(try Tensor(3).variance(correction: 1).scalar().isNaN)
    #expect(try Tensor(3).standardDeviation(correction: 1).scalar().isNaN)
    #expect(try Tensor([1, 3], shape: [2]).variance(correction: 2).scalar() == .infinity)
    #expect(x.variance(correction: -1).failure?.message.contains("at least 0") == true)
    #expect(x.cast(to: .int32).variance(correction: 0).failure?.message.contains("cast(to: .float32)") == true)
  }

  @Test func constantsHaveNoDeviation() throws {
    let x = Tensor([2, 2], shape: [2])
    for correction in [0, 1] {
      try expect(x.standardDeviation(correction: correction), [], [0])
      // PyTorch's subgradient.
      try expect(gradient(x) { $0.standardDeviation(correction: correction) }, [2], [0, 0])
      try expect(gradient(x) { $0.variance(correction: correction) }, [2], [0, 0])
    }
    // The squares are out of range, the deviation is not.
    try expect(Tensor([1e38, -1e38], shape: [2]).standardDeviation(correction: 0), [], [1e38])
    try expect(Tensor([1e-30, -1e-30], shape: [2]).standardDeviation(correction: 0), [], [1e-30])
  }

  @Test func norms() throws {
    let x = Tensor([3, 4, 0, 0], shape: [2, 2])
    try expect(x.norm(), [], [5])
    try expect(x.norm(axes: [-1]), [2], [5, 0])
    try expect(x.norm(axes: [0], keepingAxes: true), [1, 2], [3, 4])
    try expect(gradient(x) { $0.norm(axes: [1]) }, [2, 2], [0.6, 0.8, 0, 0])
    #expect(x.cast(to: .int32).norm().failure?.message.contains("cast(to: .float32)") == true)
  }

  @Test func wholeNumbersAreReduced() throws {
    let x = Tensor([5, -3, 2, .max, 1, 7] as [Int32], shape: [2, 3])
    #expect(try x.sum(axes: [-1]).values(as: Int32.self) == [4, .min + 7])
    #expect(try x.sum(axes: [0], keepingAxes: true).values(as: Int32.self) == [.min + 4, -2, 9])
    #expect(try x.max(axes: [1]).values(as: Int32.self) == [5, .max])
    #expect(try x.min(axes: [0]).values(as: Int32.self) == [5, -3, 2])
    #expect(try x.min().values(as: Int32.self) == [-3])
    #expect(try x.transposed.sum(axes: [0]).values(as: Int32.self) == [4, .min + 7])
    #expect(try Tensor([] as [Int32], shape: [0, 2]).sum(axes: [0]).values(as: Int32.self) == [0, 0])
    let long = Tensor.arange(to: 100_000)
    #expect(try long.sum().values(as: Int32.self) == [704_982_704])  // 4,999,950,000 modulo 2³²
    #expect(
      try long.reshaped(to: [1000, 100]).max(axes: [0]).values(as: Int32.self) == (99_900..<100_000).map { Int32($0) })
    #expect(x.mean().failure?.message.contains("cast(to: .float32)") == true)
  }

  // MARK: Sequences and matrices

  @Test func nothingIsReducedToNothing() throws {
    let x = Tensor.zeros([1 << 42, 0])
    #expect(x.sum(axes: [0]).shape == [0])
    #expect(try x.sum(axes: [0]).values() == [])
    #expect(try x.cast(to: .float64).mean(axes: [0], keepingAxes: true).values(as: Double.self) == [])
    #expect(try ReferenceInterpreter().evaluate([x.sum(axes: [0])])[0].floats == [])
  }

  @Test func sequences() throws {
    #expect(try Tensor.arange(to: 4).values(as: Int32.self) == [0, 1, 2, 3])
    #expect(try Tensor.arange(from: 5, to: 0, by: -2).values(as: Int32.self) == [5, 3, 1])
    #expect(try Tensor.arange(from: 5, to: 0).values(as: Int32.self) == [])
    #expect(try Tensor.arange(from: -1, to: 1, by: .max).values(as: Int32.self) == [-1])
    #expect(try Tensor.arange(from: 1, to: -1, by: .min).values(as: Int32.self) == [1])
    #expect(try Tensor.arange(from: 2_147_483_647, to: 2_147_483_648).values(as: Int32.self) == [.max])
    try expect(.arange(from: 0, to: 1, by: 0.25), [4], [0, 0.25, 0.5, 0.75])
    try expect(.arange(from: 1, to: 0, by: -0.4), [3], [1, 0.6, 0.2])
    try expect(.linspace(from: 0, to: 1, count: 5), [5], [0, 0.25, 0.5, 0.75, 1])
    try expect(.linspace(from: 3, to: 5, count: 1), [1], [3])
    try expect(.linspace(from: 3, to: 5, count: 0), [0], [])
    try expect(.linspace(from: -3e38, to: 3e38, count: 3), [3], [-3e38, 0, 3e38])
    for failed in [
      Tensor.arange(to: 5, by: 0), .arange(to: 1 << 32), .arange(from: .min, to: 0), .arange(to: 1.5, by: 0),
      .arange(from: .nan, to: 1), .arange(to: .infinity), .arange(to: 1e300, by: 1e-300),
      .linspace(from: 0, to: 1, count: -1), .linspace(from: .infinity, to: 1, count: 2),
      .linspace(from: 0, to: 1, count: .max),
    ] {
      #expect(failed.failure != nil)
    }
  }

  @Test func unitMatricesAndClasses() throws {
    try expect(.eye(2), [2, 2], [1, 0, 0, 1])
    try expect(.eye(2, 3), [2, 3], [1, 0, 0, 0, 1, 0])
    try expect(.eye(0), [0, 0], [])
    let labels = Tensor([1, 0, -1, 3], shape: [2, 2] as [Int])
    try expect(
      labels.cast(to: .int32).oneHot(classes: 3), [2, 2, 3], [0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(labels.oneHot(classes: 3).failure?.message.contains("int32") == true)
    for failed in [Tensor.eye(-1), .eye(.max), .eye(1 << 42, 1), .arange(to: 2).oneHot(classes: -1)] {
      #expect(throws: TensorError.self) { try failed.values() }
    }
  }

  @Test func triangles() throws {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    try expect(x.tril(), [2, 3], [1, 0, 0, 4, 5, 0])
    try expect(x.tril(diagonal: 1), [2, 3], [1, 2, 0, 4, 5, 6])
    try expect(x.tril(diagonal: -1), [2, 3], [0, 0, 0, 4, 0, 0])
    try expect(x.triu(), [2, 3], [1, 2, 3, 0, 5, 6])
    try expect(x.triu(diagonal: 1), [2, 3], [0, 2, 3, 0, 0, 6])
    try expect(x.triu(diagonal: -1), [2, 3], [1, 2, 3, 4, 5, 6])
    for far in [7, Int.max] {
      try expect(x.tril(diagonal: far), [2, 3], [1, 2, 3, 4, 5, 6])
      try expect(x.triu(diagonal: far), [2, 3], [0, 0, 0, 0, 0, 0])
    }
    for far in [-7, Int.min] {
      try expect(x.tril(diagonal: far), [2, 3], [0, 0, 0, 0, 0, 0])
      try expect(x.triu(diagonal: far), [2, 3], [1, 2, 3, 4, 5, 6])
    }
    // What is cut off may be anything.
    try expect(Tensor([1, .nan, .infinity, 2], shape: [2, 2]).tril(), [2, 2], [1, 0, .infinity, 2])
    try expect(gradient(x) { $0.triu().square() }, [2, 3], [2, 4, 6, 0, 10, 12])
    #expect(try x.cast(to: .int32).tril().values(as: Int32.self) == [1, 0, 0, 4, 5, 0])
    #expect(Tensor.ones([3]).tril().failure?.message.contains("[3]") == true)
  }
}
