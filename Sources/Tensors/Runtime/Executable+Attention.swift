import CKernels

extension Executable {
  func attend(_ call: AttentionCall) throws(TensorError) {
    func heads(_ operand: View) -> backprop_heads {
      backprop_heads(
        data: floats(operand.start), example: Int64(operand.strides[0]), head: Int64(operand.strides[1]),
        position: Int64(operand.strides[2]))
    }
    let lengths = call.inputs[3]
    var shape = backprop_attention_shape(
      batch: Int64(call.batch), heads: Int64(call.heads), kv_heads: Int64(call.kvHeads), queries: Int64(call.queries),
      keys: Int64(call.keys), size: Int64(call.size), value_size: Int64(call.valueSize), causal: call.causal ? 1 : 0,
      scale: Float(call.scale), lengths: ints(lengths.start), length_stride: Int64(lengths.strides[0]))
    var (q, k, v) = (heads(call.inputs[0]), heads(call.inputs[1]), heads(call.inputs[2]))
    let status: Int32
    if call.isGradient {
      var (y, upstream) = (heads(call.inputs[4]), heads(call.inputs[6]))
      var (dq, dk, dv) = (heads(call.outputs[0]), heads(call.outputs[1]), heads(call.outputs[2]))
      status = backprop_attention_gradient(
        &shape, &q, &k, &v, &y, floats(call.inputs[5].start), &upstream, &dq, &dk, &dv)
    } else {
      var y = heads(call.outputs[0])
      status = backprop_attention(&shape, &q, &k, &v, &y, floats(call.outputs[1].start))
    }
    guard status == 0 else { throw TensorError("attention: no memory is left for its tiles") }
  }
}
