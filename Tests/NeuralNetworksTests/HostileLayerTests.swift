import Models
import NeuralNetworks
import Tensors
import Testing

/// The error of a call with an invalid argument; `nil` where there is none.
func outcome(of make: () throws -> [Tensor]) -> String? {
  do {
    try evaluate(try make())
    return nil
  } catch {
    return "\(error)"
  }
}

/// Whether it reads like a sentence rather than like internals of a program.
func isSentence(_ text: String) -> Bool {
  text.count > 15 && text.contains(" ")
    && !["Optional(", "Error(", "internal error", "Node"].contains { text.contains($0) }
}

/// Invalid arguments of layers, optimizers, schedules and ready networks.
@Suite struct HostileLayerTests {
  private static let huge = 1 << 42
  private static let numbers = [Int.min, -huge, -1, 0, 1, 2, 3, huge, Int.max / 2 + 1, Int.max]
  private static let fractions: [Double] = [-.infinity, -1, 0, 0.5, 1, 1e300, .infinity, .nan]

  private static var sequence: Tensor { .ones([1, 3, 4]) }
  private static var images: Tensor { .ones([1, 2, 5, 5]) }
  private static var ids: Tensor { Tensor([0, 1] as [Int32], shape: [1, 2]) }

  /// Layers by one of their sizes, on an input that some sizes fit.
  private static let layers: [(String, @Sendable (Int) throws -> [Tensor])] = [
    ("Dense", { [Dense($0, 2)(sequence), Dense(4, $0)(sequence)] }),
    (
      "BatchNorm",
      { n in [training { BatchNorm(n)(images) }, BatchNorm(n).apply(images), inference { BatchNorm(n)(images) }] }
    ),
    ("BatchNorm of nothing", { [BatchNorm($0).apply(.zeros([2, 0]))] }),
    ("LayerNorm", { [LayerNorm($0)(sequence)] }),
    ("GroupNorm", { [GroupNorm($0, groups: 1)(images), GroupNorm(2, groups: $0).apply(images)] }),
    ("Embedding", { [Embedding($0, 2)(ids), Embedding(2, $0)(ids), Embedding(2, $0).logits(sequence)] }),
    ("Conv2D channels", { [Conv2D($0, 2, kernelSize: 3)(images), Conv2D(2, $0, kernelSize: 3)(images)] }),
    (
      "Conv2D kernel",
      { [Conv2D(2, 2, kernelSize: SpatialSize($0))(images), Conv2D(2, 2, kernelSize: [1, $0]).apply(images)] }
    ),
    ("Conv2D stride", { [Conv2D(2, 2, kernelSize: 3, stride: SpatialSize($0))(images)] }),
    (
      "Conv2D same",
      { n in
        let layer = Conv2D(
          2, 2, kernelSize: SpatialSize(n), stride: SpatialSize(n), padding: .same, dilation: SpatialSize(n))
        return [layer(images), layer.apply(images)]
      }
    ),
    ("Conv2D padding", { [Conv2D(2, 2, kernelSize: 1, padding: .explicit(SpatialSize($0)))(images)] }),
    ("Conv2D dilation", { [Conv2D(2, 2, kernelSize: 3, padding: .same, dilation: SpatialSize($0))(images)] }),
    ("Conv2D groups", { [Conv2D(2, 2, kernelSize: 1, groups: $0)(images)] }),
    (
      "MaxPool2D",
      { [MaxPool2D(SpatialSize($0))(images), MaxPool2D(2, stride: SpatialSize($0), padding: .same).apply(images)] }
    ),
    ("AveragePool2D", { [AveragePool2D(2, padding: .explicit(SpatialSize($0)))(images)] }),
    (
      "Conv1D",
      { n in
        let size = SpatialSize(n)
        let layer = Conv1D(2, 2, kernelSize: size, stride: size, padding: .same, dilation: size)
        return [layer(sequence), layer.apply(.ones([2, 2, 5])), Conv1D(2, 2, kernelSize: 2, groups: n)(sequence)]
      }
    ),
    (
      "Conv3D",
      { n in
        let layer = Conv3D(2, 2, kernelSize: [n, 1, 1], padding: .explicit(SpatialSize(n)), paddingMode: .circular)
        return [layer(.ones([1, 2, 3, 3, 3])), Conv3D(2, 2, kernelSize: [n, n])(images), layer.apply(images)]
      }
    ),
    (
      "ConvTranspose",
      { n in
        let size = SpatialSize(n)
        return [
          ConvTranspose1D(2, 2, kernelSize: 2, stride: size, padding: .same)(.ones([1, 2, 3])),
          ConvTranspose2D(2, 2, kernelSize: 2, outputPadding: size)(images),
          ConvTranspose3D(n, 2, kernelSize: 2, padding: .explicit(size), dilation: size)(.ones([1, 2, 3, 3, 3])),
          ConvTranspose2D(2, n, kernelSize: size, groups: n).apply(images),
        ]
      }
    ),
    (
      "pooling",
      { n in
        let size = SpatialSize(n)
        return [
          MaxPool1D(size, roundsUp: true)(.ones([1, 2, 5])), MaxPool2D(2, dilation: size)(images),
          AveragePool3D(2, stride: size, padding: .explicit(size), roundsUp: true)(.ones([1, 2, 3, 3, 3])),
          LpPool(power: Double(n), 2)(images), LpPool(power: 2, size, stride: size)(images),
          Pad(size, mode: .reflect)(images), Pad(size, end: 0, mode: .replicate)(sequence),
        ]
      }
    ),
    (
      "resizing",
      { n in
        let size = SpatialSize(n)
        return [
          Upsample(by: size)(images), Upsample(to: size, mode: .cubic, antialiases: true)(images),
          AdaptiveAveragePool(to: size)(images), AdaptiveMaxPool(to: size)(images),
          FractionalMaxPool(size, to: 2)(images),
          NeuralNetworks.Unfold(size, padding: .explicit(size))(images), ChannelShuffle(groups: n)(images),
          NeuralNetworks.Fold(to: size, 2, stride: size, padding: .same)(.ones([1, 8, 4])),
        ]
      }
    ),
    (
      "operations",
      { n in
        let (shape, layers): (Shape, [any NamedLayer]) = (
          [2, n, n, n],
          [
            Dense(2, n), Conv2D(2, 3, kernelSize: SpatialSize(n)), MaxPool2D(SpatialSize(n)),
            ConvTranspose2D(2, 3, kernelSize: SpatialSize(n)), LpPool(power: 2, SpatialSize(n)),
            Upsample(by: SpatialSize(n)), BatchNorm(2),
            LayerNorm(2),
            GroupNorm(2, groups: 1),
            MultiHeadAttention(n, heads: 1), Recurrent.lstm(2, 3), GlobalAveragePool2D(),
          ]
        )
        for layer in layers {
          _ = (
            layer.operations(input: shape, output: shape), layer.operations(input: [n, n, n], output: [n]),
            layer.summary
          )
        }
        return []
      }
    ),
    ("lstm", { [Recurrent.lstm($0, 2)(sequence), Recurrent.lstm(4, $0, bidirectional: true)(sequence)] }),
    ("gru", { [Recurrent.gru(4, $0, layers: 2, bidirectional: true)(sequence)] }),
    ("rnn", { [Recurrent.rnn($0, $0, layers: 3)(sequence), Recurrent.rnn(4, 2, layers: $0 % 4096)(sequence)] }),
    ("layers", { n in n > 4096 ? [] : [Recurrent.lstm(4, 2, layers: n)(sequence)] }),
    ("MultiHeadAttention", { [MultiHeadAttention($0, heads: 2)(sequence)] }),
    (
      "heads",
      { [MultiHeadAttention(4, heads: $0)(sequence), MultiHeadAttention(4, heads: 2, keyValueHeads: $0)(sequence)] }
    ),
    (
      "context",
      { n in
        let layer = MultiHeadAttention(4, heads: 2, contextWidth: n)
        return [layer(sequence, context: .zeros([1, 2, n]), lengths: nil)]
      }
    ),
    ("rotary positions", { [Tensor.zeros([1, 1, 2, $0]).rotated(by: Tensor([0, 1] as [Int32], shape: [2]))] }),
    (
      "cache",
      { n in
        let cache = AttentionCache(batch: 1, heads: 2, capacity: n, width: 2)
        let grown = AttentionCache(batch: 1, heads: 2, capacity: 1, width: 2).grown(to: n)
        return [MultiHeadAttention(4, heads: 2, isCausal: true)(sequence, cache: cache).output, grown.keys, cache.keys]
      }
    ),
    (
      "TransformerBlock",
      { [TransformerBlock($0, heads: 2)(sequence), TransformerBlock(4, heads: 2, hidden: $0)(sequence)] }
    ),
    ("ResidualBlock", { [ResidualBlock($0, 2)(images), ResidualBlock(2, 3, stride: $0)(images)] }),
    ("ResidualBlock outputs", { n in [inference { ResidualBlock(2, n)(images) }] }),
    ("sinusoidal positions", { n in [sinusoidalPositions(n, width: 2), sinusoidalPositions(1, width: n)] }),
    (
      "parameter",
      { n in
        [Parameter([1], shape: [n], name: "p").tensor, Parameter(.zeros, shape: [n, n], fanIn: n, fanOut: n).tensor]
      }
    ),
    ("buffer", { [Buffer(repeating: 1, shape: [$0, $0, 2]).tensor, Buffer([1], shape: [$0]).tensor] }),
    (
      "initializer",
      { n in
        _ = try Initializer.heNormal.values(shape: [n], fanIn: n, fanOut: n)
        _ = try Initializer.zeros.values(shape: [n], fanIn: n, fanOut: n)
        return []
      }
    ),
    (
      "ready networks",
      { n in
        return [
          makePerceptron(inputShape: [2, 5, 5], classes: n)(images),
          makePerceptron(inputShape: [2, n, n], classes: 2)(images),
          makeConvolutionalNetwork(inputShape: [2, n, n], classes: 2)(images),
          RowClassifier(.lstm, inputShape: [n, 5, n], classes: 2, hidden: 2)(images),
          VisionTransformer(inputShape: [n, n, n], classes: 2, width: 4)(images),
          VisionTransformer(inputShape: [2, 5, 5], classes: 2, width: n)(images),
        ]
      }
    ),
    (
      "depths",
      { n in
        guard n < 1 || n > 1024 else { return [] }
        let transformer = Transformer(.init(vocabulary: 2, context: 4, width: 4, layers: n, heads: 2))
        return [
          ResNet(inputChannels: 2, classes: 2, blocksPerGroup: n)(images),
          n == 0 ? .failed(TensorError("no layers at all")) : transformer(ids),
          VisionTransformer(inputShape: [2, 5, 5], classes: 2, width: 4, layers: n == 0 ? -1 : n)(images),
        ]
      }
    ),
    (
      "language models",
      { n in
        let order = NeuralProbabilisticModel(vocabulary: 2, order: n, width: 2, hidden: 2)
        let transformer = Transformer(.init(vocabulary: 2, context: 4, width: 4, layers: 1, heads: 2))
        let state = transformer.initialState(batch: n, capacity: n)
        return [
          order(ids), RecurrentLanguageModel(.gru, vocabulary: n, embeddingWidth: 2, width: 2, layers: 1)(ids),
          transformer(ids, state: Array(state.prefix(n & 3))).logits, transformer(ids, state: state).logits,
        ] + transformer.grown(state, to: n)
      }
    ),
    (
      "a transformer's sizes",
      { n in
        return [
          Transformer(.init(vocabulary: n, context: 4, width: 4, layers: 1, heads: 2))(ids),
          Transformer(.init(vocabulary: 2, context: n, width: 4, layers: 1, heads: 2, positions: .sinusoidal))(ids),
          Transformer(.init(vocabulary: 2, context: 4, width: n, layers: 1, heads: n))(ids),
        ]
      }
    ),
    (
      "image descriptions",
      { n in
        for description in [
          ModelDescription(kind: .mlp, inputShape: [1, n, n], classes: 2),
          .init(kind: .cnn, inputShape: [n, 8, 8], classes: 2),
          .init(kind: .attention, inputShape: [1, 8, 8], classes: n),
          .init(kind: .lstm, inputShape: [1, 8, 8], classes: 2, hidden: n),
        ] where n < 1 || n > 3 { _ = try description.summary() }
        return []
      }
    ),
    (
      "text descriptions",
      { n in
        guard n < 1 || n >= huge else { return [] }
        let example = LanguageModelDescription(kind: .mlp, vocabulary: 2, context: n).example
        let description = LanguageModelDescription(
          kind: .transformer, vocabulary: 2, context: 4, width: 4, layers: n, heads: n)
        _ = description.window
        _ = try outcome { try description.makeModel().parameterCount }
        return [example]
      }
    ),
  ]

  private static func outcome<Value>(_ body: () throws -> Value) throws -> Value { try body() }

  @Test(arguments: layers.indices) func noSizeTraps(index: Int) {
    let (name, make) = Self.layers[index]
    for number in Self.numbers {
      let text = NeuralNetworksTests.outcome { try make(number) }
      #expect(text.map(isSentence) ?? true, "\(name) \(number): \(text ?? "")")
    }
  }

  private static let impossible: [(String, @Sendable () -> Tensor)] = [
    ("lstm of Int.max", { Recurrent.lstm(.max, .max)(sequence) }),
    ("two layers of half of Int.max", { Recurrent.lstm(1, .max / 2 + 1, layers: 2, bidirectional: true)(sequence) }),
    ("Int.max trials", { Binomial(count: .max, logits: 0).entropy() }),
    ("Int.max draws", { Multinomial(count: .max, logits: .zeros([2])).entropy() }),
    ("upsampling without spatial axes", { Upsample(by: 2)(.ones([3])) }),
    ("joined products of another type", { MultiHeadAttention(4, heads: 2)(.ones([8, 4, 4], dtype: .float64)) }),
    ("no layers", { Recurrent.gru(4, 2, layers: 0)(sequence) }),
    ("Int.max layers", { Recurrent.gru(4, 2, layers: .max)(sequence) }),
    ("Int.max blocks", { ResNet(inputChannels: 2, classes: 2, blocksPerGroup: .max)(images) }),
    ("a block of Int.max", { TransformerBlock(.max, heads: 1)(sequence) }),
    ("dense of Int.max", { Dense(4, .max)(sequence) }),
    ("an own initializer", { Dense(4, 2, initializer: Initializer { _, _, _ in [1] })(sequence) }),
    ("an initializer's bound", { Dense(4, 2, initializer: .uniform(within: .nan))(sequence) }),
    ("an initializer's deviation", { Embedding(2, 2, deviation: .infinity)(ids) }),
    ("dropout of NaN", { Dropout(.nan)(sequence) }),
    ("dropout between layers", { Recurrent.lstm(4, 2, layers: 2, dropout: .nan)(sequence) }),
    ("momentum of NaN", { BatchNorm(2, momentum: .nan)(images) }),
    ("epsilon of NaN", { LayerNorm(4, epsilon: .nan)(sequence) }),
    ("groups that do not divide", { GroupNorm(2, groups: 4)(images) }),
    (
      "a state of the wrong size",
      { Recurrent.lstm(4, 2)(sequence, state: RecurrentState(hidden: [], cell: [])).output }
    ),
    (
      "no state",
      { Transformer(.init(vocabulary: 2, context: 4, width: 4, layers: 1, heads: 2))(ids, state: []).logits }
    ),
    ("nothing between the layers", { Sequential([])(.failed(TensorError("wrong before it came here"))) }),
  ]

  /// Sizes that no layer can have end in a sentence that says so.
  @Test(arguments: impossible.indices) func impossibleLayersSaySo(index: Int) throws {
    let (name, make) = Self.impossible[index]
    let text = try #require(NeuralNetworksTests.outcome { [make()] }, "no error: \(name)")
    #expect(isSentence(text), "\(name): \(text)")
  }

  @Test(arguments: ScheduleName.allCases) func schedulesGiveANumber(name: ScheduleName) {
    for warmup in Self.numbers {
      for final in Self.fractions {
        let schedule = name.schedule(warmupSteps: warmup, finalFraction: final)
        for (step, total) in [(1, 10), (.max, .max), (.min, .min), (.max, .min), (0, 0), (.min, .max), (5, 5)] {
          let factor = schedule.factor(after: step, of: total)
          #expect(0...1 ~= factor, "\(schedule) \(step) of \(total): \(factor)")
        }
      }
    }
  }

  private static let optimizers: [@Sendable (any Layer) -> any Optimizer] = [
    { GradientDescent(for: $0, learningRate: .nan) }, { GradientDescent(for: $0, learningRate: -1) },
    { GradientDescent(for: $0, weightDecay: .infinity) }, { GradientDescent(for: $0, clipNorm: 0) },
    { GradientDescent(for: $0, clipNorm: .nan) }, { Momentum(for: $0, momentum: 1) },
    { Nesterov(for: $0, momentum: -0.5) },
    { MomentumEMA(for: $0, momentum: .nan) }, { AdaGrad(for: $0, epsilon: -1) }, { RMSProp(for: $0, decay: 1) },
    { RMSProp(for: $0, epsilon: .nan) }, { Adam(for: $0, beta1: 1) }, { Adam(for: $0, beta2: .nan) },
    { AdamW(for: $0, weightDecay: -1) }, { AdamW(for: $0, epsilon: .infinity) },
    {
      let optimizer = Adam(for: $0)
      optimizer.stepCount = -1
      return optimizer
    },
    {
      let optimizer = Adam(for: $0)
      optimizer.learningRate = .infinity
      return optimizer
    },
  ]

  /// Invalid settings of optimizers are thrown by the first update; the parameters do not change.
  @Test(arguments: optimizers.indices) func optimizersRefuseSettings(index: Int) throws {
    let make = Self.optimizers[index]
    let model = Dense(2, 1)
    let before = try model.weight.tensor.values()
    let optimizer = make(model)
    let loss = { (model: Dense) in model(Tensor.ones([1, 2])).square().sum() }
    let error = #expect(throws: TensorError.self) {
      try optimizer.update(along: valueAndGradient(of: model, loss).gradients)
    }
    let text = "\(try #require(error))"
    #expect(isSentence(text) && text.contains("\(type(of: optimizer))"), "\(text)")
    let step = CompiledStep(with: optimizer) { _ in valueAndGradient(of: model, loss).gradients }
    #expect(throws: TensorError.self) { try step([]) }
    #expect(try model.weight.tensor.values() == before)
  }

  @Test func stepsCanBeCountedToTheEnd() throws {
    let model = Dense(2, 1)
    let optimizer = Adam(for: model)
    optimizer.stepCount = .max
    try optimizer.update(along: valueAndGradient(of: model) { $0(Tensor.ones([1, 2])).sum() }.gradients)
    #expect(optimizer.stepCount == .max)
  }

  /// A variable that is assigned by the gradients and by a buffer's update at once is named.
  @Test func aVariableIsAssignedOnceInAnUpdate() throws {
    let model = Dense(2, 1)
    var gradients = valueAndGradient(of: model) { $0(Tensor.ones([1, 2])).sum() }.gradients
    gradients.assign(.zeros([2, 1]), to: try model.weight.variable())
    let error = #expect(throws: TensorError.self) { try GradientDescent(for: model).update(along: gradients) }
    #expect(try #require(error).message.contains("weight is assigned twice"))
  }
}
