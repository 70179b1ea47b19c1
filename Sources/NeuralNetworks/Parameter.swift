import Synchronization
import Tensors

/// Numbers that training changes: a weight or a bias.
///
/// A parameter is a reference: copies of a layer share it. Its name is the path by which reflection finds it in a model
/// (`blocks.3.first.normalization.scale`). Wrong arguments are kept and come out of `tensor` as a failed tensor.
public final class Parameter: Sendable {
  private let content: Result<Variable, TensorError>
  private let trainable = Atomic(true)

  /// A parameter with these values in row-major order.
  public init(_ values: [Float], shape: Shape, name: String = "parameter") {
    content = makeVariable(values, shape: shape, name: name)
  }

  /// A parameter whose first values `initializer` draws; see `Initializer` for what the fans are.
  public init(_ initializer: Initializer, shape: Shape, fanIn: Int, fanOut: Int, name: String = "parameter") {
    content = makeVariable(shape: shape, name: name) {
      initializer.values(count: $0, fanIn: fanIn, fanOut: fanOut)
    }
  }

  /// The values, as a leaf of a graph.
  public var tensor: Tensor {
    switch content {
    case .success(let variable): variable.tensor
    case .failure(let error): .failed(error)
    }
  }

  public var shape: Shape { (try? content.get().shape) ?? [] }
  public var name: String { (try? content.get().name) ?? "parameter" }
  /// How many numbers it holds.
  public var count: Int { (try? content.get().shape.elementCount) ?? 0 }

  /// Whether optimizers change it. Frozen parameters take no part in `valueAndGradient`.
  public var isTrainable: Bool {
    get { trainable.load(ordering: .relaxed) }
    set { trainable.store(newValue, ordering: .relaxed) }
  }

  /// Where the values lie. Throws what was wrong with the arguments.
  public func variable() throws(TensorError) -> Variable { try content.get() }
  func rename(_ name: String) { (try? content.get())?.name = name }
}

/// Numbers that belong to a model but that no gradient changes: a running mean.
public final class Buffer: Sendable {
  private let content: Result<Variable, TensorError>

  public init(_ values: [Float], shape: Shape, name: String = "buffer") {
    content = makeVariable(values, shape: shape, name: name)
  }

  /// A buffer that holds the same number everywhere.
  public init(repeating value: Float, shape: Shape, name: String = "buffer") {
    content = makeVariable(shape: shape, name: name) { Array(repeating: value, count: $0) }
  }

  /// The values, as a leaf of a graph.
  public var tensor: Tensor {
    switch content {
    case .success(let variable): variable.tensor
    case .failure(let error): .failed(error)
    }
  }

  public var shape: Shape { (try? content.get().shape) ?? [] }
  public var name: String { (try? content.get().name) ?? "buffer" }

  /// Takes these values over with the next update of the model.
  public func assignOnUpdate(_ tensor: Tensor) { (try? content.get())?.assignOnUpdate(tensor.stoppingGradient()) }

  /// Where the values lie. Throws what was wrong with the arguments.
  public func variable() throws(TensorError) -> Variable { try content.get() }
  func rename(_ name: String) { (try? content.get())?.name = name }
}

private func makeVariable(_ values: [Float], shape: Shape, name: String) -> Result<Variable, TensorError> {
  do throws(TensorError) {
    return .success(try Variable(values, shape: shape, name: name))
  } catch {
    return .failure(error)
  }
}

/// Makes the values only where the shape can be held.
private func makeVariable(
  shape: Shape, name: String, _ values: (Int) -> [Float]
) -> Result<Variable, TensorError> {
  var count = 1
  for size in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: size)
    guard size > 0, !overflow, product <= 1 << 31 else {
      return .failure(TensorError("\(name): the shape \(shape) must have sizes of at least 1 and 2³¹ numbers at most"))
    }
    count = product
  }
  return makeVariable(values(count), shape: shape, name: name)
}
