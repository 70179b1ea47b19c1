/// The products of a vector with the Jacobian of each output, summed: Σ ∂outputs/∂x · vectors from the left, for each `x`
/// of `inputs`, of its shape; `nil` where no output depends on it.
///
/// One walk in reverse, at about twice the cost of the outputs, whatever their sizes. `vectors` have the outputs' shapes.
/// The products can be differentiated again. Wrong shapes give failed tensors. It is what PyTorch calls `vjp`.
public func vectorJacobianProducts(
  of outputs: [Tensor], along vectors: [Tensor], withRespectTo inputs: [Tensor], file: StaticString = #fileID,
  line: UInt = #line
) -> [Tensor?] {
  do throws(TensorError) {
    try check(outputs, vectors, "vectorJacobianProducts", "outputs")
    return try reverseWalk(from: Array(zip(outputs, vectors)), to: inputs, stopsAtTargets: false)
  } catch {
    return inputs.map { _ in .failed(error.called(at: CallSite(file, line))) }
  }
}

/// The derivatives of the outputs along a direction: Σ ∂output/∂x · tangent over all inputs `x`, for each output, of its
/// shape; zeros where it depends on none.
///
/// `tangents` have the inputs' shapes. The cost is about that of the gradient of a gradient, whatever the sizes: the
/// product of the Jacobian with a vector from the left is linear in that vector, and its own gradient is the product from
/// the right (Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural Computation 6, 1994, gives it for
/// Hessians). It can be differentiated again. Wrong shapes give failed tensors. It is what PyTorch calls `jvp`.
public func jacobianVectorProducts(
  of outputs: [Tensor], along tangents: [Tensor], withRespectTo inputs: [Tensor], file: StaticString = #fileID,
  line: UInt = #line
) -> [Tensor] {
  do throws(TensorError) {
    try check(inputs, tangents, "jacobianVectorProducts", "inputs")
    try check(outputs, outputs, "jacobianVectorProducts", "outputs")
    // Any values do, as the products are linear in them; no operation may see that they are constant.
    let vectors = outputs.map { output in
      Tensor(
        Node(Reshape(shape: output.shape), inputs: [.zeros(output.shape, dtype: output.dtype)], types: [output.type]))
    }
    let products = try reverseWalk(from: Array(zip(outputs, vectors)), to: inputs, stopsAtTargets: false)
    let seeds = zip(products, tangents).compactMap { product, tangent in product.map { ($0, Optional(tangent)) } }
    let derivatives = try reverseWalk(from: seeds, to: vectors)
    return zip(outputs, derivatives).map { $1 ?? .zeros($0.shape, dtype: $0.dtype) }
  } catch {
    return outputs.map { _ in .failed(error.called(at: CallSite(file, line))) }
  }
}

/// All derivatives of `output` with respect to `input`: [output's axes..., input's axes...], zeros where it does not depend
/// on it.
///
/// As many products of the Jacobian with a vector as the smaller of both has elements, computed at once as a batch: from
/// the left, in reverse, or from the right. So the memory is that of as many gradients. It can be differentiated again.
public func jacobian(
  of output: Tensor, withRespectTo input: Tensor, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  Tensor.checked(CallSite(file, line)) { () throws(TensorError) in
    try check([output], [output], "jacobian", "outputs")
    try check([input], [input], "jacobian", "inputs")
    let shape = Shape(output.shape.dimensions + input.shape.dimensions)
    let isForward = input.shape.elementCount < output.shape.elementCount
    let side = isForward ? input : output
    let count = side.shape.elementCount
    guard count > 0, shape.elementCount > 0 else { return .zeros(shape, dtype: output.dtype) }
    // A batch of all unit vectors.
    let units = Tensor.iota([count, count], axis: 0).equal(to: .iota([count, count], axis: 1)).cast(to: side.dtype)
    let products = units.reshaped(to: Shape([count] + side.shape.dimensions)).mapped { unit in
      isForward
        ? jacobianVectorProducts(of: [output], along: [unit], withRespectTo: [input])[0]
        : vectorJacobianProducts(of: [output], along: [unit], withRespectTo: [input])[0]
          ?? .zeros(input.shape, dtype: input.dtype)
    }
    let rows = products.reshaped(to: [count, shape.elementCount / count])
    return (isForward ? rows.transposed : rows).reshaped(to: shape)
  }
}

/// The second derivatives of a scalar: [input's axes..., input's axes...].
///
/// The Jacobian of its gradient, at the cost of as many gradients of a gradient as the input has elements. A product of
/// the Hessian with a vector costs one: `jacobianVectorProducts` of the gradient.
public func hessian(
  of loss: Tensor, withRespectTo input: Tensor, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let gradient = gradients(of: loss, withRespectTo: [input], file: file, line: line)[0]
  return jacobian(
    of: gradient ?? .zeros(input.shape, dtype: input.dtype), withRespectTo: input, file: file, line: line)
}

/// Throws where tensors and the vectors for them differ in count, shape or type, or have no derivatives.
private func check(
  _ tensors: [Tensor], _ vectors: [Tensor], _ name: String, _ what: String
) throws(TensorError) {
  if let failure = (tensors + vectors).lazy.compactMap(\.failure).first { throw failure }
  guard tensors.count == vectors.count else {
    throw TensorError("\(name): \(tensors.count) \(what) need a vector each, not \(vectors.count)")
  }
  for (tensor, vector) in zip(tensors, vectors) {
    guard tensor.dtype.isDifferentiable else {
      throw TensorError("\(name): the \(what) must be float32 or float64, not \(tensor.type)")
    }
    guard tensor.type == vector.type else {
      throw TensorError("\(name): the vector for \(tensor.type) of the \(what) has another type, \(vector.type)")
    }
  }
}
