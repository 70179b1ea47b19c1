@testable import Tensors

// A way to add each operation to a program; gradients add those that only derivatives use.
extension ProgramGenerator {
  mutating func addOperation() {
    let ways: [(inout ProgramGenerator) -> Void] = [
      { $0.addUnary() }, { $0.addUnary() }, { $0.addBinary() }, { $0.addBinary() }, { $0.addBinary() },
      { $0.addSelect() }, { $0.addIntegers() }, { $0.addMovement() }, { $0.addMovement() }, { $0.addMovement() },
      { $0.addJoin() }, { $0.addJoin() }, { $0.addReduction() }, { $0.addReduction() }, { $0.addRows() },
      { $0.addReplacement() }, { $0.addProduct() }, { $0.addProduct() }, { $0.addImages() }, { $0.addImages() },
      { $0.addNormalization() }, { $0.addClassification() }, { $0.addRecurrence() }, { $0.addAttention() },
      { $0.addLeaves() }, { $0.addArrays() }, { $0.addComposed() }, { $0.addComposed() }, { $0.addComposed() },
    ]
    one(of: ways)(&self)
  }

  private mutating func addLeaves() {
    switch int(0...4) {
    case 0:
      add(
        Fill(number: Constant(Double(int(-2...2))), type: TensorType(shape())), [], magnitude: 2,
        isExact: true)
    case 1: _ = random(chance(0.5) ? .uniform : .normal, shape())
    case 2: _ = leaf(shape(), isVariable: chance(0.5))
    case 3:
      let x = anyFloat()
      add(CustomGradient { inputs, _, u in [u * inputs[0].tanh()] }, [x, x], magnitude: .infinity)
    default: add(CustomGradient { _, _, _ in [] }, [anyFloat()], magnitude: .infinity)
    }
  }

  // MARK: Elementwise

  /// x² + 1: what logarithms, roots and quotients are smooth on.
  mutating func positive(_ value: Value) -> Value? {
    let small = bounded(value, 10)
    guard let square = add(Unary(Square.self), [small], magnitude: 100, isExact: bounds(small).isExact),
      let one = add(
        Fill(number: Constant(1), type: TensorType([])), [], magnitude: 1, isExact: true)
    else { return nil }
    return add(Binary(Add.self), [square, one], magnitude: 101, isExact: bounds(small).isExact)
  }

  private mutating func addUnary() {
    let kind = one(of: Unary.allCases)
    switch kind.name {
    case "sign", "floor", "relu", "absolute":
      let x = exactFloat()
      add(kind, [x], magnitude: max(bounds(x).magnitude, 1), isExact: true)
    case "negate":
      let x = anyFloat()
      add(kind, [x], magnitude: bounds(x).magnitude, isExact: bounds(x).isExact)
    case "square":
      let x = bounded(anyFloat(), 30)
      add(
        kind, [x], magnitude: bounds(x).magnitude * bounds(x).magnitude, isExact: bounds(x).isExact)
    case "log", "sqrt", "rsqrt", "reciprocal":
      if let x = positive(anyFloat()) { add(kind, [x], magnitude: 11) }
    case "exp":
      let x = bounded(anyFloat(), 3)
      add(kind, [x], magnitude: 21)
    case "tanh", "sigmoid", "erf", "sin", "cos", "geluTanh", "geluTanhDerivative":
      let x = bounded(anyFloat(), 9)
      add(kind, [x], magnitude: kind.name == "geluTanh" ? 9 : 2)
    default: preconditionFailure("random programs need to know the domain of \(kind.name)")
    }
  }

  private mutating func addBinary() {
    let kind = one(of: Binary.allCases)
    let isKinked = kind.function.isComparison || kind.name == "maximum" || kind.name == "minimum"
    var a = isKinked ? exactFloat() : anyFloat()
    var b = adapted(to: thinned(shape(a)))
    if isKinked, !bounds(b).isExact { b = leaf(thinned(shape(a))) }
    if chance(0.2) { b = a }
    if chance(0.3) { (a, b) = (b, a) }
    let isExact = bounds(a).isExact && bounds(b).isExact
    switch kind.name {
    case "add", "subtract":
      add(kind, [a, b], magnitude: bounds(a).magnitude + bounds(b).magnitude, isExact: isExact)
    case "multiply":
      (a, b) = (bounded(a, 100), bounded(b, 100))
      add(
        kind, [a, b], magnitude: bounds(a).magnitude * bounds(b).magnitude,
        isExact: bounds(a).isExact && bounds(b).isExact)
    case "divide":
      if let below = positive(b) { add(kind, [bounded(a, 100), below], magnitude: 100) }
    case "power":
      if let base = positive(bounded(a, 2)) { add(kind, [base, bounded(b, 2)], magnitude: 25) }
    case "maximum", "minimum":
      add(kind, [a, b], magnitude: max(bounds(a).magnitude, bounds(b).magnitude), isExact: true)
    case "less", "lessOrEqual", "equal": addComparison(kind, a, b)
    default: preconditionFailure("random programs need to know the range of \(kind.name)")
    }
  }

  /// A mask, and more often than not as numbers too.
  private mutating func addComparison(_ kind: Binary, _ a: Value, _ b: Value) {
    guard let mask = add(kind, [a, b], magnitude: 1, isExact: true), chance(0.8) else { return }
    add(Cast(dtype: .float32), [mask], magnitude: 1, isExact: true)
  }

  private mutating func addSelect() {
    let a = anyFloat()
    let masks = values { $0 == TensorType(shape(a), .bool) }
    let condition = masks.isEmpty ? leaf(thinned(shape(a))) : recent(masks)
    let b = adapted(to: thinned(shape(a)))
    add(
      Select(), [condition] + [a, b].shuffled(using: &numbers),
      magnitude: max(bounds(a).magnitude, bounds(b).magnitude), isExact: bounds(a).isExact && bounds(b).isExact)
  }

  private mutating func addIntegers() {
    let ints = values { $0.dtype == .int32 }
    let a = ints.isEmpty || chance(0.3) ? integers(shape(), in: -3...3) : recent(ints)
    let b = integers(thinned(shape(a)), in: -2...2)
    let sum = bounds(a).magnitude + 2
    switch int(0...6) {
    case 6:
      let kind = one(of: Reduction.allCases.filter(\.isForIntegers))
      let axes = shape(a).indices.filter { _ in chance(0.5) }
      let count = axes.reduce(1) { $0 * shape(a)[$1] }
      add(Reduce(kind: kind, axes: axes), [a], magnitude: bounds(a).magnitude * Double(max(count, 1)), isExact: true)
    case 0: add(Unary(Negate.self), [a], magnitude: sum, isExact: true)
    case 1: add(Cast(dtype: .float32), [a], magnitude: bounds(a).magnitude, isExact: true)
    case 2: add(Cast(dtype: .int32), [exactFloat()], magnitude: 1_048_576, isExact: true)
    case 3:
      let condition = leaf(thinned(shape(a)))
      add(Select(), [condition, a, b], magnitude: sum, isExact: true)
    case 4:
      let axes = shape()
      if axes.rank > 0 {
        add(Iota(shape: axes, axis: int(0...axes.rank - 1)), [], magnitude: 1024, isExact: true)
      }
    default:
      let kind = one(of: Binary.allCases.filter { $0.name != "divide" && $0.name != "power" })
      if kind.function.isComparison {
        addComparison(kind, a, b)
      } else if sum < 1000 {
        add(kind, [a, b], magnitude: kind.name == "multiply" ? sum * 2 : sum, isExact: true)
      }
    }
  }

  // MARK: Movement

  private mutating func addMovement() {
    let x = chance(0.15) ? recent(values { _ in true }) : anyFloat()
    let (shape, known) = (shape(x), bounds(x))
    let op: any Operation
    switch int(0...5) {
    case 5: op = Reverse(axes: shape.indices.filter { _ in chance(0.5) })
    case 0:
      var sizes: [Int] = []
      var left = shape.elementCount
      for _ in 0..<int(0...2) {
        let divisors = (1...max(min(left, 6), 1)).filter { left % $0 == 0 }
        sizes.append(one(of: divisors))
        left = left / (sizes.last ?? 1)
      }
      op = Reshape(shape: Shape((sizes + [left]).shuffled(using: &numbers)))
    case 1: op = Permute(order: Array(shape.indices).shuffled(using: &numbers))
    case 2:
      let added = Shape((0..<int(0...1)).map { _ in size() })
      op = Broadcast(shape: Shape(added + shape.map { $0 == 1 ? size() : $0 }))
    case 3:
      let starts = shape.map { int(0...max($0 - 1, 0)) }
      op = SliceBox(
        starts: starts,
        shape: Shape(zip(shape, starts).map { chance(0.05) ? 0 : int(min(1, $0 - $1)...($0 - $1)) })
      )
    default:
      op = Pad(
        before: shape.map { _ in int(0...2) }, after: shape.map { _ in int(0...2) },
        value: Constant(Double(int(0...1))))
    }
    add(op, [x], magnitude: max(known.magnitude, 1), isExact: known.isExact)
  }

  /// Values, parts of them and values computed from them concatenated, as in circular padding.
  private mutating func addJoin() {
    let x = anyFloat(rank: 1...4)
    let axis = int(0...shape(x).rank - 1)
    var parts = [x]
    for _ in 0..<int(1...3) {
      let source = chance(0.7) ? x : adapted(to: shape(x))
      let size = shape(source)[axis]
      guard chance(0.6), size > 0 else {
        parts.append(source)
        continue
      }
      let start = int(0...size - 1)
      let box = Shape(shape(source).indices.map { $0 == axis ? int(1...size - start) : shape(source)[$0] })
      let starts = shape(source).indices.map { $0 == axis ? start : 0 }
      let part = add(
        SliceBox(starts: starts, shape: box), [source], magnitude: bounds(source).magnitude,
        isExact: bounds(source).isExact)
      if let part {
        parts.append(
          chance(0.2) ? add(Unary(Negate.self), [part], magnitude: bounds(part).magnitude) ?? part : part)
      }
    }
    parts.shuffle(using: &numbers)
    add(
      Concatenate(axis: axis), parts, magnitude: parts.map { bounds($0).magnitude }.max() ?? 1,
      isExact: parts.allSatisfy { bounds($0).isExact })
  }

  // MARK: Reductions and rows

  private mutating func addReduction() {
    let kind = one(of: Reduction.allCases + [.sum])
    let x = kind == .sum ? anyFloat() : exactFloat()
    let axes = shape(x).indices.filter { _ in chance(0.5) }
    let count = axes.reduce(1) { $0 * shape(x)[$1] }
    if chance(0.15), shape(x).rank > 0 {
      let y = exactFloat(rank: 1...4)
      add(Argmax(axis: int(0...shape(y).rank - 1)), [y], magnitude: 1024, isExact: true)
    } else {
      let magnitude = bounds(x).magnitude * (kind == .sum ? Double(max(count, 1)) : 1)
      add(Reduce(kind: kind, axes: axes), [x], magnitude: magnitude, isExact: bounds(x).isExact)
    }
  }

  private mutating func addRows() {
    let table = chance(0.5) ? adapted(to: [int(1...4), int(1...4)]) : anyFloat(rank: 2...2)
    let (rows, width) = (shape(table)[0], shape(table)[1])
    let indices = integers(Shape((0..<int(0...2)).map { _ in size() }), in: 0...max(rows - 1, 0))
    if chance(0.5) {
      guard rows > 0 || shape(indices).elementCount == 0 else { return }
      add(
        Gather(), [table, indices], magnitude: bounds(table).magnitude,
        isExact: bounds(table).isExact)
    } else {
      let x = adapted(to: Shape(shape(indices) + [width]))
      let magnitude = bounds(x).magnitude * Double(max(shape(indices).elementCount, 1))
      add(ScatterAdd(rows: rows), [indices, x], magnitude: magnitude, isExact: bounds(x).isExact)
    }
  }

  /// Into a variable more often than not, since it may then be written in place.
  private mutating func addReplacement() {
    let shape = Shape((0..<int(1...3)).map { _ in int(1...4) })
    let x = chance(0.6) ? leaf(shape, isVariable: true) : adapted(to: shape)
    let axis = int(0...shape.rank - 1)
    let block = adapted(to: Shape(shape.indices.map { $0 == axis ? int(1...shape[$0]) : shape[$0] }))
    let position = integers([], in: -1...shape[axis])
    let known = max(bounds(x).magnitude, bounds(block).magnitude)
    let isExact = bounds(x).isExact && bounds(block).isExact
    guard
      let result = add(
        ReplaceSlice(axis: axis), [x, block, position], magnitude: known, isExact: isExact)
    else {
      return
    }
    if program.variables.contains(x.step), chance(0.7), !program.assignments.contains(where: { $0.variable == x.step })
    {
      program.assignments.append((x.step, result))
    }
  }

  private mutating func addProduct() {
    let a = bounded(anyFloat(rank: 2...4), 50)
    let k = shape(a)[-1]
    var right = [k, chance(0.02) ? 256 : size()]
    if chance(0.3) { right = shape(a).dropLast(2).map { chance(0.3) ? 1 : $0 } + right }
    var b = bounded(adapted(to: Shape(right)), 50)
    if chance(0.3), shape(b).rank == 2 {  // a transposed factor
      let transposed = bounded(adapted(to: [right[right.count - 1], k]), 50)
      b =
        add(
          Permute(order: [1, 0]), [transposed], magnitude: bounds(transposed).magnitude,
          isExact: bounds(transposed).isExact)
        ?? b
    }
    add(
      Matmul(), [a, b], magnitude: Double(max(k, 1)) * bounds(a).magnitude * bounds(b).magnitude,
      isExact: bounds(a).isExact && bounds(b).isExact)
  }
}
