import Backprop

/// A mixture of experts: a gate chooses two of sixteen small networks for each example, and learns with them which is good at
/// what. Two examples in different corners of the data need not share any weight.
///
/// Sixteen kinds of examples, told by a noisy point on a circle, have each their own linear map to learn, of which the
/// network knows nothing. A dense network that costs as much an example as two experts is trained beside it.
///
/// Measured by R², the share of the variance that is explained.
///
/// Source: Shazeer et al., "Outrageously Large Neural Networks: The Sparsely-Gated Mixture-of-Experts Layer", ICLR 2017:
/// equations 3 to 6, and the balance of importance of section 4, which keeps all experts in use. All are computed here, as
/// sixteen are few.
///
/// Result: R² 0.868, of the dense network 0.551; 1.2 s of one core.
struct MixtureOfExperts: Layer, Program {
  static let name = "experts"
  private static let (experts, width, inputs, outputs) = (16, 16, 8, 4)

  let gate = Dense(inputs, experts, initializer: .zeros)
  let first = Parameter(.heUniform, shape: [experts, inputs, width], fanIn: inputs, fanOut: width)
  let second = Parameter(.glorotUniform, shape: [experts, width, outputs], fanIn: width, fanOut: outputs)

  /// The weight of each expert, 0 for all but two: [batch, inputs] → [batch, experts].
  func gates(_ x: Tensor) -> Tensor {
    let noise = Mode.isTraining ? Tensor.randomNormal([x.shape[0], Self.experts]) * 0.5 : 0
    let logits = gate(x) + noise
    let least = logits.topK(2).values[0..., 1...]
    return Tensor.where(logits.less(than: least), .constant(-.infinity), logits).softmax()
  }

  func callAsFunction(_ x: Tensor) -> Tensor { output(x, gates(x)) }  // [batch, inputs] → [batch, outputs]

  private func output(_ x: Tensor, _ gates: Tensor) -> Tensor {
    let hidden = Tensor.einsum("bi,eiw->ebw", [x, first.tensor]).relu()
    return .einsum("ebw,ewo,be->bo", [hidden, second.tensor, gates])
  }

  /// The mean squared error, and the squared variation coefficient of the experts' importance.
  func loss(_ x: Tensor, _ y: Tensor) -> Tensor {
    let gates = gates(x)
    let importance = gates.sum(axes: [0])
    return meanSquaredError(output(x, gates), y) + 0.1 * importance.variance(correction: 0) / importance.mean().square()
  }

  /// Examples with the maps of the kinds, [16, 6, 4].
  private static func examples(_ count: Int, maps: Tensor) throws -> (x: Tensor, y: Tensor) {
    let kinds = (Tensor.randomUniform([count]) * 16).floor()
    let angles = kinds * .constant(.pi / 8)
    let place = Tensor.stacked([angles.cos(), angles.sin()], axis: 1) * 3 + Tensor.randomNormal([count, 2]) * 0.3
    let rest = Tensor.randomNormal([count, 6])
    let y = Tensor.einsum("bk,kio,bi->bo", [kinds.cast(to: .int32).oneHot(classes: 16), maps, rest])
    let data = try evaluated([.concatenated([place, rest], axis: 1), y])
    return (data[0], data[1])
  }

  static func run(quick: Bool) throws -> Finding {
    let maps = try evaluated([Tensor.randomNormal([16, 6, 4]) / Tensor.constant(6).sqrt()])[0]
    let test = try examples(2000, maps: maps)
    func r2(_ model: some Layer) throws -> Double {
      1 - Double(try (meanSquaredError(model(test.x), test.y) / test.y.square().mean()).scalar())
    }
    let model = MixtureOfExperts()
    let dense = Sequential {
      Dense(inputs, 2 * width, activation: .relu)
      Dense(2 * width, outputs)
    }
    let learn = CompiledStep(with: Adam(for: model, learningRate: 1e-2), for: model) { $0.loss($1[0], $1[1]) }
    let learnDensely = CompiledStep(with: Adam(for: dense, learningRate: 1e-2), for: dense) {
      meanSquaredError($0($1[0]), $1[1])
    }
    for _ in 0..<(quick ? 1000 : 4000) {
      let batch = try examples(128, maps: maps)
      try learn([batch.x, batch.y])
      try learnDensely([batch.x, batch.y])
    }
    let after = try r2(model)
    return Finding(
      value: after,
      text: "R² \(after.decimals(3)) by \(model.parameterCount) parameters, of a dense network with "
        + "\(dense.parameterCount) \(try r2(dense).decimals(3))")
  }
}
