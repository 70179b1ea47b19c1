@testable import Tensors

/// Makes random programs whose numbers stay small and whose functions are smooth where numbers are rounded, so that
/// every difference from the reference beyond rounding is a fault.
struct ProgramGenerator {
  typealias Value = TensorProgram.Value
  /// The known properties of a value's elements.
  struct Bounds {
    /// The greatest possible absolute value; NaN where it may be infinite; such values are only outputs.
    var magnitude: Double
    /// Integers that float32 represents exactly: kinks and ties are then the same in every precision.
    var isExact: Bool
  }
  var program = TensorProgram()
  private var bounds: [[Bounds]] = []
  var numbers: TestNumbers

  static func program(seed: UInt64) -> TensorProgram {
    var generator = ProgramGenerator(numbers: TestNumbers(state: seed))
    return generator.generate()
  }

  private mutating func generate() -> TensorProgram {
    for _ in 0..<int(1...3) { _ = leaf(shape(), isVariable: chance(0.5)) }
    for _ in 0..<int(2...16) {
      if chance(0.15), let differentiated = gradientStep() { _ = differentiated } else { addOperation() }
    }
    let floats = values { $0.dtype == .float32 }
    for _ in 0..<int(1...3) { program.outputs.append(chance(0.8) ? recent(floats) : recent(allValues)) }
    for variable in program.variables
    where !program.assignments.contains(where: { $0.variable == variable }) && chance(0.7) {
      let type = program.steps[variable].types[0]
      let candidates = values { $0 == type }
      program.assignments.append((variable, chance(0.7) ? recent(candidates) : adapted(to: type.shape)))
    }
    return program.pruned()
  }

  // MARK: Chance
  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &numbers) }
  mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &numbers) < share }
  mutating func one<T>(of all: [T]) -> T { all[int(0...all.count - 1)] }
  /// One of these values, more often one of the last.
  mutating func recent(_ values: [Value]) -> Value {
    chance(0.5) ? values[max(values.count - 1 - int(0...2), 0)] : one(of: values)
  }

  mutating func size() -> Int { chance(0.03) ? 0 : chance(0.25) ? 1 : int(2...5) }
  mutating func shape() -> Shape {
    if chance(0.01) { return [one(of: [2, 3]), one(of: [256, 1024])].shuffled(using: &numbers).asShape }
    return Shape((0..<one(of: [0, 1, 1, 2, 2, 2, 3, 3, 4])).map { _ in size() })
  }

  // MARK: Steps

  func type(_ value: Value) -> TensorType { program.type(value) }
  func shape(_ value: Value) -> Shape { program.type(value).shape }
  func bounds(_ value: Value) -> Bounds { bounds[value.step][value.output] }

  func values(where condition: (TensorType) -> Bool) -> [Value] {
    allValues.filter { condition(type($0)) && !bounds($0).magnitude.isNaN }
  }

  private var allValues: [Value] {
    program.steps.indices.flatMap { step in
      program.steps[step].types.indices.map { Value(step: step, output: $0) }
    }
  }

  mutating func add(_ action: TensorProgram.Action, _ types: [TensorType], _ known: [Bounds]) -> Value {
    program.steps.append(.init(action: action, types: types))
    bounds.append(known)
    return Value(step: program.steps.count - 1)
  }

  mutating func leaf(_ shape: Shape, isVariable: Bool = false) -> Value {
    add(.leaf(-3...3, isVariable: isVariable), [TensorType(shape)], [Bounds(magnitude: 3, isExact: true)])
  }

  mutating func integers(_ shape: Shape, in range: ClosedRange<Int>) -> Value {
    add(
      .leaf(range, isVariable: false), [TensorType(shape, .int32)],
      [Bounds(magnitude: Double(max(abs(range.lowerBound), abs(range.upperBound))), isExact: true)])
  }

  mutating func random(_ distribution: RandomDistribution, _ shape: Shape) -> Value {
    add(.random(distribution), [TensorType(shape)], [Bounds(magnitude: 6, isExact: false)])
  }

  /// An operation on these values, with this bound of its results; results after the first may be infinite.
  @discardableResult
  mutating func add(
    _ op: any Operation, _ inputs: [Value], magnitude: Double, isExact: Bool = false,
    othersMayBeInfinite: Bool = false
  ) -> Value? {
    guard let types = try? op.types(of: inputs.map(type)),
      types.allSatisfy({ $0.shape.elementCount <= 1 << 13 })
    else { return nil }
    let known = Bounds(magnitude: magnitude, isExact: isExact && magnitude <= 1_048_576)
    let others = othersMayBeInfinite ? Bounds(magnitude: .nan, isExact: false) : known
    return add(.operation(op, inputs), types, types.indices.map { $0 == 0 ? known : others })
  }

  // MARK: Operands

  /// A float value, made smaller than this by tanh where it might be greater.
  mutating func bounded(_ value: Value, _ limit: Double) -> Value {
    bounds(value).magnitude <= limit ? value : add(Unary(HyperbolicTangent.self), [value], magnitude: 1) ?? value
  }

  mutating func anyFloat(rank: ClosedRange<Int> = 0...4) -> Value {
    let found = values { $0.dtype == .float32 && rank ~= $0.shape.rank }
    if found.isEmpty || chance(0.1) {
      return leaf(Shape((0..<int(rank)).map { _ in size() }), isVariable: chance(0.4))
    }
    return recent(found)
  }

  mutating func exactFloat(rank: ClosedRange<Int> = 0...4) -> Value {
    let found = values { $0.dtype == .float32 && rank ~= $0.shape.rank }.filter { bounds($0).isExact }
    return found.isEmpty ? leaf(Shape((0..<int(rank)).map { _ in size() })) : recent(found)
  }

  /// A float value of this shape: an existing one, a part of one reshaped, or new data.
  mutating func adapted(to shape: Shape) -> Value {
    let same = values { $0 == TensorType(shape) }
    if !same.isEmpty, chance(0.6) { return recent(same) }
    let count = shape.elementCount
    let larger = values { $0.dtype == .float32 && $0.shape.elementCount >= count && count > 0 }
    guard !larger.isEmpty, chance(0.7) else { return leaf(shape, isVariable: chance(0.3)) }
    let source = recent(larger)
    let whole = self.shape(source).elementCount
    let known = bounds(source)
    func step(_ op: any Operation, _ value: Value) -> Value? {
      add(op, [value], magnitude: known.magnitude, isExact: known.isExact)
    }
    guard let flat = step(Reshape(shape: [whole]), source),
      let part = count == whole
        ? flat : step(SliceBox(starts: [int(0...whole - count)], shape: [count]), flat),
      let result = step(Reshape(shape: shape), part)
    else { return leaf(shape) }
    return result
  }

  /// A shape that broadcasts to this one.
  mutating func thinned(_ shape: Shape) -> Shape {
    let dropped = chance(0.3) ? int(0...shape.rank) : 0
    return Shape(shape.dropFirst(dropped).map { chance(0.25) ? 1 : $0 })
  }

  /// The gradient of an earlier value with respect to some that it may depend on.
  private mutating func gradientStep() -> Value? {
    let sources = values { $0.dtype == .float32 && $0.shape.elementCount <= 256 }.filter { isDifferentiable($0) }
    let targets = values { $0.dtype == .float32 }
    guard !sources.isEmpty else { return nil }
    let source = recent(sources)
    let wrt = (0..<int(1...3)).map { _ in chance(0.6) ? one(of: targets.prefix(4).map { $0 }) : one(of: targets) }
    let distinct = wrt.enumerated().filter { wrt.firstIndex(of: $0.element) == $0.offset }.map(\.element)
      .filter { $0.step < source.step }
    guard !distinct.isEmpty else { return nil }
    return add(
      .gradients(of: source, wrt: distinct), distinct.map { TensorType(shape($0)) },
      distinct.map { _ in Bounds(magnitude: .infinity, isExact: false) })
  }

  /// Caches and positions have no derivative; that error is tested elsewhere.
  func isDifferentiable(_ value: Value) -> Bool {
    var seen = Set<Int>()
    var pending = [value.step]
    while let step = pending.popLast() {
      guard seen.insert(step).inserted else { continue }
      if case .operation(let op, _) = program.steps[step].action {
        if op is ReplaceSlice || op is Argmax || op is Cast || isPosition(op) { return false }
      }
      if case .composed(let composed, _) = program.steps[step].action, !composed.isDifferentiable { return false }
      pending += program.steps[step].action.inputs.map(\.step)
    }
    return true
  }
}

extension [Int] {
  fileprivate var asShape: Shape { Shape(self) }
}
