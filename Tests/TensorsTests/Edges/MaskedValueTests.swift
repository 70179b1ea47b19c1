import Testing

@testable import Tensors

/// Values past a length, a mask or the diagonal, and values near the end of float32's range, in whole kernels.
@Suite struct MaskedValueTests {
  /// ±1 and 0 as in double precision, however large the numbers; short rows, vectors and ragged ends.
  @Test(arguments: [2, 16, 18, 64]) func layerNormalizationOfLargeNumbers(_ width: Int) throws {
    for size: Float in [1e18, 1e20, 1e30, 1e38, 3e38] {
      let x = Tensor((0..<width).map { $0 % 2 == 0 ? size : -size }, shape: [1, width])
      let (scale, shift) = (Tensor.ones([width]), Tensor.zeros([width]))
      let y = x.layerNormalized(scale: scale, shift: shift)
      for (index, value) in try y.values().enumerated() {
        #expect(abs(value - (index % 2 == 0 ? 1 : -1)) < 1e-6, "\(size)")
      }
      let weights = Tensor((0..<width).map { Float($0) }, shape: [width])
      let slopes = gradients(of: (y * weights).sum(), withRespectTo: [x, scale])
      let forX = try #require(try slopes[0]?.values())
      #expect(forX.allSatisfy { abs($0) <= 1e-15 })
      // Σ over rows of upstream · normalized
      let forScale = try #require(try slopes[1]?.values())
      for (index, value) in forScale.enumerated() {
        let wanted = Float(index) * (index % 2 == 0 ? 1 : -1)
        #expect(abs(value - wanted) < 1e-4 * max(1, abs(wanted)), "\(size)")
      }
      let equal = Tensor([Float](repeating: size, count: width), shape: [1, width])
      let flat = equal.layerNormalized(scale: scale, shift: shift)
      #expect(try flat.values().allSatisfy { $0 == 0 }, "\(size)")
    }
  }

  /// Vectors of channels and runs of one, of equal numbers and of large ones.
  @Test func batchNormalizationOfLargeNumbers() throws {
    func normalized(_ shape: [Int], _ number: (Int) -> Float) throws -> [Float] {
      let x = Tensor((0..<shape.reduce(1, *)).map(number), shape: shape)
      return try x.batchNormalized(scale: .ones([shape[1]]), shift: .zeros([shape[1]])).output.values()
    }
    for shape in [[4, 20], [1, 1, 8, 8]] {
      #expect(try normalized(shape) { _ in 3e38 }.allSatisfy { $0 == 0 })
    }
    for (index, value) in try normalized([2, 64], { $0 < 64 ? 1e18 : -1e18 }).enumerated() {
      #expect(abs(value - (index < 64 ? 1 : -1)) < 1e-6)
    }
  }

  /// A NaN or an infinity in the last key and value changes no row before it, forward and backward; few queries, a
  /// ragged block, more than a tile.
  @Test(arguments: [3, 7, 20, 64, 130, 200], [Float.nan, .infinity])
  func causalAttentionSeesNothingBehind(_ time: Int, _ poison: Float) throws {
    let width = 5
    var numbers = TestNumbers(state: UInt64(time))
    func random(_ count: Int) -> [Float] { (0..<count).map { _ in .random(in: -1...1, using: &numbers) } }
    func tensor(_ values: [Float]) -> Tensor { Tensor(values, shape: [1, 1, time, width]) }
    let count = time * width
    let q = random(count)
    let k = random(count)
    let v = random(count)
    var weights = random(count)
    for i in count - width..<count { weights[i] = 0 }
    func results(_ last: Float?) throws -> [[Float]] {
      var poisoned = v
      if let last { poisoned[count - 2] = last }
      let inputs = [tensor(q), tensor(k), tensor(poisoned)]
      let y = attention(queries: inputs[0], keys: inputs[1], values: inputs[2], causal: true)
      let rows = y.sliced(starts: [0, 0, 0, 0], shape: [1, 1, time - 1, width])
      let upstream = tensor(weights).sliced(starts: [0, 0, 0, 0], shape: [1, 1, time - 1, width])
      let slopes = gradients(of: (rows * upstream).sum(), withRespectTo: inputs)
      return [try rows.values()] + (try slopes.map { try #require($0).values() })
    }
    let (found, expected) = (try results(poison), try results(nil))
    for (a, b) in zip(found, expected) {
      #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 2e-6 + 1e-5 * abs($1) })
    }
  }

  @Test func attentionSeesNothingPastALength() throws {
    let (time, width) = (9, 4)
    func tensor(_ last: Float) -> Tensor {
      Tensor(
        (0..<time * width).map { $0 < 6 * width ? Float($0 * 37 % 11) / 11 : last }, shape: [1, 1, time, width])
    }
    let lengths = Tensor([6] as [Int32], shape: [1])
    func results(_ last: Float) throws -> [[Float]] {
      let (q, k, v) = (tensor(0.5), tensor(last), tensor(last))
      let y = attention(queries: q, keys: k, values: v, lengths: lengths)
      let first = gradients(of: y.square().sum(), withRespectTo: [q, k, v]).compactMap { $0 }
      let second = gradients(of: first[1].square().sum(), withRespectTo: [q, k, v]).compactMap { $0 }
      return try ([y] + first + second).map { try $0.values() }
    }
    let (found, expected) = (try results(.nan), try results(0))
    for (a, b) in zip(found, expected) { #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 }) }
  }

  /// Projected inputs past a length, forward and reversed: the same bits as with zeros there.
  @Test(arguments: RecurrentCell.allCases, [false, true])
  func recurrencesSeeNothingPastALength(_ cell: RecurrentCell, _ reversed: Bool) throws {
    let (time, batch, size) = (4, 2, 3)
    let row = cell.gates * size
    func numbers(_ count: Int, _ seed: Int) -> [Float] { (0..<count).map { Float(($0 * 31 + seed) % 17) / 17 - 0.5 } }
    let lengths = Tensor([2, 4] as [Int32], shape: [batch])
    func results(_ past: Float) throws -> [[Float]] {
      var values = numbers(time * batch * row, 1)
      for t in 2..<time { for j in 0..<row { values[t * batch * row + j] = past } }
      let inputs = [
        Tensor(values, shape: [time, batch, row]), Tensor(numbers(size * row, 2), shape: [size, row]),
        Tensor(numbers(cell.biases * size, 3), shape: [cell.biases * size]),
      ]
      let zero = Tensor.zeros([batch, size])
      let states = inputs[0].recurred(
        cell, reversed: reversed, weights: inputs[1], bias: inputs[2], lengths: lengths, initial: zero,
        initialCell: cell == .lstm ? zero : nil
      ).states
      let first = gradients(of: states.square().sum(), withRespectTo: inputs).compactMap { $0 }
      let second = gradients(of: first[0].square().sum(), withRespectTo: inputs).compactMap { $0 }
      return try ([states] + first + second).map { try $0.values() }
    }
    let expected = try results(0)
    for past: Float in [.nan, .infinity] { #expect(try results(past) == expected) }
  }
}
