import Tensors

/// What a parameter or a buffer holds: values, or why there are none.
enum ParameterContent: Sendable {
  case values(Variable)
  /// Created while only shapes were requested.
  case planned(Shape)
  case failed(TensorError)

  /// Whether layers are created only for the shapes of their parameters, without values.
  @TaskLocal static var plansOnly = false

  init(_ values: [Float], shape: Shape, name: String) {
    do { self = .values(try Variable(values, shape: shape, name: name)) } catch { self = .failed(error) }
  }

  /// Initializes the values only where there is memory for the shape.
  init(shape: Shape, name: String, _ values: (Int) throws(TensorError) -> [Float]) {
    guard shape.allSatisfy({ $0 > 0 }), shape.elementCount <= 1 << 31 else {
      self = .failed(
        TensorError("\(name): the shape \(shape) must have sizes of at least 1 and 2³¹ numbers at most"))
      return
    }
    guard !Self.plansOnly else {
      self = .planned(shape)
      return
    }
    do throws(TensorError) {
      // The values, and the variable that holds them.
      try Memory.check(2 * 4 * shape.elementCount, for: "the values of \(name) \(shape)")
      self.init(try values(shape.elementCount), shape: shape, name: name)
    } catch {
      self = .failed(error)
    }
  }

  /// Throws why there are no values.
  func variable() throws(TensorError) -> Variable {
    switch self {
    case .values(let variable): return variable
    case .planned(let shape): throw TensorError("a parameter of \(shape) was made without values")
    case .failed(let error): throw error
    }
  }

  /// The same values in a variable of its own; numbers with fractions as `dtype` where that is given.
  func copied(as dtype: DType?) throws(TensorError) -> ParameterContent {
    guard case .values(let variable) = self else {
      _ = try self.variable()
      return self
    }
    guard let dtype, variable.dtype.isFloatingPoint, variable.dtype != dtype else {
      return .values(try Variable(copying: variable))
    }
    return .values(try Variable(variable.tensor.cast(to: dtype), name: variable.name))
  }

  /// The values, as a leaf of a graph.
  var tensor: Tensor {
    do { return try variable().tensor } catch { return .failed(error) }
  }

  /// `nil` where the arguments were wrong.
  var shape: Shape? {
    switch self {
    case .values(let variable): variable.shape
    case .planned(let shape): shape
    case .failed: nil
    }
  }

  /// The shape. Throws what was wrong with the arguments.
  func checkedShape() throws(TensorError) -> Shape {
    if case .failed(let error) = self { throw error }
    return shape ?? []
  }

  var name: String? { if case .values(let variable) = self { variable.name } else { nil } }
  func rename(_ name: String) { if case .values(let variable) = self { variable.name = name } }
}

/// The names and shapes of a model's parameters, then of its buffers, without allocating their values: `make` builds
/// the model, whose parameters have no values, so that it cannot be used otherwise.
///
/// A model file is compared with these before the model is built. Throws what was wrong with the arguments
/// of a layer, and what `make` throws.
package func plannedShapes(of make: () throws -> any Layer) throws -> [(name: String, shape: Shape)] {
  try ParameterContent.$plansOnly.withValue(true) {
    let model = try make()
    return try model.parameters.map { ($0.name, try $0.parameter.content.checkedShape()) }
      + model.buffers.map { ($0.name, try $0.buffer.content.checkedShape()) }
  }
}

/// Whether layers are created only for the shapes of their parameters: other tables need not be computed then.
package var isPlanningShapes: Bool { ParameterContent.plansOnly }
