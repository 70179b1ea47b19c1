import CKernels

extension Op {
  /// The instruction of an elementwise pass that does this on operands of a type.
  func opcode(operand: DType) throws(TensorError) -> backprop_opcode {
    let float = operand == .float32
    switch self {
    case .unary(.negate): return float ? BACKPROP_NEGATE_F : BACKPROP_NEGATE_I
    case .unary(let kind): return kind.opcode
    case .binary(let kind): return try kind.opcode(float)
    case .select: return BACKPROP_SELECT
    case .cast(let dtype):
      return dtype == operand ? BACKPROP_COPY : float ? BACKPROP_FLOAT_TO_INT : BACKPROP_INT_TO_FLOAT
    default: throw TensorError("internal error: \(name) is not elementwise")
    }
  }
}

extension Unary {
  fileprivate var opcode: backprop_opcode {
    switch self {
    case .negate: BACKPROP_NEGATE_F
    case .absolute: BACKPROP_ABS_F
    case .sign: BACKPROP_SIGN_F
    case .exp: BACKPROP_EXP_F
    case .log: BACKPROP_LOG_F
    case .sqrt: BACKPROP_SQRT_F
    case .rsqrt: BACKPROP_RSQRT_F
    case .reciprocal: BACKPROP_RECIPROCAL_F
    case .square: BACKPROP_SQUARE_F
    case .tanh: BACKPROP_TANH_F
    case .sigmoid: BACKPROP_SIGMOID_F
    case .relu: BACKPROP_RELU_F
    case .sin: BACKPROP_SIN_F
    case .cos: BACKPROP_COS_F
    case .erf: BACKPROP_ERF_F
    case .floor: BACKPROP_FLOOR_F
    case .geluTanh: BACKPROP_GELU_F
    case .geluTanhDerivative: BACKPROP_GELU_DERIVATIVE_F
    }
  }
}

extension Binary {
  fileprivate func opcode(_ float: Bool) throws(TensorError) -> backprop_opcode {
    switch self {
    case .add: return float ? BACKPROP_ADD_F : BACKPROP_ADD_I
    case .subtract: return float ? BACKPROP_SUBTRACT_F : BACKPROP_SUBTRACT_I
    case .multiply: return float ? BACKPROP_MULTIPLY_F : BACKPROP_MULTIPLY_I
    case .maximum: return float ? BACKPROP_MAXIMUM_F : BACKPROP_MAXIMUM_I
    case .minimum: return float ? BACKPROP_MINIMUM_F : BACKPROP_MINIMUM_I
    case .less: return float ? BACKPROP_LESS_F : BACKPROP_LESS_I
    case .lessOrEqual: return float ? BACKPROP_LESS_EQUAL_F : BACKPROP_LESS_EQUAL_I
    case .equal: return float ? BACKPROP_EQUAL_F : BACKPROP_EQUAL_I
    case .divide: if float { return BACKPROP_DIVIDE_F }
    case .power: if float { return BACKPROP_POWER_F }
    }
    throw TensorError("\(rawValue): not for int32")
  }
}
