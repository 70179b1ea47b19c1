import Testing

@testable import Tensors

/// Gradients of one's own.
@Suite struct CustomGradientTests {
  private static var x: Tensor { Tensor([-1.7, 0.2, 2.6], shape: [3]) }

  private func gradient(_ loss: Tensor, _ x: Tensor) throws -> [Float] {
    try #require(gradients(of: loss, withRespectTo: [x])[0]).values()
  }

  @Test func straightThrough() throws {
    let x = Self.x
    let rounded = Tensor.customGradient(of: x) {
      ($0 + 0.5).floor()
    } gradient: { _, _, upstream in
      upstream
    }
    #expect(try rounded.values() == [-2, 0, 3])
    #expect(try gradient((rounded * Tensor([1, 2, 3], shape: [3])).sum(), x) == [1, 2, 3])
  }

  @Test func reversal() throws {
    let x = Self.x
    let reversed = Tensor.customGradient(of: x) {
      $0
    } gradient: { _, _, upstream in
      -upstream
    }
    #expect(try reversed.values() == x.values())
    #expect(try gradient(reversed.square().sum(), x) == [3.4, -0.4, -5.2])
  }

  @Test func clipping() throws {
    let x = Self.x
    let clipped = Tensor.customGradient(of: x) {
      $0
    } gradient: { _, _, upstream in
      upstream.clamped(to: -1...1)
    }
    #expect(try gradient(clipped.square().sum(), x) == [-1, 0.4, 1])
  }

  /// e^x with the rule u · y, whose own derivative goes through y to the rule again.
  @Test func higherDerivatives() throws {
    func exponential(_ x: Tensor) -> Tensor {
      .customGradient(of: x) {
        $0.exp()
      } gradient: { _, y, upstream in
        upstream * y
      }
    }
    for order in 1...2 {
      let check = try gradientCheck({ exponential($0[0]).square() }, at: [Self.x], order: order)
      #expect(check.passes(tolerance: 1e-4), "\(check)")
    }
    let x = Tensor([0.5], shape: [1])
    var value = exponential(x)
    for _ in 0..<3 { value = try #require(gradients(of: value, withRespectTo: [x])[0]) }
    #expect(abs(try value.scalar() - 1.648_721_3) < 1e-6)
  }

  @Test func severalInputs() throws {
    let (a, b, labels) = (Tensor([2, 3], shape: [2]), Tensor([5, 7], shape: [2]), Tensor.arange(to: 2))
    let product = Tensor.customGradient(of: [a, b, labels]) {
      $0[0] * $0[1]
    } gradient: { inputs, _, upstream in
      [upstream * inputs[1] * 10, nil, nil]
    }
    #expect(try product.values() == [10, 21])
    let slopes = gradients(of: product.sum(), withRespectTo: [a, b])
    #expect(try slopes[0]?.values() == [50, 70])
    #expect(slopes[1] == nil)
  }

  /// As for every rule: what is larger than the input is summed, what is smaller repeated.
  @Test func gradientsBroadcast() throws {
    let x = Tensor([3], shape: [1])
    let repeated = Tensor.customGradient(of: x) {
      $0.broadcast(to: [2, 4])
    } gradient: { _, _, upstream in
      upstream
    }
    #expect(try gradient(repeated.sum(), x) == [8])
    let mean = Tensor.customGradient(of: Self.x) {
      $0.mean()
    } gradient: { _, _, upstream in
      upstream
    }
    #expect(mean.failure == nil)
  }

  /// Nothing passes to the operations of the function.
  @Test func theFunctionItselfIsConstant() throws {
    let (x, weight) = (Self.x, Tensor([2, 2, 2], shape: [3]))
    let y = Tensor.customGradient(of: x) {
      $0 * weight
    } gradient: { _, _, upstream in
      upstream
    }
    let slopes = gradients(of: y.sum(), withRespectTo: [x, weight])
    #expect(try slopes[0]?.values() == [1, 1, 1])
    #expect(slopes[1] == nil)
  }

  /// A closure has no identity, so it must not be part of a plan's key: a step that is recorded anew would be compiled
  /// anew. A number in the rule is data, so another one needs no other plan.
  @Test func aPlanIsReused() throws {
    func step(_ factor: Float) throws -> (key: Request.Key, gradient: [Float]) {
      let x = Self.x
      let y = Tensor.customGradient(of: x) {
        $0.tanh()
      } gradient: { _, _, upstream in
        upstream * factor
      }
      let slope = try #require(gradients(of: y.sum(), withRespectTo: [x])[0])
      let key = try Executor.shared.withLock { _ throws(TensorError) in
        try Request(outputs: [y, slope], assignments: []).key
      }
      return (key, try slope.values())
    }
    let (first, again, other) = (try step(2), try step(2), try step(3))
    #expect(first.key == again.key)
    #expect(first.key == other.key)
    #expect(first.gradient == [2, 2, 2] && other.gradient == [3, 3, 3])
  }

  @Test func rulesThatDoNotFit() throws {
    let x = Self.x
    let rules: [(String, CustomGradient.Rule)] = [
      ("0 gradients for 1 inputs", { _, _, _ in [] }),
      ("2 gradients for 1 inputs", { _, _, upstream in [upstream, upstream] }),
      ("float32 [2] as the gradient of float32 [3]", { _, _, _ in [.ones([2])] }),
      ("int32 [3] as the gradient", { _, _, upstream in [upstream.cast(to: .int32)] }),
      ("do not broadcast", { _, _, upstream in [upstream + .ones([2])] }),
    ]
    for (sentence, rule) in rules {
      let y = Tensor.customGradient(of: [x], { $0[0] }, gradient: rule)
      #expect(try y.values() == x.values())
      let failure = try #require(gradients(of: y.sum(), withRespectTo: [x])[0]?.failure)
      #expect(failure.message.contains(sentence), "\(failure)")
    }
    let failed = Tensor.customGradient(of: x) {
      $0.reshaped(to: [7])
    } gradient: { _, _, upstream in
      upstream
    }
    #expect(failed.failure?.message.contains("[7]") == true)
  }
}
