import Synchronization
import Tensors

/// A part of a network: a function of a tensor that may have parameters.
///
/// Layers are structs or enumerations; their parameters, and those of the layers they hold in properties, payloads of
/// cases, arrays, optionals and dictionaries (whose keys are names), are found by reflection.
///
/// ```swift
/// struct Classifier: Layer {
///   let hidden = Dense(784, 128, activation: .relu)
///   let output = Dense(128, 10)
///   func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x)) }
/// }
/// ```
public protocol Layer: Sendable {
  /// The layer's result for `x`. Records operations and computes nothing; where `x` does not fit, the result is a
  /// failed tensor.
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension Layer {
  /// All parameters with their names, in the order of declaration; each once, however often it is used. Also sets the
  /// parameters' names. Cost: a walk by reflection, so store the result where it is needed often.
  public var parameters: [(name: String, parameter: Parameter)] { parts(of: self).parameters }
  /// The type of the parameters, by the first of them: what the layer takes.
  package var parameterType: DType { parameters.first?.parameter.tensor.dtype ?? .float32 }

  /// All buffers with their names, in the order of declaration.
  public var buffers: [(name: String, buffer: Buffer)] { parts(of: self).buffers }

  /// The total number of elements of all parameters.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.parameter.count } }
}

/// The total number of elements of all parameters of a model.
public func parameterCount(of model: any Layer) -> Int { model.parameterCount }

/// A layer that errors and summaries name, such as `layers.2 (Dense 512 → 10)`.
///
/// It implements `apply`; calling it checks the arguments of its initializer, and adds its name to errors.
public protocol NamedLayer: Layer {
  /// The kind and the sizes of the layer, for errors and summaries: `Dense 512 → 10`.
  var summary: String { get }
  /// The path of the layer in the model, which reflection sets; a constant `LayerPath()`.
  var path: LayerPath { get }
  /// What was wrong with the arguments of its initializer.
  var failure: TensorError? { get }
  /// The layer's result for `x`, as `callAsFunction` gives it, without its name in errors.
  func apply(_ x: Tensor) -> Tensor
  /// The number of elements of the layer's own parameters.
  var ownParameterCount: Int { get }
  /// The floating-point operations for an output of this shape.
  func operations(input: Shape, output: Shape) -> Int
}

extension NamedLayer {
  public var failure: TensorError? { nil }
  public var ownParameterCount: Int { 0 }
  public func operations(input: Shape, output: Shape) -> Int { 0 }

  /// The layer's result for `x`: `apply`, or the failure of the initializer, with the layer's name in errors.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    traced(x) { (failure.map(Tensor.failed) ?? apply(x), ()) }.0
  }

  /// Runs `body`, whose first result is the layer's output: adds the layer's name to errors, and traces what was
  /// recorded, for summaries and for the search for non-finite values. For layers that have other call functions too.
  public func traced<Rest>(_ x: Tensor, _ body: () -> (Tensor, Rest)) -> (Tensor, Rest) {
    let recorder = Tracing.recorder
    let start = recorder == nil ? 0 : recordingPosition
    let (result, rest) = body()
    let output = result.located(in: path.named(summary))
    recorder?.record(self, input: x.shape, output: output, since: start)
    return (output, rest)
  }
}

/// The path of a layer in a model. Reflection finds it as it finds parameters, and sets it.
public final class LayerPath: Sendable {
  private let stored = Mutex("")

  /// A path that is empty until reflection has visited a model with the layer.
  public init() {}

  /// The path, such as `layers.2`; empty until reflection has visited a model with the layer.
  public internal(set) var name: String {
    get { stored.withLock { $0 } }
    set { stored.withLock { $0 = newValue } }
  }

  func named(_ summary: String) -> String { name.isEmpty ? summary : "\(name) (\(summary))" }
}
