/// An array of numbers that remembers how it is computed.
///
/// Computed in its `dtype`, float32 unless another one is asked for, rounded to nearest. Denormal numbers, those nearer
/// to 0 than 1.2e-38 in float32, count as 0. The floating-point environment of the calling program is not changed.
///
/// Operations on tensors compute nothing: each records a node of a graph. They are computed when values are requested
/// (`values()`, `scalar()`, `evaluate(_:assigning:)`). An invalid operation gives a *failed* tensor; the error is
/// thrown when a value, a gradient or an update is requested.
public struct Tensor: Sendable {
  var node: Node
  /// Which of the node's results.
  let output: Int

  init(_ node: Node, output: Int = 0) {
    self.node = node
    self.output = output
  }

  var type: TensorType { node.types[output] }
  /// The sizes of the dimensions. A failed tensor's is empty.
  public var shape: Shape { type.shape }
  /// What the elements are.
  public var dtype: DType { type.dtype }
  /// What was wrong, if this tensor is the result of an invalid operation.
  public var failure: TensorError? { node.failure }

  /// Numbers in row-major order. Their count must be the product of `shape`.
  public init(_ values: [Float], shape: [Int]) { self = .leaf(values, shape) }
  /// Elements of any type (`Int32` for labels and positions, `Double`, `Bool`, …) in row-major order.
  @_disfavoredOverload
  public init<Element: TensorElement>(_ values: [Element], shape: [Int]) { self = .leaf(values, shape) }
  /// A scalar that may change from step to step without a new plan.
  public init(_ value: Float) { self = .leaf([value], [], role: .number) }
  /// A scalar of any type that may change from step to step without a new plan. In a `CompiledStep` a whole number stays
  /// as it is, like all data that is not among the inputs; one with fractions is an error there.
  @_disfavoredOverload
  public init<Element: TensorElement>(_ value: Element) {
    self = .leaf([value], [], role: Element.tensorType.isFloatingPoint ? .number : .data)
  }

  private static func leaf<Element: TensorElement>(
    _ values: [Element], _ shape: [Int], role: Storage.Role = .data
  ) -> Tensor {
    .checked { () throws(TensorError) in
      let type = TensorType(Shape(shape), Element.tensorType)
      if let flaw = type.shape.flaw { throw TensorError("Tensor: \(flaw)") }
      guard type.shape.elementCount == values.count else {
        throw TensorError("Tensor: \(values.count) values do not fill the shape \(type.shape)")
      }
      return Tensor(try Storage(values, role: role, for: "a tensor \(type)"), type)
    }
  }

  /// A tensor that carries an error.
  public static func failed(_ error: TensorError) -> Tensor {
    Tensor(Node(Failed(), inputs: [], types: [TensorType([])], leaf: .failure(error)))
  }

  /// Adds the layer to the error of a failed tensor that does not name one yet. Costs nothing otherwise.
  public func located(in layer: @autoclosure () -> String) -> Tensor {
    guard var error = failure, error.layer == nil else { return self }
    error.layer = layer()
    error.callSite = nil  // a location inside of the layer does not help its user
    return .failed(error)
  }

  /// Adds the location of a call to the error of a failed tensor that does not name one yet. Costs nothing otherwise.
  public func called(at site: @autoclosure () -> CallSite) -> Tensor {
    if let failure, failure.callSite == nil { .failed(failure.called(at: site())) } else { self }
  }

  /// The tensor that `body` makes, or a failed one with its error and where it was called.
  static func checked(_ site: CallSite? = nil, _ body: () throws(TensorError) -> Tensor) -> Tensor {
    do throws(TensorError) { return try body() } catch { return .failed(error.called(at: site)) }
  }

  /// The same, or this tensor where it is a failed one.
  func checked(_ site: CallSite? = nil, _ body: () throws(TensorError) -> Tensor) -> Tensor {
    failure == nil ? .checked(site, body) : self
  }

  /// Records an operation with one result.
  static func record(_ op: any Operation, _ inputs: [Tensor], _ site: CallSite? = nil) -> Tensor {
    recordAll(op, inputs, site)[0]
  }

  /// Records an operation; the results in order, or failed tensors instead.
  static func recordAll(_ op: any Operation, _ inputs: [Tensor], _ site: CallSite? = nil)
    -> [Tensor]
  {
    for input in inputs where input.failure != nil {
      return Array(repeating: input, count: op.resultCount)
    }
    do throws(TensorError) {
      let types = try op.types(of: inputs.map(\.type))
      for type in types { if let flaw = type.shape.flaw { throw TensorError("\(op.name): \(flaw)") } }
      let node = Node(op, inputs: inputs, types: types)
      return types.indices.map { Tensor(node, output: $0) }
    } catch {
      return Array(repeating: .failed(error.called(at: site)), count: op.resultCount)
    }
  }
}
