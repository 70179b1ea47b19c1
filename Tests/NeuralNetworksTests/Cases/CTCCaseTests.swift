import NeuralNetworks
import Testing

@testable import Tensors

/// The loss of connectionist temporal classification and its gradients against PyTorch's.
@Suite struct CTCCaseTests {
  @Test(arguments: try ModuleCase.all(in: "ctc"), [DType.float32, .float64])
  func matchesPyTorch(_ example: ModuleCase, type: DType) throws {
    func whole(_ name: String, _ shape: [Int]) throws -> Tensor {
      Tensor(try #require(example.numbers(name)).map { Int32($0) }, shape: shape)
    }
    try example.results.check(Activation.none, as: type) { _, inputs in
      let logits = try #require(inputs["logits"])
      return [
        "output": ctcLoss(
          logProbabilities: logits.logSoftmax(), targets: try whole("targets", [3, 4]),
          inputLengths: try whole("inputLengths", [3]), targetLengths: try whole("targetLengths", [3]),
          blank: Int(example.number("blank") ?? 0), zeroInfinity: example.flag("zeroInfinity"),
          reduction: example.text("reduction").flatMap(LossReduction.init) ?? .mean)
      ]
    }
  }

  @Test func thereAreAllCases() throws { #expect(try ModuleCase.all(in: "ctc").count == 15) }

  @Test func whatIsNotValidHasNoLoss() throws {
    let logProbabilities = Tensor.zeros([3, 5, 4]).logSoftmax()
    let targets = Tensor([1, 2, 1, 1, 1, 9, 1, 1, 1, 1] as [Int32], shape: [5, 2])
    let losses = ctcLosses(
      logProbabilities: logProbabilities, targets: targets,
      inputLengths: Tensor([3, 2, 3, 4, 0] as [Int32], shape: [5]),
      targetLengths: Tensor([2, 2, 2, 1, 0] as [Int32], shape: [5]))
    for values in [try losses.values(), try ReferenceInterpreter().evaluate([losses])[0].floats.map { Float($0) }] {
      #expect(values[0].isFinite)
      #expect(values[1] == .infinity)
      #expect(values[2].isNaN && values[3].isNaN)
      #expect(values[4] == 0)
    }
    let gradient = gradients(of: losses.sum(), withRespectTo: [logProbabilities])[0]
    let slopes = try #require(try gradient?.values())
    #expect(slopes.enumerated().allSatisfy { $0.offset / 4 % 5 == 0 || $0.element == 0 })
  }

  @Test func operandsThatDoNotFitAreNamed() throws {
    let (x, targets, lengths) = (
      Tensor.zeros([3, 2, 4]), Tensor.zeros([2, 1], dtype: .int32), Tensor.ones([2], dtype: .int32)
    )
    func loss(_ x: Tensor, _ targets: Tensor, _ inputs: Tensor, _ lengths: Tensor, blank: Int = 0) -> TensorError? {
      ctcLoss(
        logProbabilities: x, targets: targets, inputLengths: inputs, targetLengths: lengths, blank: blank
      ).failure
    }
    #expect(loss(x, targets, lengths, lengths) == nil)
    for error in [
      loss(x[0], targets, lengths, lengths), loss(x, targets[0], lengths, lengths), loss(x, lengths, targets, lengths),
      loss(x, targets, lengths, Tensor.ones([3], dtype: .int32)), loss(x, targets, lengths, lengths, blank: 4),
      loss(x, targets.cast(to: .float32), lengths, lengths),
    ] {
      #expect(error?.message.hasPrefix("ctc: ") == true, "\(error?.message ?? "no error")")
    }
  }
}
