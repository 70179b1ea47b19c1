import Tensors

/// Tensors that layers compute with in place of parameters: weights that are functions of what is learned.
enum ParameterSubstitution {
  @TaskLocal static var tensors: [ObjectIdentifier: Tensor] = [:]

  /// Records what `body` does with `tensor` in place of the parameter's values.
  static func with<Result>(_ tensor: Tensor, for parameter: Parameter, _ body: () -> Result) -> Result {
    $tensors.withValue(tensors.merging([ObjectIdentifier(parameter): tensor]) { $1 }, operation: body)
  }
}

extension Parameter {
  /// The values as a matrix whose rows are those along an axis: [size of the axis, others].
  func rows(along axis: Int) -> Tensor {
    let others = Shape(shape.indices.filter { $0 != axis }.map { shape[$0] })
    let order = [axis] + shape.indices.filter { $0 != axis }
    return tensor.permuted(order).reshaped(to: [shape[axis], others.elementCount])
  }

  /// The axis counted from the start; `nil` where there is no such one.
  func axis(_ axis: Int) -> Int? {
    let index = axis < 0 ? axis + shape.rank : axis
    return shape.indices.contains(index) ? index : nil
  }
}
