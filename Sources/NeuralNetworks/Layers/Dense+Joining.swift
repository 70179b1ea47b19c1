import Tensors

extension Dense {
  /// The outputs of several layers for the same input.
  ///
  /// As for queries, keys and values of attention: x Q, x K and x V are parts of x [Q K V], the gradients of the
  /// weights parts of xᵀ [dq dk dv], and that of x is one product instead of the sum of three. So x is read once, and
  /// the products are larger. The weights are concatenated for that, which pays off where x has many rows.
  static func outputs(of layers: [Dense], _ x: Tensor) -> [Tensor] {
    guard arePartsOfOne(layers, x) else { return layers.map { $0(x) } }
    let product = x.matmul(.concatenated(layers.map(\.weight.tensor), axis: 1))
    let biases = layers.compactMap { $0.bias?.tensor }
    let whole = biases.isEmpty ? product : product + .concatenated(biases, axis: 0)
    if whole.failure != nil { return layers.map { _ in whole } }
    var starts = whole.shape.map { _ in 0 }
    return layers.map { layer in
      let part = whole.sliced(starts: starts, shape: Shape(whole.shape.dropLast() + [layer.outputs]))
      starts[starts.count - 1] += layer.outputs
      return layer.traced(x) { (part, ()) }.0
    }
  }

  /// Rows of the input for each column of the joined weights from which on joining pays off.
  private static let rowsAColumn = 2

  private static func arePartsOfOne(_ layers: [Dense], _ x: Tensor) -> Bool {
    guard let first = layers.first, layers.count > 1, x.failure == nil, x.shape.rank > 1 else { return false }
    let columns = layers.reduce(0) { $0.plus($1.outputs) }
    return Shape(x.shape.dropLast()).elementCount >= columns.times(rowsAColumn)
      && layers.allSatisfy {
        $0.failure == nil && $0.activation == .none && $0.inputs == x.shape[-1]
          && ($0.bias == nil) == (first.bias == nil)
      }
  }
}
