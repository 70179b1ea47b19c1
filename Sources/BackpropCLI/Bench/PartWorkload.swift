import Backprop

/// A part that networks are made of, alone: a training step of a block, or an operation.
struct PartWorkload: Workload {
  enum Part: String, Sendable, CaseIterable {
    /// A depthwise and a pointwise convolution with batch normalization, as mobile networks have.
    case depthwise
    /// A small U-Net.
    case unet
    case groupNorm = "group-norm"
    /// The ten largest of each row.
    case topK = "top-k"
    case sort
    /// A table of 1,000,000 vectors of which a step uses 4,096.
    case embedding
    /// The same in a loop without `CompiledStep`.
    case embeddingLoop = "embedding-loop"
  }

  let part: Part

  init(_ part: Part) { self.part = part }

  var name: String { part.rawValue }
  /// Memory bounds most of them.
  var flopsPerStep: Int { 0 }

  private static let rows: Shape = [1024, 4096]

  func prepare() throws -> Job {
    switch part {
    case .depthwise:
      let block = Sequential {
        NormalizedConv2D(64, 64, kernelSize: 3, padding: .same, groups: 64)
        Activation.relu
        NormalizedConv2D(64, 128, kernelSize: 1)
        Activation.relu
      }
      return try training(block, on: [32, 64, 56, 56])
    case .unet: return try training(UNet(), on: [8, 3, 64, 64])
    case .groupNorm: return try training(GroupNorm(64, groups: 8), on: [32, 64, 56, 56])
    case .topK:
      return try operation {
        let (values, indices) = $0.topK(10)
        return [values, indices]
      }
    case .sort: return try operation { [$0.sorted()] }
    case .embedding, .embeddingLoop: return try embedding(isCompiled: part == .embedding)
    }
  }

  private func normal(_ shape: Shape) throws -> Tensor {
    Tensor(try Random.current.normal(count: shape.elementCount), shape: Array(shape))
  }

  /// Steps of gradient descent along a mean of squares.
  private func training<Model: Layer>(_ model: Model, on shape: Shape) throws -> Job {
    let step = CompiledStep(with: GradientDescent(for: model, learningRate: 1e-3), for: model) { model, inputs in
      model(inputs[0]).square().mean()
    }
    let images = try normal(shape)
    return Job(parameters: model.parameterCount) { _ = try step([images])[0].scalar() }
  }

  private func operation(_ body: @escaping (Tensor) -> [Tensor]) throws -> Job {
    let variable = try Variable(
      try Random.current.normal(count: Self.rows.elementCount), shape: Self.rows, name: "rows")
    return Job(parameters: 0) { try evaluate(body(variable.tensor)) }
  }

  /// Adam on the used rows alone, along the mean of their squares.
  private func embedding(isCompiled: Bool) throws -> Job {
    let table = Embedding(1_000_000, 100, updatesOnlyUsedRows: true)
    let optimizer = Adam(for: table, learningRate: 1e-3)
    var generator = SeededGenerator(seed: 0)
    let ids = Tensor((0..<4096).map { _ in Int32.random(in: 0..<1_000_000, using: &generator) }, shape: [4096])
    let step = CompiledStep(with: optimizer, for: table) { table, inputs in table(inputs[0]).square().mean() }
    return Job(parameters: table.parameterCount) {
      if isCompiled {
        _ = try step([ids])[0].scalar()
      } else {
        let (loss, gradients) = valueAndGradient(of: table) { $0(ids).square().mean() }
        try optimizer.update(along: gradients)
        _ = try loss.scalar()
      }
    }
  }
}

/// Three levels of 16, 32 and 64 channels, with padding and batch normalization.
private struct UNet: Layer {
  let descent = [block(3, 16), block(16, 32)]
  let bottom = block(32, 64)
  let enlargement = [(64, 32), (32, 16)].map { ConvTranspose2D($0, $1, kernelSize: 2, stride: 2) }
  let ascent = [block(64, 32), block(32, 16)]
  let output = Conv2D(16, 1, kernelSize: 1)

  private static func block(_ inputs: Int, _ outputs: Int) -> Sequential {
    Sequential {
      NormalizedConv2D(inputs, outputs, kernelSize: 3, padding: .same)
      Activation.relu
      NormalizedConv2D(outputs, outputs, kernelSize: 3, padding: .same)
      Activation.relu
    }
  }

  func callAsFunction(_ images: Tensor) -> Tensor {
    let pool = MaxPool2D(2)
    var (x, seen) = (images, [Tensor]())
    for block in descent {
      seen.append(block(x))
      x = pool(seen[seen.count - 1])
    }
    x = bottom(x)
    for (enlarge, block) in zip(enlargement, ascent) {
      x = block(.concatenated([seen.removeLast(), enlarge(x)], axis: 1))
    }
    return output(x)
  }
}
