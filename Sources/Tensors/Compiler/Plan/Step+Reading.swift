extension Step {
  /// The same step, reading from another buffer.
  func reading(_ buffer: Int, insteadOf old: Int) -> Step {
    func moved(_ address: Address) -> Address {
      address.buffer == old ? Address(buffer: buffer, offset: address.offset) : address
    }
    switch self {
    case .program(var program):
      for index in program.inputs.indices where program.inputs[index].buffer == old {
        program.inputs[index].buffer = buffer
      }
      return .program(program)
    case .reduce(let kind, let outer, let count, let inner, let row, let x, let y):
      return .reduce(kind, outer: outer, count: count, inner: inner, row: row, x: moved(x), y: y)
    case .argmax(let outer, let count, let inner, let x, let y):
      return .argmax(outer: outer, count: count, inner: inner, x: moved(x), y: y)
    case .softmax(let logarithm, let rows, let width, let x, let y):
      return .softmax(logarithm: logarithm, rows: rows, width: width, x: moved(x), y: y)
    case .crossEntropy(let rows, let classes, let logits, let labels, let losses):
      return .crossEntropy(rows: rows, classes: classes, logits: moved(logits), labels: moved(labels), losses: losses)
    case .crossEntropyGradient(let rows, let classes, let logits, let labels, let upstream, let gradient):
      return .crossEntropyGradient(
        rows: rows, classes: classes, logits: moved(logits), labels: moved(labels), upstream: moved(upstream),
        gradient: gradient)
    case .matmul(var product):
      (product.a, product.b) = (moved(product.a), moved(product.b))
      return .matmul(product)
    case .unfold(let image, let outside, let x, let y):
      return .unfold(image, outside: outside, x: moved(x), y: y)
    case .fold(let image, let y, let x): return .fold(image, y: moved(y), x: x)
    case .random(let distribution, let count, let key, let y):
      return .random(distribution, count: count, key: moved(key), y: y)
    case .attention(var call):
      for index in call.inputs.indices where call.inputs[index].buffer == old { call.inputs[index].buffer = buffer }
      return .attention(call)
    case .library(let call, let operands, let outputs):
      return .library(
        call, operands: operands.dropLast(outputs).map(moved) + operands.suffix(outputs), outputs: outputs)
    case .kernel(let call, let operands, let outputs):
      return .kernel(
        call, operands: operands.dropLast(outputs).map { $0.map(moved) } + operands.suffix(outputs), outputs: outputs)
    }
  }
}
