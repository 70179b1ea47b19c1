// Made by tools/make_listings.py from Sources/Backprop/Backprop.docc/Backprop.md, where changes belong.
import Backprop
import Testing

@Suite struct BackpropListings {
  @Test func listing() throws {
    let model = Sequential {
      Dense(2, 16, activation: .tanh)
      Dense(16, 1)
    }
    let inputs = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
    let targets = Tensor([0, 1, 1, 0], shape: [4, 1])  // exclusive or
    let optimizer = Adam(for: model, learningRate: 0.03)
    for _ in 0..<300 {
      let (_, gradients) = valueAndGradient(of: model) { meanSquaredError($0(inputs), targets) }
      try optimizer.update(along: gradients)
    }
    print(try meanSquaredError(model(inputs), targets).scalar() < 0.01)
    expectPrinted("true")
  }
}
