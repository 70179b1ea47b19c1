/// The values of tensors by the reference interpreter in float64. Not generic, so that other modules get specialized code.
func referenceValues(of tensors: [Tensor]) throws(TensorError) -> [ReferenceInterpreter<Double>.HostArray] {
  try ReferenceInterpreter<Double>().evaluate(tensors)
}

/// The same in float32.
func singlePrecisionReferenceValues(
  of tensors: [Tensor]
) throws(TensorError) -> [ReferenceInterpreter<Float>.HostArray] {
  try ReferenceInterpreter<Float>().evaluate(tensors)
}
