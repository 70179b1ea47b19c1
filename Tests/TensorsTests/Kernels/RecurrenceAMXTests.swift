import Testing

@testable import Tensors

/// A recurrent layer of random sizes whose products run on AMX: whole tiles and ragged ones, one group of examples and
/// two, both directions, examples that end early.
private struct LayerCase: CustomStringConvertible {
  let cell: RecurrentCell, reversed: Bool
  let time: Int, batch: Int, size: Int
  let lengths: [Int32]
  let hasInitial: Bool

  init(seed: UInt64) {
    var numbers = TestNumbers(state: seed)
    func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
    (cell, reversed) = (seed.isMultiple(of: 3) ? .gru : .lstm, Bool.random(using: &numbers))
    (time, batch) = (pick(1, 2, 3), pick(24, 25, 32, 33, 40))
    size = pick(192, 193, 208, 209, 225, 256)
    let (last, allEnd) = (Int32(time), Bool.random(using: &numbers))
    lengths = (0..<batch).map { _ in allEnd ? last : .random(in: 0...last, using: &numbers) }
    hasInitial = Bool.random(using: &numbers)
  }

  var sizes: RecurrenceSizes { RecurrenceSizes(cell: cell, reversed: reversed, time: time, batch: batch, size: size) }

  /// The projected inputs, weights, biases and initial states.
  func inputs(seed: UInt64) -> [Tensor] {
    let state: Shape = [batch, size]
    let shapes: [Shape] =
      [[time, batch, cell.gates * size], [size, cell.gates * size], [cell.biases * size], state]
      + (cell == .lstm ? [state] : [])
    return OperationCase(description, shapes) { $0[0] }.inputs(seed: seed)
  }

  /// States, [cells] and the saved gates, of some of the examples.
  func results(_ inputs: [Tensor], examples: Range<Int>? = nil) -> [Tensor] {
    let examples = examples ?? 0..<batch
    func part(_ x: Tensor, axis: Int) -> Tensor {
      var (starts, sizes) = ([Int](repeating: 0, count: x.shape.rank), Array(x.shape))
      (starts[axis], sizes[axis]) = (examples.lowerBound, examples.count)
      return x.sliced(starts: starts, shape: Shape(sizes))
    }
    let lengths = Tensor(Array(lengths[examples]), shape: [examples.count])
    let weights = inputs[1] * (1 / Float(size).squareRoot())
    let initial = inputs[3...].map { hasInitial ? part($0, axis: 0) : .zeros([examples.count, size]) }
    return Tensor.recordAll(
      Recurrence(cell: cell, reversed: reversed),
      [part(inputs[0], axis: 1), weights, inputs[2], lengths] + initial)
  }
  var description: String {
    "\(cell.rawValue), \(time) steps of [\(batch), \(size)], reversed \(reversed), lengths \(lengths)"
  }
}
@Suite(.enabled(if: Engine.hasAMX)) struct RecurrenceAMXTests {
  @Test(arguments: 1...10 as ClosedRange<UInt64>) func randomShapesMatchTheReference(seed: UInt64) throws {
    let layer = LayerCase(seed: seed)
    #expect(Target.current.usesAMX(for: layer.sizes))
    let inputs = layer.inputs(seed: seed)
    let results = layer.results(inputs)
    // With upstream gradients of states and cells, and of states alone.
    let sum = seed.isMultiple(of: 2) ? results[0].square().sum() : results[0].sum() + (results[1] * 0.5).sum()
    let slopes = gradients(of: sum, withRespectTo: layer.hasInitial ? inputs : Array(inputs[..<3]))
    let everything = try results + slopes.map { try #require($0) }
    let different = try difference(.concatenated(everything.map { $0.flattened() }, axis: 0), seed: seed)
    #expect(different == nil, "\(layer)")
  }

  /// An infinity or NaN in one of the inputs, among them the weights, shows where it does in the reference.
  @Test(arguments: 11...16 as ClosedRange<UInt64>, [.infinity, -.infinity, .nan] as [Float])
  func whatIsNotFiniteStaysInItsResults(seed: UInt64, number: Float) throws {
    let layer = LayerCase(seed: seed)
    for place in layer.inputs(seed: seed).indices where place < 3 || layer.hasInitial {
      let inputs = try layer.inputs(seed: seed).enumerated().map {
        guard $0 == place else { return $1 }
        var values: [Float] = try $1.values()
        values[values.count / 3] = number
        return Tensor(values, shape: $1.shape.dimensions)
      }
      let results = layer.results(inputs)
      let slopes = gradients(of: results[0].sum(), withRespectTo: Array(inputs[..<3]))
      let everything = try results + slopes.map { try #require($0) }
      let expected = try ReferenceInterpreter().evaluate(everything)
      for (which, (tensor, wanted)) in zip(everything, expected).enumerated() {
        let found: [Float] = try tensor.values()
        let largest = wanted.floats.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
        let different = zip(found, wanted.floats).enumerated().first { _, pair in
          let (a, b) = (Double(pair.0), pair.1)
          return !(a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-5 * largest)
        }
        #expect(different == nil, "\(layer), input \(place), result \(which)")
      }
    }
  }

  /// Whichever examples share a tile or a thread with it.
  @Test(arguments: [RecurrentCell.lstm, .gru]) func anExampleHasTheSameBitsInEveryCompany(cell: RecurrentCell) throws {
    let seed = (1...100 as ClosedRange<UInt64>).first {
      LayerCase(seed: $0).cell == cell && LayerCase(seed: $0).batch == 40
    }
    let layer = LayerCase(seed: try #require(seed))
    let inputs = layer.inputs(seed: 5)
    let whole = try layer.results(inputs)[0].values()
    let row = layer.size
    for examples in [0..<24, 7..<40, 8..<40] {
      let part = try layer.results(inputs, examples: examples)[0].values()
      for step in 0...layer.time {
        let (begin, from) = (step * examples.count * row, (step * layer.batch + examples.lowerBound) * row)
        let same = part[begin..<begin + examples.count * row] == whole[from..<from + examples.count * row]
        #expect(same, "examples \(examples), step \(step)")
      }
    }
  }
}
