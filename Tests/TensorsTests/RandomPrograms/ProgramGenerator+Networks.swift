@testable import Tensors

// Library-sized operations: images, normalization, classification, sequences.

extension ProgramGenerator {
  mutating func addImages() {
    let groups = one(of: [1, 1, 2])
    let sizes: Shape = [int(1...2), groups * int(1...2), int(2...5), int(2...5)]
    let known = values { $0.dtype == .float32 && $0.shape.rank == 4 }
    let images = !known.isEmpty && chance(0.5) ? recent(known) : adapted(to: sizes)
    let x = bounded(images, 20)
    let (channels, height, width) = (shape(x)[1], shape(x)[2], shape(x)[3])
    let kernel = Pair(int(1...max(min(height, 3), 1)), int(1...max(min(width, 3), 1)))
    func padding(_ generator: inout Self) -> Pair {
      Pair(generator.int(0...kernel.height - 1), generator.int(0...kernel.width - 1))
    }
    var window = Window(kernel: kernel, stride: Pair(int(1...2), int(1...2)))
    if chance(0.5) { (window.paddingBegin, window.paddingEnd) = (padding(&self), padding(&self)) }
    if chance(0.1) { window.dilation = Pair(int(1...2), int(1...2)) }
    let area = Double(kernel.height * kernel.width)
    switch int(0...5) {
    case 0:
      add(Pool(kind: .average, window: window), [x], magnitude: bounds(x).magnitude)
    case 1:
      let exact = bounds(x).isExact ? x : leaf(shape(x))
      add(Pool(kind: .maximum, window: window), [exact], magnitude: bounds(exact).magnitude, isExact: true)
    case 2:
      let apart = add(
        Unfold(window: window, outside: Constant(0)), [x], magnitude: bounds(x).magnitude,
        isExact: bounds(x).isExact)
      if let apart, chance(0.7) {
        add(
          Fold(window: window, height: height, width: width), [apart],
          magnitude: bounds(x).magnitude * area,
          isExact: bounds(x).isExact)
      }
    default:
      guard channels > 0 else { return }
      let groups = channels % groups == 0 ? groups : 1
      let weights = bounded(
        adapted(to: [groups * int(1...2), channels / groups, kernel.height, kernel.width]), 20)
      let magnitude = bounds(x).magnitude * bounds(weights).magnitude * area * Double(channels)
      add(
        Convolution(window: window, groups: groups), [x, weights], magnitude: magnitude,
        isExact: bounds(x).isExact && bounds(weights).isExact)
    }
  }

  mutating func addNormalization() {
    let x = bounded(anyFloat(rank: 2...4), 20)
    let epsilon = 0.125
    if chance(0.6) {
      let channels = shape(x)[1]
      let parameters = [bounded(adapted(to: [channels]), 5), bounded(adapted(to: [channels]), 5)]
      let groups = one(of: (1...max(channels, 1)).filter { channels % $0 == 0 })
      let op: any Operation = chance(0.5) ? BatchNorm(epsilon: epsilon) : GroupNorm(groups: groups, epsilon: epsilon)
      add(op, [x] + parameters, magnitude: 400)
    } else {
      let width = shape(x)[-1]
      let parameters = [bounded(adapted(to: [width]), 5), bounded(adapted(to: [width]), 5)]
      add(GroupNorm(epsilon: epsilon), [x] + parameters, magnitude: 400)
    }
  }

  mutating func addClassification() {
    switch int(0...3) {
    case 3: add(Softplus(), [bounded(anyFloat(), 20)], magnitude: 21)
    case 0: add(Softmax(), [bounded(anyFloat(rank: 1...4), 20)], magnitude: 1)
    case 1: add(Softmax(isLogarithm: true), [bounded(anyFloat(rank: 1...4), 20)], magnitude: 50)
    default:
      let logits = bounded(adapted(to: [int(0...4), int(1...5)]), 20)
      let labels = integers([shape(logits)[0]], in: 0...shape(logits)[1] - 1)
      add(CrossEntropy(), [logits, labels], magnitude: 50)
    }
  }

  mutating func addRecurrence() {
    let cell = one(of: RecurrentCell.allCases)
    let (time, batch, size) = (int(1...3), int(1...3), int(1...3))
    func operand(_ generator: inout Self, _ shape: Shape) -> Value {
      // ReLU has a kink, so there everything is exact.
      if cell == .relu { return generator.leaf(shape, isVariable: generator.chance(0.3)) }
      return generator.bounded(generator.adapted(to: shape), 4)
    }
    var inputs = [
      operand(&self, [time, batch, cell.gates * size]), operand(&self, [size, cell.gates * size]),
      operand(&self, [cell.biases * size]), integers([batch], in: 0...time), operand(&self, [batch, size]),
    ]
    if cell == .lstm { inputs.append(operand(&self, [batch, size])) }
    add(
      Recurrence(cell: cell, reversed: chance(0.5)), inputs, magnitude: cell == .relu ? 3000 : 8,
      isExact: cell == .relu)
  }

  mutating func addAttention() {
    let (batch, shared, positions) = (int(1...2), int(1...2), int(1...4))
    let heads = shared * int(1...2)
    let size = int(1...4)
    let queries = bounded(adapted(to: [batch, heads, chance(0.5) ? positions : int(1...4), size]), 4)
    let keys = bounded(adapted(to: [batch, shared, positions, size]), 4)
    let values = bounded(adapted(to: [batch, shared, positions, int(1...4)]), 20)
    let lengths = integers([batch], in: -1...positions + 1)
    // The logsumexp of a query that attends to no key is −∞.
    add(
      Attention(causal: chance(0.5), scale: 0.5), [queries, keys, values, lengths],
      magnitude: max(bounds(values).magnitude, 50), othersMayBeInfinite: true)
  }
}
