// Made by tools/make_listings.py from Sources/Backprop/Backprop.docc/HowAStepIsComputed.md, where changes belong.
import Backprop
import Testing

@Suite struct HowAStepIsComputedListings {
  @Test func listing() throws {
    let x = Tensor([1, 2, 3, 4], shape: [2, 2])
    let w = Tensor([0.5, -1], shape: [2, 1])
    let loss = x.matmul(w).square().mean()
    print(loss.shape)
    expectPrinted("[]")
    print(try loss.scalar())
    expectPrinted("4.25")

    let wrong = x.matmul(Tensor([1, 2, 3], shape: [3, 1])).relu().sum()
    do {
      print(try wrong.scalar())
    } catch {
      print(error)
    }
    expectPrinted(
      "matmul: [2, 2] · [3, 1] — inner dimensions 2 and 3 differ",
      "  called at …")

    let gradient = gradients(of: loss, withRespectTo: [w])[0] ?? .zeros([2, 1])
    print(gradient)
    expectPrinted("Tensor [2, 1] float32 [[-9], [-13]]")

    let t = Tensor(3)
    let cube = t * t * t
    let first = gradients(of: cube, withRespectTo: [t])[0] ?? 0  // 3t²
    let second = gradients(of: first, withRespectTo: [t])[0] ?? 0  // 6t
    print(try cube.scalar(), try first.scalar(), try second.scalar())
    expectPrinted("27.0 27.0 18.0")

    let weight = try Variable([0.5, -1], shape: [2, 1], name: "weight")
    for step in 1...3 {
      let loss = x.matmul(weight.tensor).square().mean()
      let gradient = gradients(of: loss, withRespectTo: [weight.tensor])[0] ?? .zeros([2, 1])
      try evaluate([loss], assigning: [(weight, weight.tensor - 0.05 * gradient)])
      print("loss before step \(step):", try loss.scalar())
    }
    expectPrinted(
      "loss before step 1: 4.25",
      "loss before step 2: 1.08…",
      "loss before step 3: 0.311…")
  }

  @Test func compiledStepListing() throws {
    let x = Tensor([1, 2, 3, 4], shape: [2, 2])

    let model = Dense(2, 1, bias: false)
    let optimizer = GradientDescent(for: model, learningRate: 0.05)
    for _ in 1...3 {
      let (loss, gradients) = valueAndGradient(of: model) { $0(x).square().mean() }
      try optimizer.update(along: gradients)  // loss, gradients and new parameters, in one plan
      print(try loss.scalar())  // computed by then
    }

    let step = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { $0(inputs[0]).square().mean() }.gradients
    }
    let before = try step([x])[0].scalar()
    let after = try step([x])[0].scalar()
    print(after < before)
    expectPrinted("true")
  }
}
