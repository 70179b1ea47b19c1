import Tensors

/// Normalizes each channel to mean 0 and variance 1, then scales and shifts it: [batch, channels, …] → the same shape.
///
/// In training the statistics are the batch's, and the running ones move towards them by `momentum` with each update;
/// otherwise the running ones are used, and in training too where scale and shift are frozen. As in PyTorch, the batch is normalized with the biased variance and
/// the running variance is the unbiased one, and a batch with one value a channel is an error in training. Of several
/// processes that train together each normalizes its own part of a batch, unless ``processes`` says otherwise.
///
/// Source: Ioffe & Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
/// Shift", ICML 2015, algorithms 1 and 2.
public struct BatchNorm: NamedLayer {
  /// The factor of each channel: [channels], from 1.
  public let scale: Parameter
  /// What is added to each channel: [channels], from 0.
  public let shift: Parameter
  /// The running mean of each channel: [channels], from 0.
  public let runningMean: Buffer
  /// The running variance of each channel: [channels], from 1.
  public let runningVariance: Buffer
  public let path = LayerPath()
  public let failure: TensorError?
  private let channels: Int
  private let momentum: Float
  private let epsilon: Double

  /// A normalization of so many channels.
  ///
  /// - Parameters:
  ///   - momentum: the share of the batch's statistics in the new running ones, 0 to 1. This is PyTorch's convention;
  ///     Keras calls 1 − `momentum` so.
  ///   - epsilon: what is added to the variance before its root is taken.
  public init(_ channels: Int, momentum: Float = 0.1, epsilon: Double = 1e-5) {
    self.channels = channels
    self.momentum = momentum
    self.epsilon = epsilon
    let shape: Shape = [channels]
    scale = Parameter(.ones, shape: shape, fanIn: 1, fanOut: 1, name: "scale")
    shift = Parameter(.zeros, shape: shape, fanIn: 1, fanOut: 1, name: "shift")
    runningMean = Buffer(repeating: 0, shape: shape, name: "runningMean")
    runningVariance = Buffer(repeating: 1, shape: shape, name: "runningVariance")
    if channels < 1 {
      failure = TensorError("BatchNorm: channels must be at least 1, not \(channels)")
    } else if !(0...1).contains(momentum) || !(epsilon >= 0 && epsilon.isFinite) {
      failure = TensorError("BatchNorm: momentum \(momentum) must be in 0...1 and epsilon \(epsilon) at least 0")
    } else {
      failure = nil
    }
  }

  public var summary: String { "BatchNorm \(channels)" }

  public func apply(_ x: Tensor) -> Tensor {
    if x.failure != nil { return x }
    guard x.shape.rank >= 2, x.shape[1] == channels else {
      return .failed(TensorError("BatchNorm: the input must be [batch, \(channels), …], not \(x.shape)"))
    }
    // As in Keras: statistics that belong to frozen weights are kept still.
    let usesBatch = Mode.isTraining && (scale.isTrainable || shift.isTrainable)
    if usesBatch, x.shape.elementCount == channels {
      return .failed(
        TensorError(
          "BatchNorm: in training, \(x.shape) has one value a channel, whose variance is 0 whatever it is; use more "
            + "examples a batch, or inference { … }"))
    }
    return usesBatch ? normalizeByBatch(x) : normalizeByRunningStatistics(x)
  }

  private func normalizeByBatch(_ x: Tensor) -> Tensor {
    if let processes = Self.processes, processes.size > 1 { return normalizeByBatch(x, over: processes) }
    let (output, mean, variance) = x.batchNormalized(scale: scale.tensor, shift: shift.tensor, epsilon: epsilon)
    let count = x.shape.elementCount / max(channels, 1)
    move(to: mean, variance * .constant(Double(count) / Double(max(count - 1, 1))))
    return output
  }

  /// Moves the running statistics towards these.
  private func move(to mean: Tensor, _ unbiasedVariance: Tensor) {
    let (kept, taken) = (Tensor.constant(1 - Double(momentum)), Tensor.constant(Double(momentum)))
    runningMean.assignOnUpdate(runningMean.tensor * kept + mean * taken)
    runningVariance.assignOnUpdate(runningVariance.tensor * kept + unbiasedVariance * taken)
  }

  /// The processes whose batches are normalized as one, while a step is recorded; `nil`: each process' part by itself.
  ///
  /// Each normalization then waits for two small sums over all processes, and twice more for its gradient.
  @TaskLocal public static var processes: Distributed?

  /// How many of this process' examples count, a scalar, while a step is recorded that has not as many in each process; where
  /// it is 0, the one that stands in does not count in the statistics either.
  @TaskLocal package static var exampleCount: Tensor?

  /// With the statistics of all processes' parts of the batch. The losses of the processes count in proportion to their
  /// examples, as the means that are taken of the gradients do.
  private func normalizeByBatch(_ x: Tensor, over processes: Distributed) -> Tensor {
    let axes = x.shape.indices.filter { $0 != 1 }
    let count = Tensor.constant(Double(x.shape.elementCount / max(channels, 1)))
    // 1, or 0 for one that only stands in.
    let share = Self.exampleCount.map { minimum($0.cast(to: x.dtype), .constant(1)) } ?? .constant(1)
    func total(_ tensor: Tensor) -> Tensor {
      // Each process' u is of its own loss, which counts as much as it has examples.
      .customGradient(of: tensor) {
        processes.sum($0 * share)
      } gradient: { _, _, u in
        processes.sum(u * (count * share)) * share / count
      }
    }
    let counts = processes.sum((count * share).reshaped(to: [1]))
    let alongChannels = Shape([1, channels] + Array(repeating: 1, count: x.shape.rank - 2))
    let mean = total(x.sum(axes: axes)) / counts
    let centered = x - mean.reshaped(to: alongChannels)
    let variance = total(centered.square().sum(axes: axes)) / counts
    move(to: mean.stoppingGradient(), (variance * counts / (counts - .constant(1))).stoppingGradient())
    let factor = scale.tensor * (variance + .constant(epsilon)).rsqrt()
    return centered * factor.reshaped(to: alongChannels) + shift.tensor.reshaped(to: alongChannels)
  }

  private func normalizeByRunningStatistics(_ x: Tensor) -> Tensor {
    let factor = scale.tensor * (runningVariance.tensor + .constant(epsilon)).rsqrt()  // [channels]
    let offset = shift.tensor - runningMean.tensor * factor
    let alongChannels = Shape([1, channels] + Array(repeating: 1, count: x.shape.rank - 2))
    return x * factor.reshaped(to: alongChannels) + offset.reshaped(to: alongChannels)
  }

  public var ownParameterCount: Int { scale.count + shift.count }

  public func operations(input: Shape, output: Shape) -> Int { output.elementCount.times(2) }
}
