import NeuralNetworks
import Testing

@testable import Tensors

/// What changes from step to step is an input: a `Float` operand is data, a literal part of the plan.
@Suite struct NumberTests {
  @Test func aNumberThatChangesNeedsNoNewPlan() throws {
    let x = Tensor([1, 2, 3], shape: [3])
    let profile = Profile()
    for step in 0..<20 {
      let weight = Float(step) / 4
      let found = try Profile.$current.withValue(profile) { try (x.square() + weight * x - weight).values() }
      #expect(found == [1, 4 + weight, 9 + 2 * weight])
    }
    #expect(profile.plans.count == 1 && profile.plans[0].runs == 20)
  }

  @Test func aLiteralIsPartOfThePlan() throws {
    let x = Tensor([1, 2, 3], shape: [3])
    #expect(try (2 * x + 1).values() == [3, 5, 7])
    #expect(try (x / 0.5 - 1.5).values() == [0.5, 2.5, 4.5])
    #expect((2 * x).node.inputs[0].node.op.constant == 2)
    #expect((x * 1).node.inputs[1].node.op.constant == 1)
    let number: Float = 2
    #expect((x * number).node.inputs[1].node.op.constant == nil)
    #expect((x * .constant(number)).node.inputs[1].node.op.constant == 2)
  }

  @Test func integersAreConvertedForANumber() throws {
    let x = Tensor([1, 2, 3] as [Int32], shape: [3])
    let half: Float = 0.5
    #expect(try (x * 0.5).values() == [0.5, 1, 1.5])
    #expect(try (1 - x * half).values() == [0.5, 0, -0.5])
    #expect((x + Tensor([1, 2, 3], shape: [3])).failure != nil)
  }

  /// It would be frozen: the closure runs once.
  @Test func aNumberInACompiledStepIsAnError() throws {
    let model = Dense(2, 2)
    let optimizer = GradientDescent(for: model, learningRate: 0.1)
    var weight: Float = 0
    let x = Tensor([1, 2], shape: [1, 2])
    let frozen = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { $0(inputs[0]).square().mean() * weight }.gradients
    }
    weight = 0.25
    let before = try model.weight.variable().values()
    let error = #expect(throws: TensorError.self) { try frozen([x]) }
    #expect(error?.message.contains("the number 0.25") == true && error?.message.contains("Tensor.constant") == true)
    #expect(try model.weight.variable().values() == before)

    let given = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { $0(inputs[0]).square().mean() * inputs[1] }.gradients
    }
    let loss = try model(x).square().mean().scalar()
    #expect(try given([x, Tensor(weight)])[0].scalar() == loss * 0.25)
    let stays = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { 0.5 * $0(inputs[0]).square().mean() * .constant(weight) }.gradients
    }
    #expect(try stays([x])[0].scalar().isFinite)
  }
}
