import Testing

@testable import Tensors

/// From recorded tensors to values: plans, updates in place, errors as values.
@Suite struct EngineTests {
  @Test func computesValues() throws {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let y = (x * 2 + Tensor([10, 20, 30], shape: [3])).sum(axes: [1])
    #expect(try y.values() == [72, 90])
    #expect(try x.transposed.matmul(x).values() == [17, 22, 27, 22, 29, 36, 27, 36, 45])
    #expect(try x.permuted([1, 0]).reshaped(to: [6]).values() == [1, 4, 2, 5, 3, 6])
  }

  @Test func differentiates() throws {
    let x = Tensor([1, 2, 3], shape: [3])
    let y = (x * x * x).sum()
    let first = try #require(gradients(of: y, withRespectTo: [x])[0])
    #expect(try first.values() == [3, 12, 27])
    let second = try #require(gradients(of: first.sum(), withRespectTo: [x])[0])
    #expect(try second.values() == [6, 12, 18])
  }

  @Test func updatesVariables() throws {
    let weight = try Variable([1, 2], shape: [2], name: "weight")
    let old = weight.tensor.sum()
    let loss = weight.tensor.square().sum()
    let slope = try #require(gradients(of: loss, withRespectTo: [weight.tensor])[0])
    try evaluate([loss], assigning: [(weight, weight.tensor - 0.25 * slope)])
    #expect(try weight.values() == [0.5, 1])
    #expect(try loss.scalar() == 5)  // the value from before the update
    #expect(try old.scalar() == 3)  // it keeps the values it was recorded with
  }

  @Test func exchangesVariables() throws {
    let (a, b) = (try Variable([1], shape: [1], name: "a"), try Variable([2], shape: [1], name: "b"))
    try evaluate([], assigning: [(a, b.tensor), (b, a.tensor)])
    #expect(try a.values() == [2])
    #expect(try b.values() == [1])
  }

  /// `b` is read after the value is made, so it takes a copy; `a` is not, so the value is written directly into it.
  @Test func twoVariablesTakeOverOneValue() throws {
    for count in [1, 3, 100] {
      func variable(_ name: String, _ value: Float) throws -> Variable {
        try Variable([Float](repeating: value, count: count), shape: [count], name: name)
      }
      let (a, b) = (try variable("a", 3), try variable("b", 5))
      let (value, sum) = (a.tensor * 2, b.tensor.sum())
      try evaluate([sum], assigning: [(b, value), (a, value)])
      #expect(try sum.scalar() == Float(5 * count))
      #expect(try a.values() == [Float](repeating: 6, count: count))
      #expect(try b.values() == [Float](repeating: 6, count: count))
    }
  }

  /// Both parts of the join are views of one buffer, so what writes it must not be redirected into one of them.
  @Test func joinsPartsOfOneValue() throws {
    let t = Tensor([1, 2, 3, 4, 5], shape: [5]).square()
    let padded = Tensor.concatenated([t, t.sliced(starts: [2], shape: [1])], axis: 0)
    #expect(try padded.values() == [1, 4, 9, 16, 25, 9])
    let circular = Tensor.concatenated(
      [t.sliced(starts: [4], shape: [1]), t, t.sliced(starts: [0], shape: [1])], axis: 0)
    #expect(try circular.values() == [25, 1, 4, 9, 16, 25, 1])
  }

  @Test func differentiatesTwiceThroughJoinedParts() throws {
    let w = Tensor([1, 2, 3], shape: [3])
    let joined = Tensor.concatenated([w, w.sliced(starts: [1], shape: [1])], axis: 0)
    let first = try #require(gradients(of: (joined.square() * joined).sum(), withRespectTo: [w])[0])
    #expect(try first.values() == [3, 24, 27])  // 3 w², twice where the element is joined twice
    let second = try #require(gradients(of: first.square().sum(), withRespectTo: [w])[0])
    #expect(try second.values() == [36, 1152, 972])  // 2 (3 w²) (6 w); 2 (6 w²) (12 w) in the middle
  }

  /// Every right side is the value before any assignment.
  @Test(arguments: [false, true]) func assignmentsReadTheOldValues(transposed: Bool) throws {
    let a = try Variable([1, 2, 3, 4], shape: [2, 2], name: "a")
    let b = try Variable([0, 0, 0, 0], shape: [2, 2], name: "b")
    try evaluate([], assigning: [(a, a.tensor + 10), (b, transposed ? a.tensor.transposed : a.tensor)])
    #expect(try a.values() == [11, 12, 13, 14])
    #expect(try b.values() == (transposed ? [1, 3, 2, 4] : [1, 2, 3, 4]))
  }

  @Test func failsWithAValue() throws {
    let x = Tensor([Float](repeating: 0, count: 6), shape: [2, 3])
    let product = x.matmul(x)
    #expect(product.failure?.message.contains("[2, 3] · [2, 3]") == true)
    #expect(throws: TensorError.self) { try (product + 1).relu().sum().values() }
    #expect(Tensor([1, 2], shape: [3]).failure != nil)
  }
}
