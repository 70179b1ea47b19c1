import Synchronization
import Tensors

/// Values that training changes: a weight or a bias.
///
/// A parameter is a reference: copies of a layer share it. Its name is the path by which reflection finds it in a model
/// (`blocks.3.first.normalization.scale`). Invalid arguments make `tensor` a failed tensor.
public final class Parameter: Sendable {
  let content: ParameterContent
  private let trainable = Atomic(true)
  private let isSparse = Atomic(false)

  init(_ content: ParameterContent) { self.content = content }

  /// A parameter with these values in row-major order.
  public init(_ values: [Float], shape: Shape, name: String = "parameter") {
    content = ParameterContent(values, shape: shape, name: name)
  }

  /// A parameter whose first values `initializer` draws; see `Initializer` for what the fans are.
  public init(_ initializer: Initializer, shape: Shape, fanIn: Int, fanOut: Int, name: String = "parameter") {
    content = ParameterContent(shape: shape, name: name) { _ throws(TensorError) in
      try initializer.values(shape: shape, fanIn: fanIn, fanOut: fanOut)
    }
  }

  /// The values, as a leaf of a graph; within `valueAndGradient` those at its beginning, and in a layer that computes with
  /// a function of them, such as ``WeightNorm``, that function.
  public var tensor: Tensor {
    ParameterSubstitution.tensors[ObjectIdentifier(self)] ?? Recording.current?.leaf(of: self) ?? content.tensor
  }

  /// The shape of its values; that of a scalar where the arguments were invalid.
  public var shape: Shape { content.shape ?? [] }
  /// Its path in the model, such as `layers.1.weight`, once reflection has visited a model with it; before, the name
  /// that it was made with.
  public var name: String { content.name ?? "parameter" }
  /// The number of its elements.
  public var count: Int { content.shape?.elementCount ?? 0 }

  /// Whether optimizers change it. `valueAndGradient` skips frozen parameters.
  public var isTrainable: Bool {
    get { trainable.load(ordering: .relaxed) }
    set { trainable.store(newValue, ordering: .relaxed) }
  }

  /// Whether an update of this table [rows, width] touches only the rows that the step looked up, at the cost of these
  /// rows however large the table is. By default all rows change.
  ///
  /// What a rule does without a gradient — the movement that momentum and Adam's means go on with, the decay of means
  /// and of weights — a row then gets only in the steps that use it: what PyTorch calls `SparseAdam`, and TensorFlow
  /// `LazyAdam`. Step counts, and with them Adam's bias corrections, are the optimizer's. Where the loss depends on the
  /// table in another way than by its rows, as with tied output weights, or where the optimizer's state has another shape
  /// than the table, all rows are updated. The rows are written in place; in a loop of one's own the first update, and one
  /// after another assignment, copies the table.
  public var updatesOnlyUsedRows: Bool {
    get { isSparse.load(ordering: .relaxed) }
    set { isSparse.store(newValue, ordering: .relaxed) }
  }

  /// The variable with the values. Throws what was wrong with the arguments.
  public func variable() throws(TensorError) -> Variable { try content.variable() }
  func rename(_ name: String) { content.rename(name) }
}

/// Values that belong to a model but that no gradient changes: a running mean.
public final class Buffer: Sendable {
  let content: ParameterContent

  init(_ content: ParameterContent) { self.content = content }

  /// A buffer with these values in row-major order.
  public init(_ values: [Float], shape: Shape, name: String = "buffer") {
    content = ParameterContent(values, shape: shape, name: name)
  }

  /// A buffer that holds the same number everywhere.
  public init(repeating value: Float, shape: Shape, name: String = "buffer") {
    content = ParameterContent(shape: shape, name: name) { Array(repeating: value, count: $0) }
  }

  /// The values, as a leaf of a graph; within `valueAndGradient` those that it assigned last.
  public var tensor: Tensor {
    guard let recording = Recording.current, let variable = try? content.variable() else { return content.tensor }
    return recording.value(of: variable) ?? content.tensor
  }

  /// The shape of its values; that of a scalar where the arguments were invalid.
  public var shape: Shape { content.shape ?? [] }
  /// Its path in the model, such as `layers.1.runningMean`, once reflection has visited a model with it; before, the
  /// name that it was made with.
  public var name: String { content.name ?? "buffer" }

  /// Assigns these values with the update along the gradients of this recording (`valueAndGradient`). A layer that is
  /// called twice in it assigns twice, in order. Nothing happens outside of one.
  public func assignOnUpdate(_ tensor: Tensor) {
    guard let recording = Recording.current, let variable = try? content.variable() else { return }
    recording.assign(tensor.stoppingGradient(), to: variable)
  }

  /// The variable with the values. Throws what was wrong with the arguments.
  public func variable() throws(TensorError) -> Variable { try content.variable() }
  func rename(_ name: String) { content.rename(name) }
}
