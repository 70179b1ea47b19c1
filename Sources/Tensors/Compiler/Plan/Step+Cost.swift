/// The least work of a step: arithmetic operations on elements, and bytes in operands and results, each once.
struct Cost: Hashable, Sendable {
  var flops: Int
  var bytes: Int

  init(flops: Int = 0, elements: Int) {
    self.flops = flops
    bytes = 4 * elements
  }
}

/// A step with its cost, for reports.
struct StepDescription: Hashable, Sendable {
  var title: String
  var cost: Cost

  init(_ step: Step) { (title, cost) = (step.title, step.cost) }

  /// The same product with an int8-quantized matrix.
  var quantized: StepDescription {
    var copy = self
    copy.title += ", quantized"
    copy.cost.bytes -= 3 * (cost.flops / 2)
    return copy
  }
}

extension Step {
  /// Counted from the shapes. A transcendental function counts as one operation, a multiply-add as two; weights that a
  /// loop over time reads again count once.
  var cost: Cost {
    switch self {
    case .program(let program):
      let elements = program.shape.elementCount
      let traffic = (program.inputs + program.outputs).reduce(0) { $0 + $1.distinctElements }
      return Cost(flops: program.instructions.count * elements, elements: traffic)
    case .reduce(_, let outer, let count, let inner, _, _, _):
      return Cost(flops: outer * count * inner, elements: outer * (count + 1) * inner)
    case .argmax(let outer, let count, let inner, _, _):
      return Cost(flops: outer * count * inner, elements: outer * (count + 1) * inner)
    case .softmax(_, let rows, let width, _, _):
      return Cost(flops: 5 * rows * width, elements: 2 * rows * width)
    case .crossEntropy(let rows, let classes, _, _, _):
      return Cost(flops: 4 * rows * classes, elements: rows * (classes + 2))
    case .crossEntropyGradient(let rows, let classes, _, _, _, _):
      return Cost(flops: 6 * rows * classes, elements: 2 * rows * (classes + 1))
    case .matmul(let product):
      let (m, n, k) = (product.shape.m, product.shape.n, product.shape.k)
      let count = product.batches.count
      return Cost(flops: 2 * count * m * n * k, elements: count * (m * k + k * n + m * n))
    case .unfold(let image, _, _, _), .fold(let image, _, _):
      let pixels = image.batch * image.channels * image.height * image.width
      let positions = image.batch * image.channels * image.outHeight * image.outWidth
      return Cost(elements: pixels + positions * image.window.kernel.height * image.window.kernel.width)
    case .random(_, let count, _, _): return Cost(elements: count)
    case .attention(let call): return call.cost
    case .library(let call, _, _): return call.cost
    case .kernel(let call, _, _): return call.cost
    }
  }

  /// The operation and its sizes, for reports.
  var title: String {
    switch self {
    case .program(let program):
      let names = program.outputs.count == 1 ? "" : " → \(program.outputs.count)"
      return "elementwise \(program.shape), \(program.instructions.count) operations of \(program.inputs.count)\(names)"
    case .reduce(let kind, let outer, let count, let inner, _, _, _): return "\(kind.rawValue) \([outer, count, inner])"
    case .argmax(let outer, let count, let inner, _, _): return "argmax \([outer, count, inner])"
    case .softmax(let logarithm, let rows, let width, _, _): return "\(logarithm ? "log-" : "")softmax \([rows, width])"
    case .crossEntropy(let rows, let classes, _, _, _): return "cross entropy \([rows, classes])"
    case .crossEntropyGradient(let rows, let classes, _, _, _, _): return "cross entropy gradient \([rows, classes])"
    case .matmul(let product):
      let shape = product.shape
      func factor(_ rows: Int, _ columns: Int, _ transposed: Bool) -> String {
        transposed ? "\([columns, rows])ᵀ" : "\([rows, columns])"
      }
      let count = product.batches.count == 1 ? "" : "\(product.batches.count) × "
      return
        "matmul \(count)\(factor(shape.m, shape.k, shape.transposeA)) · \(factor(shape.k, shape.n, shape.transposeB))"
    case .unfold(let image, _, _, _): return "unfold \(image.title)"
    case .fold(let image, _, _): return "fold \(image.title)"
    case .random(let distribution, let count, _, _): return "random \(distribution) \([count])"
    case .attention(let call): return call.title
    case .library(let call, _, _): return call.title
    case .kernel(let call, _, _): return call.title
    }
  }
}

extension View {
  /// Distinct elements: broadcast axes count once.
  fileprivate var distinctElements: Int {
    zip(shape, strides).reduce(1) { $1.1 == 0 ? $0 : $0 * $1.0 }
  }
}

extension WindowedImage {
  /// Of pooling; `readings`: how often images of this size are read or written.
  fileprivate func cost(readings: Int) -> Cost {
    let positions = batch * channels * outHeight * outWidth
    return Cost(
      flops: positions * window.kernel.height * window.kernel.width,
      elements: readings * batch * channels * height * width + positions)
  }

  fileprivate var title: String { "\([batch, channels, height, width]) by \(window.kernel)" }
}

extension AttentionCall {
  /// Only pairs of a query and a key it attends to: two products forward, five backward. The lengths of examples are
  /// not known before a plan runs, so all count as full.
  fileprivate var cost: Cost {
    let hidden = causal ? queries * (queries - 1) / 2 : 0
    let pairs = batch * heads * max(queries * keys - hidden, 0)
    let operands = inputs.filter { $0.shape.rank == 4 } + outputs
    return Cost(
      flops: pairs * (isGradient ? 6 * size + 4 * valueSize : 2 * (size + valueSize)),
      elements: operands.reduce(0) { $0 + $1.shape.elementCount })
  }

  fileprivate var title: String {
    "attention\(isGradient ? " gradient" : "") \([batch, heads, queries, size]) to \(keys)\(causal ? ", causal" : "")"
  }
}

extension LibraryCall {
  fileprivate var cost: Cost {
    switch self {
    case .convolution(_, let source, let weights, let destination, _, _):
      // Each output takes a product with one filter. Padding counts as if it were computed.
      let filter = weights.shape.elementCount / max(weights.shape[0], 1)
      return Cost(
        flops: 2 * destination.shape.elementCount * filter,
        elements: [source, weights, destination].reduce(0) { $0 + $1.shape.elementCount })
    }
  }

  fileprivate var title: String {
    func suffix(_ direction: Direction) -> String {
      switch direction {
      case .forward: ""
      case .backwardData: " gradient"
      case .backwardWeights: " weights' gradient"
      }
    }
    switch self {
    case .convolution(let direction, let source, let weights, _, let window, _):
      let stride = window.stride == 1 ? "" : ", stride \(window.stride)"
      return "convolution\(suffix(direction)) \(source.shape) ∗ \(weights.shape)\(stride)"
    }
  }
}

extension KernelCall {
  fileprivate var cost: Cost {
    switch self {
    case .gather(_, let width, let count): return Cost(elements: 2 * count * width + count)
    case .scatterAdd(let rows, let width, let count, _):
      return Cost(flops: count * width, elements: (rows + count) * width + count)
    case .replaceSlice(let outer, _, let count, let inner): return Cost(elements: 2 * outer * count * inner)
    case .pool(let image, _): return image.cost(readings: 1)
    case .poolGradient(let image, let maximum): return image.cost(readings: maximum ? 2 : 1)
    case .batchNormSums(let outer, let channels, let inner, _):
      return Cost(flops: 4 * outer * channels * inner, elements: (2 * outer * inner + 4) * channels)
    case .moments(let outer, let channels, let inner):
      return Cost(flops: 4 * outer * channels * inner, elements: (outer * inner + 2) * channels)
    case .layerNorm(let rows, let width, _):
      return Cost(flops: 8 * rows * width, elements: 2 * (rows * width + rows + width))
    case .layerNormGradient(let rows, let width):
      return Cost(flops: 14 * rows * width, elements: 3 * rows * width + 2 * rows + 3 * width)
    case .recurrence(let recurrence): return recurrence.cost(blocks: recurrence.cell.gates + 2)
    case .recurrenceGradient(let recurrence): return recurrence.cost(blocks: 2 * recurrence.cell.gates + 3)
    }
  }

  fileprivate var title: String {
    switch self {
    case .gather(let rows, let width, let count): "gather \(count) of \([rows, width])"
    case .scatterAdd(let rows, let width, let count, _): "scatter-add \(count) to \([rows, width])"
    case .replaceSlice(let outer, let size, let count, let inner):
      "replace \(count) of \([outer, size, inner])"
    case .pool(let image, let maximum): "\(maximum ? "max" : "average")-pool \(image.title)"
    case .poolGradient(let image, let maximum): "\(maximum ? "max" : "average")-pool gradient \(image.title)"
    case .batchNormSums(let outer, let channels, let inner, _):
      "batch normalization sums \([outer, channels, inner])"
    case .moments(let outer, let channels, let inner): "mean and variance \([outer, channels, inner])"
    case .layerNorm(let rows, let width, _): "layer normalization \([rows, width])"
    case .layerNormGradient(let rows, let width): "layer normalization gradient \([rows, width])"
    case .recurrence(let recurrence): "\(recurrence.title)"
    case .recurrenceGradient(let recurrence): "\(recurrence.title) gradient"
    }
  }
}

extension Recurrence {
  /// The product with the recurrent weights, and `blocks` of [time, batch, size] that go in and out.
  fileprivate func cost(blocks: Int) -> Cost {
    let weights = cell.gates * size * size
    return Cost(flops: 2 * time * batch * weights, elements: weights + blocks * time * batch * size)
  }

  fileprivate var title: String { "\(cell.rawValue) \([time, batch, size])\(reversed ? ", reversed" : "")" }
}
