import Synchronization
import Tensors

/// A model as it is now, to be asked: an immutable, compiled snapshot that any thread may call.
///
/// ```swift
/// let predictor = try Predictor(model)
/// let probabilities = try predictor(image).softmax()
/// ```
///
/// Later training does not change it; it holds the values of its own time, which costs a copy of the parameters once
/// they are trained further, and none otherwise. Layers compute for inference. The first call with inputs of a new
/// shape records and compiles the model, as does each further call at the same time; `capacity` recordings are kept.
public final class Predictor<Model: Layer>: Sendable {
  /// How many recordings are kept: those used last.
  public static var capacity: Int { 32 }

  private let model: Model
  private let snapshot: Snapshot
  private let compiled = Mutex<[(shape: Shape, dtype: DType, graph: CompiledGraph)]>([])

  /// Takes the values of the model's parameters and buffers. Throws what was wrong with the arguments of a layer.
  public init(_ model: Model) throws(TensorError) {
    let parts = parts(of: model)
    var variables: [Variable] = []
    for (_, parameter) in parts.parameters { variables.append(try parameter.variable()) }
    for (_, buffer) in parts.buffers { variables.append(try buffer.variable()) }
    self.model = model
    snapshot = Snapshot(of: variables)
  }

  /// The model's result, computed. Throws the error of an input that does not fit.
  public func callAsFunction(_ x: Tensor) throws(TensorError) -> Tensor {
    if let failure = x.failure { throw failure }
    let graph = try takeGraph(for: x)
    defer { giveBack(graph, for: x) }
    return try graph.run([x])[0]
  }

  /// A graph that no other thread runs: one that is kept, or a new one.
  private func takeGraph(for x: Tensor) throws(TensorError) -> CompiledGraph {
    let known = compiled.withLock { compiled -> CompiledGraph? in
      let index = compiled.lastIndex { $0.shape == x.shape && $0.dtype == x.dtype }
      return index.map { compiled.remove(at: $0).graph }
    }
    if let known { return known }
    let input = Tensor.standIn(like: x)
    let y = Snapshot.$current.withValue(snapshot) { inference { model(input) } }
    return try CompiledGraph(computing: [y], assigning: [], inputs: [input])
  }

  private func giveBack(_ graph: CompiledGraph, for x: Tensor) {
    compiled.withLock { compiled in
      compiled.append((x.shape, x.dtype, graph))
      if compiled.count > Self.capacity { compiled.removeFirst() }
    }
  }
}
