import NeuralNetworks
import Testing

@testable import Tensors

/// Draws the arguments of one call from a seed: small ones that often fit, or hostile ones.
///
/// With `leaves` the tensors are those instead of the drawn ones, and everything else is as drawn: the same call as a
/// function of its tensors.
final class SweepArguments {
  var numbers: TestNumbers
  let isHostile: Bool
  private let leaves: [Tensor]?
  private let dtype: DType
  private let isPositive: Bool
  private(set) var tensors: [Tensor] = []
  /// What was drawn, for the message of a failure.
  private(set) var drawn: [String] = []
  private var shapes: [Shape] = []

  init(seed: UInt64, of call: SweptCall, isHostile: Bool, dtype: DType? = nil, leaves: [Tensor]? = nil) {
    // FNV-1a of the name, so that functions do not all have the types of one sequence.
    let name = call.name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    numbers = TestNumbers(state: name ^ seed)
    (self.isHostile, self.leaves) = (isHostile, leaves)
    let types: [DType] = [.float32, .float32, .float32, .float64, .float64] + DType.allCases
    let any = types[Int.random(in: 0..<types.count, using: &numbers)]
    self.dtype = dtype ?? any
    isPositive = Bool.random(using: &numbers)
  }

  private static let hostileIntegers = [
    Int.min, .min + 1, .min / 2, -(1 << 42), -7, -2, -1, 0, 1, 2, 3, 7, 1 << 42, .max / 2 + 1, .max - 1, .max,
  ]
  private static let hostileNumbers = [
    -.infinity, -1e300, -1, -.leastNonzeroMagnitude, -0.0, 0, .leastNonzeroMagnitude, 0.5, 1, 2, 3, 1e300, .infinity,
    .nan,
  ]

  // MARK: Numbers

  func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &numbers) < share }

  private func noted<Value>(_ value: Value) -> Value {
    drawn.append("\(value)")
    return value
  }

  private func int(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &numbers) }

  func one<Value>(of all: [Value]) -> Value { noted(all[int(in: 0...all.count - 1)]) }
  func any<Choice: CaseIterable>(_: Choice.Type) -> Choice { one(of: Array(Choice.allCases)) }
  func flag() -> Bool { one(of: [false, true]) }

  /// A count, a size or an offset.
  func int(_ range: ClosedRange<Int> = -2...5) -> Int {
    isHostile && chance(0.7) ? one(of: Self.hostileIntegers) : noted(int(in: range))
  }

  func double(_ range: ClosedRange<Double> = 0.1...1.9) -> Double {
    isHostile && chance(0.7) ? one(of: Self.hostileNumbers) : noted(Double.random(in: range, using: &numbers))
  }

  func float() -> Float { Float(double()) }
  func ints(_ count: ClosedRange<Int> = 1...3, in range: ClosedRange<Int> = 0...3) -> [Int] {
    (0..<int(in: isHostile ? 0...4 : count)).map { _ in int(range) }
  }

  /// One number for all spatial axes, or one for each.
  func size(_ range: ClosedRange<Int> = 1...3) -> SpatialSize {
    let count = isHostile ? int(in: 0...4) : chance(0.6) ? 1 : spatialRank
    return SpatialSize((0..<max(count, isHostile ? 0 : 1)).map { _ in int(range) })
  }

  private var spatialRank: Int { max((shapes.first?.rank ?? 3) - 2, 1) }

  /// An axis of the first tensor.
  func axis(added: Int = 0) -> Int {
    let rank = (shapes.first?.rank ?? 0) + added
    return int(-rank...Swift.max(rank - 1, -rank))
  }

  func axes() -> [Int]? { chance(0.3) ? nil : (0..<int(in: 0...2)).map { _ in axis() } }

  func shape() -> Shape {
    if isHostile { return noted(Shape((0..<int(in: 0...4)).map { _ in int(0...3) })) }
    return noted(Shape((0..<int(in: 0...4)).map { _ in drawSize() }))
  }

  private func drawSize() -> Int { chance(0.06) ? 0 : chance(0.2) ? 1 : int(in: 2...5) }

  // MARK: Tensors

  /// A tensor; after the first one often of a shape that broadcasts with it.
  func tensor(_ rank: ClosedRange<Int> = 0...4) -> Tensor {
    if isHostile && chance(0.5) { return hostileTensor() }
    var shape = Shape((0..<int(in: rank)).map { _ in drawSize() })
    if let first = shapes.first, chance(0.9) {
      shape = first
      if chance(0.4) { shape = Shape(shape.dropFirst(int(in: 0...1)).map { chance(0.3) ? 1 : $0 }) }
    }
    return tensor(of: shape)
  }

  func tensor(of shape: Shape, dtype: DType? = nil) -> Tensor {
    if isHostile && chance(0.4) { return hostileTensor() }
    guard shape.isSmall else { return added(.zeros(shape, dtype: dtype ?? self.dtype)) }
    return added(values(shape, dtype ?? self.dtype))
  }

  /// Square, or of these sizes relative to the first tensor's.
  func matrices() -> Tensor {
    let size = drawSize()
    return tensor(of: Shape((0..<int(in: 0...2)).map { _ in drawSize() } + [size, size]))
  }

  /// [n, c, spatial axes].
  func images(_ rank: ClosedRange<Int> = 3...5, channels: Int? = nil) -> Tensor {
    let spatial = (0..<int(in: rank) - 2).map { _ in int(in: 1...6) }
    return tensor(of: Shape([chance(0.05) ? 0 : int(in: 1...2), channels ?? int(in: 1...4)] + spatial))
  }

  /// Of whole numbers below this bound, sometimes at it or below 0.
  func indices(_ shape: Shape, below bound: Int) -> Tensor {
    if isHostile && chance(0.5) { return hostileTensor() }
    guard shape.isSmall else { return added(.zeros(shape, dtype: .int32)) }
    let bound = min(bound, 1 << 20)
    let values = (0..<shape.elementCount).map { _ in Int32(int(in: chance(0.05) ? -1...bound : 0...max(bound - 1, 0))) }
    return added(Tensor(values, shape: shape.dimensions))
  }

  func tensors(_ rank: ClosedRange<Int> = 0...3) -> [Tensor] {
    (0..<int(in: isHostile ? 0...4 : 1...3)).map { _ in tensor(rank) }
  }

  /// A number, or a tensor, for the parameter of a distribution or a condition.
  func parameter() -> Tensor {
    if isHostile && chance(0.4) {
      let number = double()
      return added(.full(chance(0.5) ? [] : [2], number, dtype: chance(0.5) ? .float32 : .float64))
    }
    return tensor(0...2)
  }

  private func added(_ drawn: Tensor) -> Tensor {
    let tensor = drawn.stored
    shapes.append(tensor.shape)
    tensors.append(tensor)
    let content = tensor.shape.elementCount <= 24 ? (try? tensor.numbers()).map { " \($0)" } ?? "" : ""
    self.drawn.append(tensor.failure == nil ? "\(tensor.dtype) \(tensor.shape)\(content)" : "failed")
    guard let leaves, leaves.indices.contains(tensors.count - 1) else { return tensor }
    return leaves[tensors.count - 1]
  }

  /// Distinct numbers in a random order, as those of `OperationCase`; whole numbers from −9 to 9.
  private func values(_ shape: Shape, _ dtype: DType) -> Tensor {
    let count = shape.elementCount
    if dtype == .bool { return Tensor((0..<count).map { _ in chance(0.5) }, shape: shape.dimensions) }
    if dtype.isInteger {
      let least = dtype == .uint8 || isPositive ? 0 : -9
      return Tensor((0..<count).map { _ in Int32(int(in: least...9)) }, shape: shape.dimensions).cast(to: dtype)
    }
    let order = (0..<count).shuffled(using: &numbers)
    let parts = order.map { (Double($0) + 0.3 + 0.07 * Double(shapes.count % 7)) / Double(count) }
    return Tensor(parts.map { isPositive ? 0.5 + 1.5 * $0 : 3 * $0 - 1.5 }, shape: shape.dimensions).cast(to: dtype)
  }

  private func hostileTensor() -> Tensor {
    let shapes: [Shape] = [
      [], [0], [1], [3], [2, 3], [3, 3], [2, 0], [0, 3], [0, 0], [1, 2, 5, 5], [2, 3, 0, 4], [0, 2, 3, 3], [1, 2, 3],
      [2, 2, 3, 3, 3], [1, 1, 1, 1, 1, 1, 1, 1], [1, 2, 1, 2, 1, 2, 1, 2],
    ]
    if chance(0.05) { return added(.failed(TensorError("this was wrong before it came here"))) }
    let (shape, dtype) = (shapes[int(in: 0...shapes.count - 1)], DType.allCases[int(in: 0...DType.allCases.count - 1)])
    if chance(0.05) { return added(.full(chance(0.5) ? [1 << 42] : [1 << 21, 1 << 21], 1, dtype: dtype)) }
    let count = shape.elementCount
    if dtype.isFloatingPoint {
      let special = (0..<count).map { _ in Self.hostileNumbers[int(in: 0...Self.hostileNumbers.count - 1)] }
      return added(chance(0.5) ? Tensor(special, shape: shape.dimensions).cast(to: dtype) : values(shape, dtype))
    }
    let extreme: [Int64] = [.min, -(1 << 31), -128, -1, 0, 1, 2, 127, 255, 1 << 31 - 1, 1 << 32, .max]
    let whole = (0..<count).map { _ in extreme[int(in: 0...extreme.count - 1)] }
    return added(chance(0.5) ? Tensor(whole, shape: shape.dimensions).cast(to: dtype) : values(shape, dtype))
  }
}

extension Tensor {
  /// Small values as data, rounded to their type, and not as operations on other data.
  fileprivate var stored: Tensor {
    guard failure == nil, shape.isSmall, let values = try? read(dtype, CallSite(#fileID, #line)) else { return self }
    return Tensor(values, type)
  }
}

extension Shape {
  /// Whether a test can write so many values: shapes of other arguments may be hostile.
  fileprivate var isSmall: Bool { isValid && elementCount <= 1 << 16 }
}

/// A call of one public function with drawn arguments.
struct SweptCall: Sendable, CustomTestStringConvertible {
  let name: String
  let make: @Sendable (SweepArguments) throws -> [Tensor]
  var testDescription: String { name }

  init(_ name: String, _ make: @escaping @Sendable (SweepArguments) throws -> [Tensor]) {
    (self.name, self.make) = (name, make)
  }
  init(_ name: String, _ make: @escaping @Sendable (SweepArguments) throws -> Tensor) {
    self.init(name) { [try make($0)] }
  }
}
