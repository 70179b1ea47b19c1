// Made by tools/make_listings.py from Sources/Backprop/Backprop.docc/ValuesAndRecordings.md, where changes belong.
import Backprop
import Testing

private func trained(seed: UInt64) throws -> Float {
  let x = Tensor([1, 2, 3, 4], shape: [4, 1])
  return try Random.$current.withValue(Random(seed: seed)) {
    let model = Sequential {
      Dense(1, 8, activation: .tanh)
      Dense(8, 1)
    }
    let optimizer = Adam(for: model, learningRate: 0.01)
    for _ in 0..<200 {
      try optimizer.update(along: valueAndGradient(of: model) { meanSquaredError($0(x), x.square()) }.gradients)
    }
    return try meanSquaredError(model(x), x.square()).scalar()
  }
}

@Suite struct ValuesAndRecordingsListings {
  @Test func listing() throws {
    let weight = try Variable([1, 2, 3], shape: [3], name: "weight")
    let doubled = weight.tensor * 2  // not computed yet
    try weight.set([10, 20, 30])
    print(try doubled.values())
    expectPrinted("[2.0, 4.0, 6.0]")
    print(try (weight.tensor * 2).values())
    expectPrinted("[20.0, 40.0, 60.0]")
  }

  @Test func typesListing() throws {
    let third = Tensor([1], shape: [1]) / 3
    print(third, third.cast(to: .float64))
    expectPrinted("Tensor [1] float32 [0.33333334] Tensor [1] float64 [0.3333333432674408]")
    print(Tensor([1], shape: [1]).cast(to: .float64) / 3)
    expectPrinted("Tensor [1] float64 [0.3333333333333333]")
    print(Tensor([1, 2, 3] as [Int32], shape: [3]) * 0.5)
    expectPrinted("Tensor [3] float32 [0.5, 1, 1.5]")
    print(Tensor([1, 2, 3] as [Int32], shape: [3]).greater(than: 1))
    expectPrinted("Tensor [3] bool [false, true, true]")
  }

  @Test func numbersListing() async throws {
    let x = Tensor([1, 2, 3], shape: [3])
    for step in 1...3 {
      let share = Float(step) / 4
      print(try (2 * x * share).values())  // the same plan in each step
    }
    expectPrinted(
      "[0.5, 1.0, 1.5]",
      "[1.0, 2.0, 3.0]",
      "[1.5, 3.0, 4.5]")

    let model = Dense(3, 1)
    let optimizer = GradientDescent(for: model, learningRate: 0.1)
    let share: Float = 0.5
    let frozen = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { $0(inputs[0]).square().mean() * share }.gradients
    }
    do {
      try frozen([x[.newAxis]])
    } catch {
      print(error)
    }
    expectPrinted("…the number 0.5…")

    let step = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { $0(inputs[0]).square().mean() * inputs[1] }.gradients
    }
    try step([x[.newAxis], Tensor(share)])

    let predictor = try Predictor(model)
    let before = try predictor(x[.newAxis]).scalar()
    try step([x[.newAxis], Tensor(share)])
    print(try predictor(x[.newAxis]).scalar() == before)
    expectPrinted("true")
    print(try model(x[.newAxis]).scalar() == before)
    expectPrinted("false")

    async let first = Threads.withCount(1) { try trained(seed: 1) }
    async let second = Threads.withCount(1) { try trained(seed: 2) }
    let losses = try await [first, second]
    print(try losses == [1, 2].map { seed in try Threads.withCount(1) { try trained(seed: seed) } })
    expectPrinted("true")
  }
}
