import Synchronization
import Tensors

/// The trace of a layer in a forward pass.
public struct LayerTrace: Hashable, Sendable {
  /// The path of the layer in the model, such as `layers.2`.
  public var name: String
  /// The summary of the layer, such as `Dense 512 → 10`.
  public var kind: String
  /// The shape of the layer's output, batch first.
  public var outputShape: Shape
  /// The number of elements of its parameters.
  public var parameters: Int
  /// Floating-point operations; a multiply-add counts as two.
  public var operations: Int
  /// The positions of the operations that it recorded, including those of its sublayers.
  package var positions: ClosedRange<Int>
}

/// The layers that are called while `body` runs, in the order in which they return.
public func tracingLayers<Result>(_ body: () throws -> Result) rethrows -> (result: Result, layers: [LayerTrace]) {
  let recorder = TraceRecorder()
  let result = try Tracing.$recorder.withValue(recorder, operation: body)
  return (result, recorder.layers)
}

/// The outputs of the layers that are called while `body` runs, in the order in which they return, each with its trace.
package func tracingOutputs<Result>(
  _ body: () throws -> Result
) rethrows -> (result: Result, outputs: [(layer: LayerTrace, output: Tensor)]) {
  let recorder = TraceRecorder(keepsOutputs: true)
  let result = try Tracing.$recorder.withValue(recorder, operation: body)
  return (result, Array(zip(recorder.layers, recorder.outputs)))
}

/// The attention layers that are called while `body` runs, in the order in which they are, each with its weights:
/// [batch, heads, queries, keys]. They are recorded beside the layers' results, which do not need them.
package func tracingAttention<Result>(
  _ body: () throws -> Result
) rethrows -> (result: Result, records: [(name: String, weights: Tensor)]) {
  let recorder = TraceRecorder(keepsOutputs: true)
  let result = try Tracing.$recorder.withValue(recorder, operation: body)
  return (result, recorder.attention)
}

enum Tracing {
  @TaskLocal static var recorder: TraceRecorder?
}

final class TraceRecorder: Sendable {
  private let rows = Mutex<(layers: [LayerTrace], outputs: [Tensor])>(([], []))
  private let weights = Mutex<[(name: String, weights: Tensor)]>([])
  private let keepsOutputs: Bool

  init(keepsOutputs: Bool = false) { self.keepsOutputs = keepsOutputs }

  var layers: [LayerTrace] { rows.withLock { $0.layers } }
  /// None where they are not kept.
  var outputs: [Tensor] { rows.withLock { $0.outputs } }

  var attention: [(name: String, weights: Tensor)] { weights.withLock { $0 } }

  /// Records softmax(Q Kᵀ / √d) where it is asked for: queries [batch, heads, tq, d], keys [batch, kvHeads, tk, d].
  func recordAttention(_ name: String, queries: Tensor, keys: Tensor, causal: Bool) {
    guard keepsOutputs, queries.failure == nil, keys.failure == nil, queries.shape.rank == 4, keys.shape.rank == 4,
      queries.shape[1] == keys.shape[1]
    else { return }
    let scale = 1 / Float(max(queries.shape[3], 1)).squareRoot()
    var scores = queries.matmul(keys.permuted([0, 1, 3, 2])) * Tensor.constant(scale)
    if causal {
      let (count, all) = (queries.shape[2], keys.shape[2])
      let rows = Tensor.arange(to: all)[(all - count)...].reshaped(to: [count, 1])
      let isLater = rows.less(than: Tensor.arange(to: all).reshaped(to: [1, all]))
      scores = Tensor.where(isLater, .full([], -.infinity), scores)
    }
    let result = scores.softmax()
    weights.withLock { $0.append((name, result)) }
  }

  func record(_ layer: some NamedLayer, input: Shape, output: Tensor, since start: Int) {
    let row = LayerTrace(
      name: layer.path.name, kind: layer.summary, outputShape: output.shape, parameters: layer.ownParameterCount,
      operations: layer.operations(input: input, output: output.shape),
      positions: start + 1...max(recordingPosition, start + 1))
    rows.withLock {
      $0.layers.append(row)
      if keepsOutputs { $0.outputs.append(output) }
    }
  }
}
