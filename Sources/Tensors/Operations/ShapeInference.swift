extension Op {
  /// The types of the results, or what is wrong with these operands.
  func inferTypes(_ inputs: [TensorType]) throws(TensorError) -> [TensorType] {
    switch self {
    case .data(let type), .variable(let type), .fill(_, let type):
      return [type]
    case .iota(let shape, _):
      return [TensorType(shape, .int32)]
    case .random(_, let shape):
      return [TensorType(shape)]
    case .failed:
      return [TensorType([])]

    case .unary(let kind):
      let type = inputs[0]
      guard type.dtype == .float32 || kind.function.integerInstruction != nil else {
        throw wrongType(inputs, needs: "float32")
      }
      return [type]
    case .binary(let kind):
      let (a, b) = (inputs[0], inputs[1])
      guard let shape = a.shape.broadcast(with: b.shape) else {
        throw TensorError("\(name): shapes \(a.shape) and \(b.shape) do not broadcast: sizes must be equal or 1")
      }
      guard a.dtype == b.dtype else { throw wrongType(inputs, needs: "operands of one type") }
      guard a.dtype == .float32 || kind.function.integerInstruction != nil else {
        throw wrongType(inputs, needs: "float32")
      }
      return [TensorType(shape, kind.function.isComparison ? .float32 : a.dtype)]
    case .select:
      guard inputs[0].dtype == .float32, inputs[1].dtype == inputs[2].dtype else {
        throw wrongType(inputs, needs: "a float32 condition and two operands of one type")
      }
      guard let branches = inputs[1].shape.broadcast(with: inputs[2].shape),
        let shape = inputs[0].shape.broadcast(with: branches)
      else {
        throw TensorError(
          "select: shapes \(inputs[0].shape), \(inputs[1].shape) and \(inputs[2].shape) do not broadcast")
      }
      return [TensorType(shape, inputs[1].dtype)]
    case .cast(let dtype):
      return [TensorType(inputs[0].shape, dtype)]
    case .stopGradient:
      return inputs

    case .reshape(let shape):
      guard shape.elementCount == inputs[0].shape.elementCount else {
        throw TensorError(
          "reshape: \(inputs[0].shape) has \(inputs[0].shape.elementCount) elements, \(shape) has \(shape.elementCount)"
        )
      }
      return [TensorType(shape, inputs[0].dtype)]
    case .permute(let order):
      guard order.sorted() == Array(inputs[0].shape.indices) else {
        throw TensorError("permute: \(order) is not an order of the axes of \(inputs[0].shape)")
      }
      return [TensorType(Shape(order.map { inputs[0].shape[$0] }), inputs[0].dtype)]
    case .broadcast(let shape):
      guard inputs[0].shape.broadcast(with: shape) == shape else {
        throw TensorError("broadcast: \(inputs[0].shape) does not broadcast to \(shape)")
      }
      return [TensorType(shape, inputs[0].dtype)]
    case .slice(let starts, let shape):
      let whole = inputs[0].shape
      guard starts.count == whole.rank, shape.rank == whole.rank,
        whole.indices.allSatisfy({
          starts[$0] >= 0 && shape[$0] >= 0 && starts[$0] <= whole[$0] && shape[$0] <= whole[$0] - starts[$0]
        })
      else { throw TensorError("slice: a box \(shape) at \(starts) does not lie inside \(whole)") }
      return [TensorType(shape, inputs[0].dtype)]
    case .pad(let before, let after, _):
      let whole = inputs[0].shape
      guard before.count == whole.rank, after.count == whole.rank, (before + after).allSatisfy({ $0 >= 0 }) else {
        throw TensorError("pad: needs an amount of at least 0 before and after each axis of \(whole)")
      }
      return [TensorType(Shape(whole.indices.map { before[$0].plus(whole[$0]).plus(after[$0]) }), inputs[0].dtype)]
    case .concatenate(let axis):
      guard let first = inputs.first else { throw TensorError("concatenate: needs at least one tensor") }
      guard first.shape.indices.contains(axis) else {
        throw TensorError("concatenate: \(first.shape) has no axis \(axis)")
      }
      var shape = first.shape
      for other in inputs.dropFirst() {
        guard other.dtype == first.dtype else { throw wrongType(inputs, needs: "tensors of one type") }
        guard other.shape.rank == shape.rank,
          shape.indices.allSatisfy({ $0 == axis || shape[$0] == other.shape[$0] })
        else {
          throw TensorError("concatenate: \(first.shape) and \(other.shape) differ on an axis other than \(axis)")
        }
        shape.dimensions[axis] = shape[axis].plus(other.shape[axis])
      }
      return [TensorType(shape, first.dtype)]

    case .reduce(let kind, let axes):
      guard inputs[0].dtype == .float32 else { throw wrongType(inputs, needs: "float32") }
      var shape = inputs[0].shape
      for axis in axes {
        guard shape.indices.contains(axis) else { throw TensorError("\(name): \(inputs[0].shape) has no axis \(axis)") }
        guard kind != .maximum && kind != .minimum || inputs[0].shape[axis] > 0 else {
          throw TensorError("\(name): axis \(axis) of \(inputs[0].shape) is empty and has no \(kind.rawValue)")
        }
        shape.dimensions[axis] = 1
      }
      return [TensorType(shape)]
    case .argmax(let axis):
      guard inputs[0].dtype == .float32 else { throw wrongType(inputs, needs: "float32") }
      var shape = inputs[0].shape
      guard shape.indices.contains(axis), shape[axis] > 0 else {
        throw TensorError("argmax: axis \(axis) of \(shape) is missing or empty")
      }
      shape.dimensions.remove(at: axis)
      return [TensorType(shape, .int32)]

    case .gather:
      let (table, numbers) = (inputs[0], inputs[1])
      guard table.shape.rank == 2, table.dtype == .float32, numbers.dtype == .int32 else {
        throw TensorError("gather: needs a float32 table [rows, width] and int32 numbers, not \(table) and \(numbers)")
      }
      return [TensorType(Shape(numbers.shape.dimensions + [table.shape[1]]))]
    case .scatterAdd(let rows):
      let (numbers, x) = (inputs[0], inputs[1])
      guard numbers.dtype == .int32, x.dtype == .float32, x.shape.rank == numbers.shape.rank + 1,
        Array(x.shape.dropLast()) == numbers.shape.dimensions
      else {
        throw TensorError("scatterAdd: needs int32 numbers and a float32 row for each, not \(numbers) and \(x)")
      }
      return [TensorType([rows, x.shape[-1]])]
    case .replaceSlice(let axis):
      let (x, block) = (inputs[0], inputs[1])
      guard x.dtype == .float32, block.dtype == .float32, x.shape.indices.contains(axis),
        block.shape.rank == x.shape.rank, inputs[2] == TensorType([], .int32),
        x.shape.indices.allSatisfy({ $0 == axis ? block.shape[$0] <= x.shape[$0] : block.shape[$0] == x.shape[$0] })
      else {
        throw TensorError("replaceSlice: \(block) at \(inputs[2]) does not fit into \(x) along axis \(axis)")
      }
      return [x]

    case .matmul:
      return [try inferMatmul(inputs[0], inputs[1])]
    case .unfold(let window, _):
      let (n, c, height, width) = try image(inputs[0])
      let out = try positions(of: window, height, width)
      return [TensorType([n, c, out.height, out.width, window.kernel.height, window.kernel.width])]
    case .fold(let window, let height, let width):
      let shape = inputs[0].shape
      let out = try positions(of: window, height, width)
      guard shape.rank == 6,
        Array(shape.dropFirst(2)) == [out.height, out.width, window.kernel.height, window.kernel.width]
      else { throw TensorError("fold: \(shape) does not fold into images of \(height)×\(width)") }
      return [TensorType([shape[0], shape[1], height, width])]
    case .convolution(let window, let groups):
      let (n, c, height, width) = try image(inputs[0])
      let weights = inputs[1].shape
      guard weights.rank == 4, weights[2] == window.kernel.height, weights[3] == window.kernel.width else {
        throw TensorError("convolution: weights must be [out, in, height, width], not \(weights)")
      }
      guard groups > 0, c == weights[1].times(groups), weights[0] % groups == 0 else {
        throw TensorError(
          "convolution: \(inputs[0].shape) ∗ \(weights) — the images have \(c) channels, the weights take "
            + "\(weights[1].times(groups))" + (groups == 1 ? "" : " in \(groups) groups"))
      }
      let out = try positions(of: window, height, width)
      return [TensorType([n, weights[0], out.height, out.width])]
    case .convolutionInputGradient(_, _, let shape), .convolutionWeightGradient(_, _, let shape):
      return [TensorType(shape)]
    case .maxPool(let window), .averagePool(let window):
      let (n, c, height, width) = try image(inputs[0])
      let out = try pooledPositions(of: window, height, width)
      return [TensorType([n, c, out.height, out.width])]
    case .maxPoolGradient:
      return [inputs[0]]
    case .averagePoolGradient(_, let shape):
      return [TensorType(shape)]
    case .batchNorm(let epsilon):
      try check(epsilon: epsilon)
      let shape = inputs[0].shape
      guard shape.rank >= 2, inputs[0].dtype == .float32 else {
        throw TensorError("batchNorm: needs float32 [batch, channels, …], not \(inputs[0])")
      }
      let channels = TensorType([shape[1]])
      guard inputs[1] == channels, inputs[2] == channels else {
        throw TensorError(
          "batchNorm: \(shape) has \(shape[1]) channels, scale and shift are \(inputs[1].shape) and \(inputs[2].shape)")
      }
      guard shape[0] * shape.dropFirst(2).reduce(1, *) > 0 else {
        throw TensorError("batchNorm: \(shape) has no values to take a mean of")
      }
      return [inputs[0], channels, channels]
    case .batchNormGradient:
      return [inputs[0], inputs[1], inputs[1]]
    case .softmax, .logSoftmax:
      guard inputs[0].shape.rank >= 1, inputs[0].dtype == .float32 else {
        throw TensorError("\(name): needs a float32 tensor with an axis, not \(inputs[0])")
      }
      return [inputs[0]]
    case .crossEntropy:
      let (logits, labels) = (inputs[0], inputs[1])
      guard logits.shape.rank == 2, logits.dtype == .float32 else {
        throw TensorError("crossEntropy: logits must be float32 [batch, classes], not \(logits)")
      }
      guard labels.dtype == .int32, labels.shape == [logits.shape[0]] else {
        throw TensorError("crossEntropy: logits \(logits.shape) need labels int32 [\(logits.shape[0])], not \(labels)")
      }
      return [TensorType([logits.shape[0]])]
    case .crossEntropyGradient:
      return [inputs[0]]
    case .layerNorm(let epsilon):
      try check(epsilon: epsilon)
      let shape = inputs[0].shape
      guard shape.rank >= 1, shape[-1] > 0, inputs[0].dtype == .float32 else {
        throw TensorError("layerNorm: needs a float32 tensor with a last axis of at least 1, not \(inputs[0])")
      }
      let width = TensorType([shape[-1]])
      guard inputs[1] == width, inputs[2] == width else {
        throw TensorError(
          "layerNorm: \(shape) has \(shape[-1]) features, scale and shift are \(inputs[1].shape) and \(inputs[2].shape)"
        )
      }
      let rows = TensorType(Shape(shape.dropLast()))
      return [inputs[0], rows, rows]
    case .layerNormGradient:
      return [inputs[0], inputs[3], inputs[3]]
    case .recurrence(let cell, _):
      return try inferRecurrence(cell, inputs)
    case .recurrenceGradient(let cell, _):
      let (weights, states) = (inputs[0].shape, inputs[2].shape)
      let steps = TensorType([states[0] - 1, states[1], weights[1]])
      let state = TensorType([states[1], states[2]])
      return [steps] + (cell == .gru ? [steps] : []) + [state] + (cell == .lstm ? [state] : [])
    case .attention(_, let scale):
      return try inferAttention(inputs, scale: scale)
    case .attentionGradient:
      return [inputs[0], inputs[1], inputs[2]]
    }
  }

  private func check(epsilon: Double) throws(TensorError) {
    guard epsilon >= 0, epsilon.isFinite else {
      throw TensorError("\(name): epsilon must be a finite number of at least 0, not \(epsilon)")
    }
  }

  private func wrongType(_ inputs: [TensorType], needs: String) -> TensorError {
    TensorError("\(name): needs \(needs), not \(inputs.map(\.description).joined(separator: " and "))")
  }

  private func image(_ type: TensorType) throws(TensorError) -> (Int, Int, Int, Int) {
    guard type.shape.rank == 4, type.dtype == .float32 else {
      throw TensorError("\(name): needs float32 images [batch, channels, height, width], not \(type)")
    }
    return (type.shape[0], type.shape[1], type.shape[2], type.shape[3])
  }

  /// How many positions a window has in an image of this size, at least one along each axis.
  private func positions(of window: Window, _ height: Int, _ width: Int) throws(TensorError) -> (
    height: Int, width: Int
  ) {
    // Products of two sizes below this, and sums of a few, do not overflow.
    let limit = 1 << 30
    for pair in [window.kernel, window.stride, window.dilation] {
      guard 1...limit ~= pair.height, 1...limit ~= pair.width else {
        throw TensorError(
          "\(name): kernel \(window.kernel), stride \(window.stride) and dilation \(window.dilation) must be 1 to 2³⁰")
      }
    }
    for padding in [window.paddingBegin, window.paddingEnd] {
      guard 0...limit ~= padding.height, 0...limit ~= padding.width else {
        throw TensorError("\(name): padding must be 0 to 2³⁰, not \(padding)")
      }
    }
    let out = window.positions(height: height, width: width)
    guard out.height > 0, out.width > 0 else {
      throw TensorError(
        "\(name): a kernel of \(window.kernel) does not fit into images of \(height)×\(width) with this padding")
    }
    return out
  }

  /// The same for pooling. Padding as wide as the kernel would give windows entirely in the padding, whose
  /// maximum does not exist; a convolution gives 0 there.
  private func pooledPositions(of window: Window, _ height: Int, _ width: Int) throws(TensorError) -> (
    height: Int, width: Int
  ) {
    let out = try positions(of: window, height, width)
    let reach = Pair(
      window.dilation.height * (window.kernel.height - 1), window.dilation.width * (window.kernel.width - 1))
    guard
      [window.paddingBegin, window.paddingEnd].allSatisfy({ $0.height <= reach.height && $0.width <= reach.width })
    else {
      throw TensorError(
        "\(name): padding must be less than the kernel's reach of \(reach.height + 1)×\(reach.width + 1)")
    }
    return out
  }

  private func inferRecurrence(_ cell: RecurrentCell, _ inputs: [TensorType]) throws(TensorError) -> [TensorType] {
    let x = inputs[0].shape
    let size = inputs[1].shape.rank == 2 ? inputs[1].shape[0] : 0
    guard x.rank == 3, x[0] > 0, size > 0, x[2] == cell.gates * size else {
      throw TensorError(
        "\(cell.rawValue): needs projected inputs [time, batch, \(cell.gates) · size] with at least one time step, not \(x), "
          + "for weights \(inputs[1].shape)")
    }
    let state = TensorType([x[1], size])
    let wanted =
      [
        TensorType(x), TensorType([size, cell.gates * size]), TensorType([cell.biases * size]),
        TensorType([x[1]], .int32),
      ]
      + [TensorType](repeating: state, count: cell == .lstm ? 2 : 1)
    for (name, (found, right)) in zip(
      ["inputs", "weights", "bias", "lengths", "initial state", "initial cell"], zip(inputs, wanted))
    where found != right {
      throw TensorError("\(cell.rawValue): the \(name) must be \(right), not \(found)")
    }
    let states = TensorType([x[0] + 1, x[1], size])
    let saved = TensorType([x[0], x[1], cell.savedBlocks * size])
    return [states] + (cell == .lstm ? [states] : []) + (cell.savedBlocks > 0 ? [saved] : [])
  }

  private func inferMatmul(_ a: TensorType, _ b: TensorType) throws(TensorError) -> TensorType {
    let operands = "matmul: \(a.shape) · \(b.shape)"
    guard a.dtype == .float32, b.dtype == .float32 else { throw wrongType([a, b], needs: "float32") }
    guard a.shape.rank >= 2, b.shape.rank >= 2 else {
      throw TensorError("\(operands) — both need at least two axes")
    }
    guard a.shape[-1] == b.shape[-2] else {
      throw TensorError("\(operands) — inner dimensions \(a.shape[-1]) and \(b.shape[-2]) differ")
    }
    guard let batch = Shape(a.shape.dropLast(2)).broadcast(with: Shape(b.shape.dropLast(2))) else {
      throw TensorError("\(operands) — the leading axes do not broadcast")
    }
    return TensorType(Shape(batch.dimensions + [a.shape[-2], b.shape[-1]]))
  }
}
