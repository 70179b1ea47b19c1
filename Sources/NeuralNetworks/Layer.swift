import Synchronization
import Tensors

/// A part of a network: a function of a tensor that may have parameters.
///
/// Layers are structs; their parameters, and those of the layers they hold in properties, arrays and optionals, are
/// found by reflection.
///
/// ```swift
/// struct Classifier: Layer {
///   let hidden = Dense(784, 128, activation: .relu)
///   let output = Dense(128, 10)
///   func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x)) }
/// }
/// ```
public protocol Layer: Sendable {
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension Layer {
  /// All parameters with their names, in the order of declaration; each once, however often it is used. Gives the
  /// parameters these names. Cost: a walk by reflection, so keep the result where it is needed often.
  public var parameters: [(name: String, parameter: Parameter)] { parts(of: self).parameters }

  /// All buffers with their names, in the order of declaration.
  public var buffers: [(name: String, buffer: Buffer)] { parts(of: self).buffers }

  /// How many numbers all parameters hold together.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.parameter.count } }
}

/// How many numbers all parameters of a model hold together.
public func parameterCount(of model: any Layer) -> Int { model.parameterCount }

/// A layer that errors and summaries name, such as `layers.2 (Dense 512 → 10)`.
///
/// It implements `apply`; calling it checks the arguments it was made with, and adds its name to errors.
public protocol NamedLayer: Layer {
  /// What it is, such as `Dense 512 → 10`.
  var summary: String { get }
  /// Where it is in the model.
  var path: LayerPath { get }
  /// What was wrong with the arguments it was made with.
  var failure: TensorError? { get }
  func apply(_ x: Tensor) -> Tensor
  /// How many numbers the layer's own parameters hold.
  var ownParameterCount: Int { get }
  /// How many floating-point operations give an output of this shape.
  func operations(input: Shape, output: Shape) -> Int
}

extension NamedLayer {
  public var failure: TensorError? { nil }
  public var ownParameterCount: Int { 0 }
  public func operations(input: Shape, output: Shape) -> Int { 0 }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    traced(x) { (failure.map(Tensor.failed) ?? apply(x), ()) }.0
  }

  /// Does `body`, whose first result is the layer's output: adds the layer's name to errors, and lets summaries and
  /// searches for numbers that are not finite know what was recorded. For layers that are called in other ways too.
  public func traced<Rest>(_ x: Tensor, _ body: () -> (Tensor, Rest)) -> (Tensor, Rest) {
    let recorder = Tracing.recorder
    let start = recorder == nil ? 0 : recordingPosition
    let (result, rest) = body()
    let output = result.located(in: path.named(summary))
    recorder?.record(self, input: x.shape, output: output.shape, since: start)
    return (output, rest)
  }
}

/// Where in a model a layer is. Reflection finds it as it finds parameters, and fills it in.
public final class LayerPath: Sendable {
  private let stored = Mutex("")

  public init() {}

  /// The path, such as `layers.2`; empty before a model that holds the layer was looked through.
  public internal(set) var name: String {
    get { stored.withLock { $0 } }
    set { stored.withLock { $0 = newValue } }
  }

  func named(_ summary: String) -> String { name.isEmpty ? summary : "\(name) (\(summary))" }
}
