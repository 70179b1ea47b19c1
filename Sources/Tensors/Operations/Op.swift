/// Every operation a graph can hold.
///
/// The enumeration is closed: shape inference (`ShapeInference.swift`), the gradient rule (`GradientRules.swift`) and
/// lowering (`Lowering.swift`) are each one `switch` without `default`, so that an operation exists in all three or
/// does not compile. Payloads hold what a plan depends on; what changes from step to step is an input.
enum Op: Hashable, Sendable {
  // Leaves.
  /// Values that were known when it was recorded.
  case data(TensorType)
  /// The values of a variable at the time the plan runs.
  case variable(TensorType)
  /// The same number everywhere.
  case fill(Constant, TensorType)
  /// 0, 1, 2, … along an axis, the same along all others; int32.
  case iota(Shape, axis: Int)
  /// Random numbers that depend on a key (input 0: int32 [4]) and the position alone.
  case random(Distribution, Shape)
  /// An invalid operation; the node holds the error.
  case failed

  // Elementwise; operands broadcast.
  case unary(Unary)
  case binary(Binary)
  /// inputs: condition (float; nonzero is true), where true, where false.
  case select
  case cast(DType)
  /// The same values; no gradient passes.
  case stopGradient

  // Movement of elements.
  case reshape(Shape)
  case permute([Int])
  case broadcast(Shape)
  /// The box that begins at `starts` and has this shape.
  case slice(starts: [Int], Shape)
  case pad(before: [Int], after: [Int], Constant)
  case concatenate(axis: Int)

  // Reductions. Reduced axes remain with size 1.
  case reduce(Reduction, axes: [Int])
  /// The position of the first greatest element; int32; the axis is removed.
  case argmax(axis: Int)

  // Rows chosen by index.
  /// inputs: table [rows, w], indices int32 [...] → [..., w]; an index outside the table gives NaN.
  case gather
  /// The transpose of `gather`. inputs: indices int32 [...], x [..., w] → [rows, w], where rows of one index add up.
  case scatterAdd(rows: Int)
  /// inputs: x, block, position int32 [] → x with the block written over it from that position of the axis on; the
  /// position is clamped so that the block fits.
  case replaceSlice(axis: Int)

  // Library-sized operations.
  /// [..., m, k] · [..., k, n] → [..., m, n]
  case matmul
  /// [n, c, h, w] → [n, c, oh, ow, kh, kw]
  case unfold(Window, outside: Constant)
  /// The transpose of `unfold`: adds windows up into images of this size.
  case fold(Window, height: Int, width: Int)
  /// [n, c, h, w] ∗ [o, c / groups, kh, kw] → [n, o, oh, ow]
  case convolution(Window, groups: Int)
  /// inputs: upstream [n, o, oh, ow], weights → [n, c, h, w]
  case convolutionInputGradient(Window, groups: Int, Shape)
  /// inputs: images, upstream → weights' shape
  case convolutionWeightGradient(Window, groups: Int, Shape)
  case maxPool(Window)
  /// inputs: images, upstream → images' shape
  case maxPoolGradient(Window)
  case averagePool(Window)
  /// inputs: upstream → images' shape
  case averagePoolGradient(Window, Shape)
  /// inputs: x [n, c, …], scale [c], shift [c] → y, mean [c], variance [c]
  case batchNorm(epsilon: Double)
  /// inputs: x, mean, variance, scale, upstream → gradients of x, scale, shift. With scale / √(variance + ε) and shift,
  /// which only the compiler adds, the upstream is that of ReLU after the normalization.
  case batchNormGradient(epsilon: Double)
  case softmax
  case logSoftmax
  /// inputs: logits [rows, classes], labels int32 [rows] → losses [rows]
  case crossEntropy
  /// inputs: logits, labels, upstream [rows] → [rows, classes]
  case crossEntropyGradient
  /// inputs: x [..., w], scale [w], shift [w] → y, mean [...], 1 / √(variance + ε) [...]
  case layerNorm(epsilon: Double)
  /// inputs: x, mean, inverse deviation, scale, upstream → gradients of x, scale, shift
  case layerNormGradient(epsilon: Double)
  /// The loop of a recurrent layer over time. See `Definitions+Recurrence.swift` for operands and equations.
  case recurrence(RecurrentCell, reversed: Bool)
  case recurrenceGradient(RecurrentCell, reversed: Bool)
  /// inputs: queries [batch, heads, tq, d], keys [batch, kvHeads, tk, d], values [batch, kvHeads, tk, dv], lengths
  /// int32 [batch] → y [batch, heads, tq, dv], logsumexp [batch, heads, tq] of the scaled scores
  case attention(causal: Bool, scale: Double)
  /// inputs: queries, keys, values, lengths, y, logsumexp, upstream → gradients of queries, keys, values
  case attentionGradient(causal: Bool, scale: Double)
}

enum Reduction: String, Hashable, Sendable, CaseIterable {
  case sum, maximum, minimum
  /// The mean, NaN of nothing, and the Euclidean norm: correct also where the sum or the squares are too large for a
  /// float.
  case mean, norm
}

/// The cell of a recurrent layer: what it computes at one time step.
public enum RecurrentCell: String, Hashable, Sendable, Codable, CaseIterable {
  /// tanh or ReLU of the sum: Elman, "Finding Structure in Time", Cognitive Science 14 (1990).
  case tanh, relu
  case lstm, gru

  /// Blocks of the input's projection: gates and candidate.
  public var gates: Int {
    switch self {
    case .tanh, .relu: 1
    case .lstm: 4
    case .gru: 3
    }
  }
  /// Blocks of the bias; the candidate of `gru` has one for the input and one for the state.
  public var biases: Int { self == .gru ? 4 : gates }
  /// Blocks of saved activations, which the backward pass reads.
  var savedBlocks: Int { gates == 1 ? 0 : 4 }
}

enum Distribution: String, Hashable, Sendable {
  /// [0, 1)
  case uniform
  /// Mean 0, variance 1.
  case normal
}

/// Shape and type of the elements.
struct TensorType: Hashable, Sendable, CustomStringConvertible {
  var shape: Shape
  var dtype: DType

  init(_ shape: Shape, _ dtype: DType = .float32) {
    self.shape = shape
    self.dtype = dtype
  }

  var description: String { "\(dtype) \(shape)" }
}

/// A constant in a graph, compared by its bits so that NaN equals itself.
struct Constant: Hashable, Sendable {
  let bits: UInt64
  var value: Double { Double(bitPattern: bits) }
  init(_ value: Double) { bits = value.bitPattern }
}

/// The geometry of a window that slides over images: row = oh · stride − paddingBegin + kh · dilation.
struct Window: Hashable, Sendable {
  var kernel: Pair
  var stride: Pair = 1
  var paddingBegin: Pair = 0
  var paddingEnd: Pair = 0
  var dilation: Pair = 1

  /// How many positions the window has along an axis of this size; may be 0 or less where it does not fit.
  func positions(height: Int, width: Int) -> (height: Int, width: Int) {
    func count(_ size: Int, _ axis: KeyPath<Pair, Int>) -> Int {
      let reach = dilation[keyPath: axis] * (kernel[keyPath: axis] - 1) + 1
      let room = size + paddingBegin[keyPath: axis] + paddingEnd[keyPath: axis] - reach
      return room < 0 ? 0 : room / stride[keyPath: axis] + 1
    }
    return (count(height, \.height), count(width, \.width))
  }
}

/// A size along the height and the width of an image; an integer literal gives both, `[3, 5]` one each.
public struct Pair: Hashable, Sendable, Codable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
  CustomStringConvertible
{
  public var height: Int
  public var width: Int

  public init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }
  public init(_ both: Int) { self.init(both, both) }
  public init(integerLiteral value: Int) { self.init(value) }
  /// One number for both or two, height first. With another count the pair is 0, which the layer then rejects.
  public init(arrayLiteral elements: Int...) {
    self.init(
      (1...2).contains(elements.count) ? elements[0] : 0,
      (1...2).contains(elements.count) ? elements[elements.count - 1] : 0)
  }

  public var description: String { height == width ? "\(height)" : "\(height)×\(width)" }
}

extension Op {
  /// The name in messages and profiles.
  var name: String {
    switch self {
    case .unary(let kind): kind.name
    case .binary(let kind): kind.name
    case .reduce(let kind, _): kind.rawValue
    case .random(let distribution, _): "random \(distribution.rawValue)"
    default: String(describing: self).prefix { $0 != "(" }.description
    }
  }

  /// One output element for each position, computed from the inputs' elements at that position.
  var isElementwise: Bool {
    switch self {
    case .unary, .binary, .select, .cast: true
    default: false
    }
  }
}
