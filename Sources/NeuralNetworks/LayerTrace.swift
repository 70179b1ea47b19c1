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

enum Tracing {
  @TaskLocal static var recorder: TraceRecorder?
}

final class TraceRecorder: Sendable {
  private let rows = Mutex<[LayerTrace]>([])

  var layers: [LayerTrace] { rows.withLock { $0 } }

  func record(_ layer: some NamedLayer, input: Shape, output: Shape, since start: Int) {
    let row = LayerTrace(
      name: layer.path.name, kind: layer.summary, outputShape: output, parameters: layer.ownParameterCount,
      operations: layer.operations(input: input, output: output),
      positions: start + 1...max(recordingPosition, start + 1))
    rows.withLock { $0.append(row) }
  }
}
