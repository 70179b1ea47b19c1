@testable import Tensors

// Scans, sorting and indexing along an axis. Positions are of exact numbers, which have the same order in every precision.
extension ProgramGenerator {
  mutating func addArrays() {
    switch int(0...7) {
    case 0: addLinearScan()
    case 1: addPositions()
    case 2: addSearch()
    case 3: addGatherAlong()
    case 4: addScatterAlong()
    case 5, 6: addLibraryCall()
    default:
      let x = bounded(anyFloat(rank: 1...4), 30)
      add(LogCumulativeSumExp(axis: axis(of: x)), [x], magnitude: 40)
    }
  }

  /// Whether the operation's results are positions, which have no derivative.
  func isPosition(_ op: any Operation) -> Bool { op is CumulativeArgmax || op is Argsort || op is SearchSorted }

  private mutating func axis(of value: Value) -> Int { int(0...shape(value).rank - 1) }

  /// Functions that are not steep anywhere, and remainders and bits of whole numbers.
  private mutating func addLibraryCall() {
    switch int(0...3) {
    case 0:
      let function = one(of: [BinaryLog.self, CommonLog.self, LogOnePlus.self] as [any LibraryFunction.Type])
      if let x = positive(anyFloat()) { add(LibraryCall(function: function), [x], magnitude: 7) }
    case 1:
      let function = one(
        of: [
          ArcTangent.self, HyperbolicSine.self, HyperbolicCosine.self, AreaSine.self, BinaryExp.self, ExpMinusOne.self,
          ComplementaryErrorFunction.self,
        ] as [any LibraryFunction.Type])
      add(LibraryCall(function: function), [bounded(anyFloat(), 3)], magnitude: 21)
    case 2:
      let x = integers(shape(), in: -50...50)
      let function = one(
        of: [BitAnd.self, BitOr.self, BitXor.self, ShiftRight.self, Remainder.self] as [any LibraryFunction.Type])
      add(LibraryCall(function: function), [x, integers(shape(x), in: -3...9)], magnitude: 63, isExact: true)
    default:
      if let a = positive(anyFloat()) {
        let b = bounded(adapted(to: shape(a)), 100)
        add(LibraryCall(function: one(of: [Hypotenuse.self, ArcTangent2.self])), [b, a], magnitude: 150)
      }
    }
  }

  private mutating func addLinearScan() {
    let terms = bounded(anyFloat(rank: 1...4), 30)
    let (axis, shape) = (axis(of: terms), shape(terms))
    let op = LinearScan(axis: axis, isReversed: chance(0.4))
    let count = Double(max(shape[axis], 1))
    if chance(0.5) {
      let one = add(Fill(number: Constant(1), type: TensorType(shape)), [], magnitude: 1, isExact: true)
      if let one {
        add(op, [one, terms], magnitude: count * bounds(terms).magnitude, isExact: bounds(terms).isExact)
      }
    } else if let factors = add(Unary(HyperbolicTangent.self), [adapted(to: shape)], magnitude: 1) {
      add(op, [factors, terms], magnitude: count * bounds(terms).magnitude)
    }
  }

  private mutating func addPositions() {
    let x = exactFloat(rank: 1...4)
    guard shape(x).rank > 0 else { return }
    let size = shape(x)[-1]
    let op: any Operation =
      chance(0.3)
      ? CumulativeArgmax(axis: axis(of: x), isMinimum: chance(0.5))
      : Argsort(isDescending: chance(0.5), count: chance(0.6) ? size : int(0...size))
    let positions = add(op, [x], magnitude: 1024, isExact: true)
    guard let positions, chance(0.7), shape(positions).fits(shape(x), but: shape(x).rank - 1) else { return }
    guard op is Argsort else { return }
    let values = adapted(to: shape(x))
    add(
      GatherAlong(axis: shape(x).rank - 1), [values, positions], magnitude: bounds(values).magnitude,
      isExact: bounds(values).isExact)
  }

  private mutating func addSearch() {
    let values = exactFloat(rank: 0...3)
    let x = leaf([int(0...6)])
    guard let order = add(Argsort(count: shape(x)[0]), [x], magnitude: 6, isExact: true),
      let sorted = add(GatherAlong(axis: 0), [x, order], magnitude: 3, isExact: true)
    else { return }
    add(SearchSorted(isRight: chance(0.5)), [sorted, values], magnitude: 6, isExact: true)
  }

  private mutating func addGatherAlong() {
    let x = anyFloat(rank: 1...4)
    let axis = axis(of: x)
    guard shape(x)[axis] > 0 else { return }
    let sizes = Shape(shape(x).indices.map { $0 == axis ? size() : shape(x)[$0] })
    let indices = integers(sizes, in: 0...shape(x)[axis] - 1)
    add(GatherAlong(axis: axis), [x, indices], magnitude: bounds(x).magnitude, isExact: bounds(x).isExact)
  }

  private mutating func addScatterAlong() {
    let kind = one(of: ScatterAlong.Kind.allCases)
    let isExtreme = kind == .maximum || kind == .minimum
    let x = isExtreme ? exactFloat(rank: 1...4) : anyFloat(rank: 1...4)
    guard shape(x).rank > 0 else { return }
    let axis = axis(of: x)
    let sizes = Shape(shape(x).indices.map { $0 == axis ? size() : shape(x)[$0] })
    let indices = integers(sizes, in: -1...shape(x)[axis])
    let updates = isExtreme ? leaf(sizes) : adapted(to: sizes)
    let known = (bounds(x), bounds(updates))
    let magnitude = known.0.magnitude + Double(max(sizes[axis], 1)) * known.1.magnitude
    add(
      ScatterAlong(axis: axis, kind: kind), [x, indices, updates], magnitude: magnitude,
      isExact: known.0.isExact && known.1.isExact)
  }
}
