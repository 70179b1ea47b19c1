import NeuralNetworks

@testable import Tensors

/// Layers by their sizes and settings; mistakes in them are errors of their results.
let sweptLayers: [SweptCall] =
  sweptDenseLayers + sweptImageLayers + sweptSequenceLayers + sweptSettings

private func layer(_ name: String, _ make: @escaping @Sendable (SweepArguments) -> any Layer) -> SweptCall {
  SweptCall(name) { a in
    let layer = make(a)
    let x = a.flag() ? a.images(2...5, channels: 4) : a.flag() ? a.tensor(of: [2, 4]) : a.tensor(1...4)
    return a.flag() ? training { layer(x) } : inference { layer(x) }
  }
}

private func count(_ a: SweepArguments) -> Int { a.chance(0.5) ? 4 : a.int(1...4) }

private let sweptDenseLayers: [SweptCall] = [
  layer("Dense") { Dense(count($0), count($0), bias: $0.flag()) },
  layer("PReLU") { PReLU(count($0), initialSlope: $0.float()) },
  layer("RReLU") { RReLU(lower: $0.double(), upper: $0.double()) },
  layer("ELU") { ELU(alpha: $0.double()) }, layer("CELU") { CELU(alpha: $0.double()) },
  layer("Softplus") { NeuralNetworks.Softplus(beta: $0.double(), threshold: $0.double()) },
  layer("LeakyReLU") { LeakyReLU(slope: $0.double()) },
  layer("HardTanh") { HardTanh(min: $0.double(), max: $0.double()) },
  layer("shrinks") { a in
    Sequential {
      HardShrink(a.double())
      SoftShrink(a.double())
      Threshold(a.double(), replacement: a.double())
    }
  },
  layer("Softmax") { NeuralNetworks.Softmax(axis: $0.axis()) },
  layer("LogSoftmax") { LogSoftmax(axis: $0.axis()) }, layer("Softmin") { Softmin(axis: $0.axis()) },
  layer("GLU") { GLU(axis: $0.axis()) }, layer("Softmax2D") { _ in Softmax2D() },
  layer("Dropout") { Dropout($0.float()) }, layer("ChannelDropout") { ChannelDropout($0.float()) },
  layer("AlphaDropout") { AlphaDropout($0.float(), dropsChannels: $0.flag()) },
  layer("StochasticDepth") { StochasticDepth($0.float(), isPerExample: $0.flag()) },
  layer("Flatten") { Flatten(from: $0.axis()) },
  layer("Unflatten") { Unflatten(axis: $0.axis(), to: $0.shape()) },
  layer("LayerNorm") { $0.flag() ? LayerNorm(count($0), epsilon: $0.double()) : LayerNorm(shape: $0.shape()) },
  layer("RMSNorm") { $0.flag() ? RMSNorm(count($0), epsilon: $0.double()) : RMSNorm(shape: $0.shape()) },
  layer("BatchNorm") { NeuralNetworks.BatchNorm(count($0), momentum: $0.float(), epsilon: $0.double()) },
  layer("GroupNorm") { NeuralNetworks.GroupNorm(count($0), groups: $0.int(1...2), epsilon: $0.double()) },
  layer("InstanceNorm") { InstanceNorm(count($0), isAffine: $0.flag(), epsilon: $0.double()) },
  layer("LocalResponseNorm") {
    LocalResponseNorm($0.int(1...3), alpha: $0.double(), beta: $0.double(), k: $0.double())
  },
  layer("WeightNorm") { WeightNorm(Dense(count($0), 2), of: \.weight, axis: $0.int(-2...1)) },
  layer("SpectralNorm") {
    SpectralNorm(Dense(count($0), 2), of: \.weight, axis: $0.int(-2...1), iterations: $0.int(1...2))
  },
  SweptCall("Bilinear") { a in
    Bilinear(count(a), count(a), count(a), bias: a.flag())(a.tensor(of: [2, 4]), a.tensor(of: [2, 4]))
  },
  SweptCall("Embedding") { a in
    let layer = Embedding(a.int(1...4), a.int(1...3), deviation: a.float(), updatesOnlyUsedRows: a.flag())
    return [layer(a.indices([2, 2], below: 3)), layer.logits(a.tensor(1...3)), layer(a.tensor())]
  },
  SweptCall("EmbeddingBag") { a in
    let padding = a.flag() ? nil : Int32(clamping: a.int())
    let layer = EmbeddingBag(a.int(1...4), a.int(1...3), padding: padding, deviation: a.float())
    return [layer(a.indices([2, 2], below: 3)), layer(a.indices([2, 2], below: 3), weights: a.tensor(of: [2, 2]))]
  },
  SweptCall("AdaptiveLogSoftmax") { a in
    let layer = AdaptiveLogSoftmax(
      count(a), classes: a.int(4...6), cutoffs: a.isHostile ? a.ints() : [2, 3], divisor: a.double())
    return layer(a.tensor(of: [2, 4]))
  },
]

private let sweptImageLayers: [SweptCall] = [
  layer("Conv1D") {
    Conv1D(
      count($0), count($0), kernelSize: $0.size(), stride: $0.size(1...2), padding: padding($0),
      paddingMode: $0.any(PaddingMode.self), dilation: $0.size(1...2), groups: $0.int(1...2))
  },
  layer("Conv2D") {
    Conv2D(
      count($0), count($0), kernelSize: $0.size(), stride: $0.size(1...2), padding: padding($0),
      paddingMode: $0.any(PaddingMode.self), dilation: $0.size(1...2), groups: $0.int(1...2))
  },
  layer("Conv3D") {
    Conv3D(
      count($0), count($0), kernelSize: $0.size(), stride: $0.size(1...2), padding: padding($0),
      paddingMode: $0.any(PaddingMode.self), dilation: $0.size(1...2), groups: $0.int(1...2))
  },
  layer("ConvTranspose1D") {
    ConvTranspose1D(
      count($0), count($0), kernelSize: $0.size(), stride: $0.size(1...2), padding: padding($0),
      outputPadding: $0.size(0...1), dilation: $0.size(1...2), groups: $0.int(1...2))
  },
  layer("ConvTranspose2D") {
    ConvTranspose2D(
      count($0), count($0), kernelSize: $0.size(), stride: $0.size(1...2), padding: padding($0),
      outputPadding: $0.size(0...1), dilation: $0.size(1...2), groups: $0.int(1...2))
  },
  layer("ConvTranspose3D") {
    ConvTranspose3D(
      count($0), count($0), kernelSize: $0.size(), stride: $0.size(1...2), padding: padding($0),
      outputPadding: $0.size(0...1), dilation: $0.size(1...2), groups: $0.int(1...2))
  },
  layer("MaxPool") { a in
    let (kernel, stride) = (a.size(), a.flag() ? nil : a.size(1...2))
    let (dilation, roundsUp) = (a.size(1...2), a.flag())
    return switch a.one(of: [1, 2, 3]) {
    case 1: MaxPool1D(kernel, stride: stride, padding: padding(a), dilation: dilation, roundsUp: roundsUp)
    case 2: MaxPool2D(kernel, stride: stride, padding: padding(a), dilation: dilation, roundsUp: roundsUp)
    default: MaxPool3D(kernel, stride: stride, padding: padding(a), dilation: dilation, roundsUp: roundsUp)
    }
  },
  layer("AveragePool") { a in
    let (kernel, stride, roundsUp) = (a.size(), a.flag() ? nil : a.size(1...2), a.flag())
    return switch a.one(of: [1, 2, 3]) {
    case 1: AveragePool1D(kernel, stride: stride, padding: padding(a), roundsUp: roundsUp)
    case 2: AveragePool2D(kernel, stride: stride, padding: padding(a), roundsUp: roundsUp, countsPadding: a.flag())
    default: AveragePool3D(kernel, stride: stride, padding: padding(a), roundsUp: roundsUp)
    }
  },
  layer("LpPool") { LpPool(power: $0.double(), $0.size(), stride: $0.size(1...2), roundsUp: $0.flag()) },
  layer("AdaptiveAveragePool") { AdaptiveAveragePool(to: $0.size()) },
  layer("AdaptiveMaxPool") { AdaptiveMaxPool(to: $0.size()) },
  layer("FractionalMaxPool") { FractionalMaxPool($0.size(1...2), to: $0.size()) },
  layer("global pools") { a in a.flag() ? GlobalAveragePool() as any Layer : GlobalMaxPool() },
  layer("Pad") { Pad($0.size(), end: $0.size(), mode: $0.any(PaddingMode.self), value: $0.double()) },
  layer("PixelShuffle") { PixelShuffle($0.int(1...2)) }, layer("PixelUnshuffle") { PixelUnshuffle($0.int(1...2)) },
  layer("ChannelShuffle") { ChannelShuffle(groups: $0.int(1...2)) },
  layer("Unfold") { NeuralNetworks.Unfold($0.size(), stride: $0.size(), padding: padding($0), dilation: $0.size()) },
  layer("Fold") {
    NeuralNetworks.Fold(to: $0.size(), $0.size(), stride: $0.size(), padding: padding($0), dilation: $0.size())
  },
  layer("Upsample") {
    $0.flag()
      ? Upsample(by: $0.size(), mode: $0.any(ResizeMode.self), alignsCorners: $0.flag())
      : Upsample(to: $0.size(), mode: $0.any(ResizeMode.self), alignsCorners: $0.flag(), antialiases: $0.flag())
  },
  layer("SqueezeExcitation") { SqueezeExcitation(count($0), reduced: $0.flag() ? nil : $0.int(1...3)) },
  layer("ResidualBlock") { ResidualBlock(count($0), count($0), stride: $0.int(1...2)) },
  layer("InvertedResidualBlock") {
    InvertedResidualBlock(count($0), count($0), expansion: $0.int(1...2), stride: $0.int(1...2))
  },
  layer("NormalizedConv2D") {
    NormalizedConv2D(count($0), count($0), kernelSize: $0.size(), padding: padding($0), groups: $0.int(1...2))
  },
]

private func padding(_ a: SweepArguments) -> Padding {
  let kinds: [Padding] = [
    .valid, .same, .explicit(a.size(0...1)), .asymmetric(begin: a.size(0...1), end: a.size(0...1)),
  ]
  return a.one(of: kinds)
}

private let sweptSequenceLayers: [SweptCall] = [
  layer("Recurrent") { a in
    let layers = a.isHostile ? a.one(of: [Int.min, -1, 0, 1, 2, .max]) : 2
    return Recurrent(
      a.any(RecurrentCell.self), count(a), count(a), layers: layers, bidirectional: a.flag(), dropout: a.float())
  },
  SweptCall("Recurrent's state") { a in
    let layer = Recurrent.lstm(4, 3, bidirectional: a.flag())
    let state = RecurrentState(hidden: a.tensors(), cell: a.tensors())
    let all = layer(a.tensor(of: [2, 3, 4]), state: a.flag() ? nil : state, lengths: a.flag() ? nil : a.tensor())
    return [all.output] + all.state.hidden
  },
  SweptCall("recurrent cells") { a in
    let (inputs, size) = (a.isHostile ? a.int() : 4, a.isHostile ? a.int() : 3)
    let (x, hidden) = (a.tensor(of: [2, 4]), a.flag() ? nil : a.tensor(of: [2, 3]))
    let lstm = LSTMCell(inputs, size)(x, hidden.map { ($0, $0) })
    return [RNNCell(inputs, size)(x, hidden), GRUCell(inputs, size)(x, hidden), lstm.hidden, lstm.cell]
  },
  SweptCall("MultiHeadAttention") { a in
    let layer = MultiHeadAttention(
      count(a), heads: a.int(1...2), keyValueHeads: a.flag() ? nil : a.int(1...2), isCausal: a.flag(),
      isRotary: a.flag(), contextWidth: a.flag() ? nil : count(a), window: a.flag() ? nil : a.int(1...3),
      dropout: a.isHostile ? a.float() : 0)
    let x = a.tensor(of: [2, 3, 4])
    return [
      layer(x),
      layer(
        x, context: a.flag() ? nil : a.tensor(of: [2, 5, 4]), lengths: a.flag() ? nil : a.tensor(),
        mask: a.flag() ? nil : a.tensor(), bias: a.flag() ? nil : a.tensor()),
    ]
  },
  SweptCall("AttentionCache") { a in
    let cache = AttentionCache(
      batch: a.int(1...2), heads: a.int(1...2), capacity: a.int(1...4), width: a.int(1...4), dtype: a.any(DType.self))
    let added = cache.adding(keys: a.tensor(4...4), values: a.tensor(4...4)).grown(to: a.int(1...5))
    let own = AttentionCache(keys: a.tensor(4...4), values: a.tensor(4...4), length: a.tensor())
    let layer = MultiHeadAttention(4, heads: 2, isCausal: true)
    return [added.keys, added.values, layer(a.tensor(of: [2, 3, 4]), cache: own).output, own.grown(to: a.int()).keys]
  },
  SweptCall("TransformerBlock") { a in
    let block = TransformerBlock(
      count(a), heads: a.int(1...2), keyValueHeads: a.flag() ? nil : a.int(1...2),
      hidden: a.flag() ? nil : a.int(1...4),
      isCausal: a.flag(), isRotary: a.flag(), contextWidth: a.flag() ? nil : count(a),
      window: a.flag() ? nil : a.int(1...3), dropout: a.float(), attentionDropout: a.isHostile ? a.float() : 0)
    return block(
      a.tensor(of: [2, 3, 4]), lengths: a.flag() ? nil : a.tensor(), context: a.flag() ? nil : a.tensor(of: [2, 5, 4]),
      mask: a.flag() ? nil : a.tensor())
  },
  SweptCall("EncoderDecoderTransformer") { a in
    func blocks() -> Int { a.isHostile ? a.one(of: [Int.min, -1, 0, 1, .max]) : 1 }
    let layer = EncoderDecoderTransformer(
      count(a), heads: a.int(1...2), blocks: blocks(), decoderBlocks: a.flag() ? nil : blocks(), hidden: a.int(1...4),
      dropout: a.float())
    return layer(
      a.tensor(of: [2, 3, 4]), a.tensor(of: [2, 2, 4]), sourceLengths: a.flag() ? nil : a.tensor(),
      targetLengths: a.flag() ? nil : a.tensor())
  },
  SweptCall("positions") { a in
    [sinusoidalPositions(a.int(1...4), width: a.int(1...4)), a.tensor(of: [2, 1, 3, 4]).rotated(by: a.tensor(1...1))]
  },
]

private let sweptSettings: [SweptCall] = [
  SweptCall("initializers") { a in
    let all: [Initializer] = [
      .zeros, .heNormal, .glorotUniform, .lecunNormal, .constant(a.float()), .dirac(groups: a.int(1...2)),
      .orthogonal(gain: a.float()), .sparse(a.double(), deviation: a.float()), .glorotUniform(gain: a.double()),
      .heUniform(slope: a.double(), keeping: .output), .uniform(within: a.float()),
      .normal(mean: a.float(), deviation: a.float()),
      .truncatedNormal(mean: a.float(), deviation: a.float(), within: a.float()),
    ]
    let shape = a.shape()
    let values = try a.one(of: all).values(shape: shape, fanIn: a.int(), fanOut: a.int())
    return Tensor(values, shape: shape.dimensions)
  },
  SweptCall("Parameter") { a in
    [
      Parameter([1, 2], shape: a.shape(), name: "p").tensor,
      Parameter(.heNormal, shape: a.shape(), fanIn: a.int(), fanOut: a.int()).tensor,
      Buffer(repeating: a.float(), shape: a.shape()).tensor,
    ]
  },
  SweptCall("schedules") { a in
    func inRange() -> ClosedRange<Double>? {
      let (low, high) = (a.double(), a.double())
      return low <= high ? low...high : nil
    }
    let schedules: [LearningRateSchedule] = [
      .step(every: a.int(), by: a.double()), .multiStep(at: a.ints(), by: a.double()),
      .multiStep(atShares: [a.double(), a.double()], by: a.double()), .exponential(decay: a.double()),
      .multiplicative { _ in .nan }, .linear(from: a.double(), to: a.double(), over: a.int()),
      .polynomial(power: a.double(), to: a.double(), over: a.int()), .cosine(to: a.double(), over: a.int()),
      .inverseSquareRoot(warmupSteps: a.int()),
      .cosineWithRestarts(period: a.int(), growth: a.int(), to: a.double()),
      .cyclic(
        from: a.double(), rise: a.int(), fall: a.flag() ? nil : a.int(), halves: a.flag(), decay: a.double(),
        momentum: inRange()),
      .oneCycle(rise: a.double(), from: a.double(), to: a.double(), momentum: inRange()),
      .oneCycle(riseSteps: a.int(), from: a.double(), to: a.double(), momentum: inRange()),
    ]
    let first = schedules[Int.random(in: schedules.indices, using: &a.numbers)]
    let second = schedules[Int.random(in: schedules.indices, using: &a.numbers)]
    let mixed = first.warmedUp(for: a.int()).followed(by: second, after: a.int()).bounded(below: a.double()) * second
    for schedule in [first, second, mixed] {
      for _ in 0..<4 {
        let (step, total) = (a.int(), a.int())
        let factor = schedule.factor(after: step, of: total)
        guard factor >= 0, factor.isFinite else { throw TensorError("\(factor) is no factor: \(a.drawn)") }
        _ = schedule.momentum(after: step, of: total)
      }
    }
    return []
  },
  SweptCall("optimizers") { a in
    func rate() -> Float { a.float() }
    let layer = Dense(2, 1)
    let optimizers: [any Optimizer] = [
      AMSGrad(for: layer, learningRate: rate(), beta1: a.double(), beta2: a.double(), epsilon: rate()),
      AdaDelta(for: layer, learningRate: rate(), decay: a.double(), epsilon: rate(), clipNorm: rate()),
      AdaFactor(
        for: layer, learningRate: rate(), decay: a.double(), epsilon1: a.double(), epsilon2: a.double(),
        clippingThreshold: a.double()),
      AdaMax(for: layer, beta1: a.double(), beta2: a.double()), LAMB(for: layer, beta1: a.double(), epsilon: rate()),
      NAdam(for: layer, beta1: a.double(), beta2: a.double()), RAdam(for: layer, beta1: a.double(), beta2: a.double()),
      ASGD(for: layer, decay: a.double(), power: a.double(), averagingStart: a.int()),
      LARS(for: layer, momentum: a.double(), trust: a.double()), Lion(for: layer, beta1: a.double(), beta2: a.double()),
      Momentum(for: layer, momentum: a.double(), dampening: a.double()),
      Muon(for: layer, momentum: a.double()), Rprop(for: layer, shrinking: a.double(), growth: a.double()),
      GradientAccumulation(GradientDescent(for: layer), for: layer, of: a.int()),
      Lookahead(GradientDescent(for: layer), for: layer, interval: a.int(), share: a.double()),
    ]
    let optimizer = optimizers[Int.random(in: optimizers.indices, using: &a.numbers)]
    if a.flag() { optimizer.stepCount = a.int() }
    let (_, gradients) = valueAndGradient(of: layer) { $0(.ones([1, 2])).sum() }
    try optimizer.update(along: a.flag() ? gradients : gradients.clipped(toNorm: rate()).clipped(toValue: rate()))
    return []
  },
  SweptCall("LBFGS") { a in
    let optimizer = LBFGS(
      for: Dense(2, 1), learningRate: a.double(), history: a.int(), gradientTolerance: a.double(),
      changeTolerance: a.double())
    _ = try optimizer.minimize(iterations: a.isHostile ? a.one(of: [Int.min, -1, 0, 2]) : 2) {
      $0(.ones([1, 2])).square().sum()
    }
    return []
  },
]
