import Backprop
import Foundation

/// A WaveNet in small: convolutions that see only the past, each with twice the distance between its taps, predict the next
/// sample of a sound as one of 32 levels.
///
/// Ten layers see 2 · (1 + 2 + 4 + 8 + 16) = 62 samples back. The sounds are chords of two tones with random frequencies and
/// phases, which the network has to find out from the samples before.
///
/// Measured by the perplexity of the next sample: among how many levels the network hesitates.
///
/// Source: van den Oord et al., "WaveNet: A Generative Model for Raw Audio", 2016, sections 2.1 to 2.4.
///
/// Result: 2.51 of 32 levels (untrained 36.3); 5 s of one core.
struct WaveNet: Layer, Program {
  static let name = "wavenet"
  private static let (levels, channels, time) = (32, 16, 100)

  /// A dilated convolution with a gate, and what it adds to the signal and to the output.
  struct Unit {
    let filter: Conv1D, gate: Conv1D
    let output = Conv1D(channels, 2 * channels, kernelSize: 1)

    init(dilation: Int) {
      let padding = Padding.asymmetric(begin: SpatialSize(dilation), end: 0)  // only the past
      (filter, gate) = (
        Conv1D(channels, channels, kernelSize: 2, padding: padding, dilation: SpatialSize(dilation)),
        Conv1D(channels, channels, kernelSize: 2, padding: padding, dilation: SpatialSize(dilation))
      )
    }
  }

  let samples = Embedding(levels, channels)
  let units = [1, 2, 4, 8, 16, 1, 2, 4, 8, 16].map(Unit.init)
  let output = Sequential {
    Activation.relu
    Conv1D(channels, channels, kernelSize: 1, activation: .relu)
    Conv1D(channels, levels, kernelSize: 1)
  }

  /// The logits of the sample that follows each one: int32 [batch, time] → [batch, time, levels].
  func callAsFunction(_ sound: Tensor) -> Tensor {
    var signal = samples(sound).transposed(1, 2)  // [batch, channels, time]
    var sum = Tensor.zeros([])
    for unit in units {
      let gated = unit.filter(signal).tanh() * unit.gate(signal).sigmoid()
      let parts = unit.output(gated).chunked(2, axis: 1)
      (signal, sum) = (signal + parts[0], sum + parts[1])
    }
    return output(sum).transposed(1, 2)
  }

  /// Two tones, with one sample more than the network gets.
  private static func sound(_ number: Int) -> [Int32] {
    var random = SeededGenerator(seed: 0, stream: UInt64(number))
    let tones = (0..<2).map { _ in
      (Double.random(in: 0.1...0.5, using: &random), Double.random(in: 0...(2 * .pi), using: &random))
    }
    return (0...time).map { t in
      let amplitude = tones.reduce(0) { $0 + sin($1.0 * Double(t) + $1.1) / 2 }
      return Int32(((amplitude + 1) / 2 * Double(levels - 1)).rounded())
    }
  }

  static func run(quick: Bool) throws -> Finding {
    let model = WaveNet()
    let sounds = GeneratedDataset(count: 2200) { number in sound(number) }
    let task = try SupervisedTask(
      model, on: sounds.subset(Array(0..<2000)), evaluatingOn: sounds.subset(Array(2000..<2200)),
      for: .sequenceLabeling, batchSize: 8
    ) { sounds in
      LabeledBatch(
        inputs: Tensor(sounds.flatMap { $0.dropLast() }, shape: [sounds.count, time]),
        targets: Tensor(sounds.flatMap { $0.dropFirst() }, shape: [sounds.count, time]))
    }
    let before = exp(try task.evaluate()?.loss ?? .nan)
    let trainer = Trainer(epochs: quick ? 1 : 6, schedule: .cosine)
    let after = exp(try trainer.train(task, with: Adam(for: model, learningRate: 5e-3)).evaluation?.loss ?? .nan)
    return Finding(
      value: after, text: "perplexity \(after.decimals(2)) of \(levels) levels, untrained \(before.decimals(2))")
  }
}
