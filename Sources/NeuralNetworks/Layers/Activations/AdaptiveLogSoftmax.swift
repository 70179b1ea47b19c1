import Tensors

/// Log-probabilities of very many classes with few weights: the frequent ones, which come first, have weights of their own, and
/// clusters of rare ones share a narrower projection: […, inputs] → […, classes].
///
/// log p(c) = log softmax(head)[c] for frequent classes, and that of the class's cluster in the head plus log softmax(tail)[c]
/// for the others. Cluster i is computed from inputs / `divisor`^(i + 1) features. All clusters are computed for all examples,
/// so it saves memory and operations by the narrow projections alone.
///
/// Source: Grave, Joulin, Cissé, Grangier & Jégou, "Efficient softmax approximation for GPUs", ICML 2017;
/// `torch.nn.AdaptiveLogSoftmaxWithLoss`.
public struct AdaptiveLogSoftmax: NamedLayer {
  /// The weights of a cluster of rare classes.
  public struct Tail: Layer {
    /// To fewer features.
    public let projection: Dense
    /// To the classes of the cluster.
    public let output: Dense

    /// The cluster's logits.
    public func callAsFunction(_ x: Tensor) -> Tensor { output(projection(x)) }
  }

  /// The logits of the frequent classes, then one of each cluster.
  public let head: Dense
  /// The clusters, from frequent classes to rare ones.
  public let tails: [Tail]
  public let path = LayerPath()
  public let failure: TensorError?
  private let inputs: Int
  private let classes: Int
  private let frequent: Int

  /// A layer for `classes` classes in falling order of frequency. `cutoffs` are the numbers of the first class of each
  /// cluster, rising, above 0 and below `classes`.
  public init(_ inputs: Int, classes: Int, cutoffs: [Int], divisor: Double = 4, headBias: Bool = false) {
    let bounds = cutoffs + [classes]
    var width = Double(inputs)
    let widths = cutoffs.map { _ in
      width = (width / divisor)
      return Int(exactly: width.rounded(.down)) ?? 0
    }
    let isPossible =
      1...(1 << 31) ~= inputs && !cutoffs.isEmpty && cutoffs[0] > 0 && classes <= 1 << 31
      && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 } && widths.allSatisfy { $0 > 0 }
    (self.inputs, self.classes) = (inputs, classes)
    frequent = isPossible ? cutoffs[0] : 1
    head = Dense(inputs, frequent.plus(isPossible ? cutoffs.count : 0), bias: headBias)
    tails =
      !isPossible
      ? []
      : widths.indices.map { index in
        Tail(
          projection: Dense(inputs, widths[index], bias: false),
          output: Dense(widths[index], bounds[index + 1] - bounds[index], bias: false))
      }
    failure =
      isPossible
      ? nil
      : TensorError(
        "AdaptiveLogSoftmax: cutoffs must rise from above 0 to below the \(classes) classes, and leave each cluster at "
          + "least 1 of \(inputs) features divided by \(divisor) to its power, not \(cutoffs)")
  }

  public var summary: String { "AdaptiveLogSoftmax \(inputs) → \(classes), \(tails.count) clusters" }

  public func apply(_ x: Tensor) -> Tensor {
    let first = head(x).logSoftmax()
    if first.failure != nil { return first }
    let clusters = tails.enumerated().map { index, tail in
      tail(x).logSoftmax() + first[.ellipsis, frequent + index..<frequent + index + 1]
    }
    return .concatenated([first[.ellipsis, 0..<frequent]] + clusters, axis: -1)
  }
}
