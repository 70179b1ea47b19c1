import CKernels
import Testing

@testable import Tensors

/// Int8-quantized matrices, and products of one row with them.
@Suite struct QuantizedMatrixTests {
  /// Multiples of a scale and the scale, as the kernels have them.
  private func rounded(_ values: [Float]) -> (multiples: [Int], scale: Float) {
    let greatest = values.reduce(0) { max($0, abs($1)) }
    guard greatest > 0, greatest.isFinite, (127 / greatest).isFinite else { return (values.map { _ in 0 }, 0) }
    let multiples = values.map { $0.isNaN ? 0 : Int(($0 * (127 / greatest)).rounded(.toNearestOrAwayFromZero)) }
    return (multiples, greatest / 127)
  }

  private func product(_ a: [Float], _ matrix: [Float], n: Int, row: Int) -> [Float] {
    let k = a.count
    let bytes = Int(backprop_quantized_bytes(Int64(n), Int64(k)))
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    defer { memory.deallocate() }
    backprop_quantize_matrix(Int64(n), Int64(k), matrix, Int64(row), memory)
    var c = [Float](repeating: .nan, count: n)
    #expect(backprop_quantized_vector_matrix(Int64(n), Int64(k), a, memory, &c) == 0)
    return c
  }

  /// Integers times scales: the same bits, whatever instructions and however many threads.
  @Test(arguments: 1...24 as ClosedRange<UInt64>) func productsAreThoseOfTheQuantized(seed: UInt64) {
    var numbers = TestNumbers(state: seed)
    func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
    let k = pick(1, 2, 3, 4, 7, 8, 65, 128, 131, 384, 701)
    let n = pick(1, 15, 16, 33, 130, 384, 700, 2047, 2090)
    let row = n + pick(0, 0, 3)
    let size = Float.random(in: 1e-3...1e3, using: &numbers)
    let matrix = (0..<(row * k)).map { _ in Float.random(in: -size...size, using: &numbers) }
    let a = (0..<k).map { _ in Float.random(in: -1...3, using: &numbers) }
    let c = product(a, matrix, n: n, row: row)
    let left = rounded(a)
    for j in 0..<n {
      let right = rounded((0..<k).map { matrix[$0 * row + j] })
      let sum = zip(left.multiples, right.multiples).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(c[j] == Float(sum) * (left.scale * right.scale), "column \(j) of [\(k)] · [\(k), \(n)], seed \(seed)")
    }
  }

  @Test func columnsWithoutAScaleAreZeros() {
    let columns: [[Float]] = [
      [0, 0], [.infinity, 1], [1, -.infinity], [.nan, -4], [.leastNonzeroMagnitude, 0], [127, -63.4],
    ]
    let matrix = columns.map { $0[0] } + columns.map { $0[1] }
    #expect(product([0, 1], matrix, n: 6, row: 6) == [0, 0, 0, -4, 0, -63])
    #expect(product([127, 0], matrix, n: 6, row: 6) == [0, 0, 0, 0, 0, 127 * 127])
    #expect(product([.infinity, 1], matrix, n: 6, row: 6) == [0, 0, 0, 0, 0, 0])
    #expect(product([.nan, 1], matrix, n: 6, row: 6) == [0, 0, 0, -4, 0, -63])
  }

  /// A chain of products, 12 MB of matrices.
  @Test func aQuantizedRunIsNearAndFollowsTheVariables() throws {
    var numbers = TestNumbers(state: 4)
    let variables = try (0..<3).map { index in
      let values = (0..<(1 << 20)).map { _ in Float.random(in: -0.05...0.05, using: &numbers) }
      return try Variable(values, shape: [1024, 1024], name: "\(index)")
    }
    let x = Tensor((0..<1024).map { _ in Float.random(in: -1...1, using: &numbers) }, shape: [1, 1024])
    let input = Tensor.standIn(like: x)
    let compiled = try CompiledGraph(
      computing: [variables.reduce(input) { $0.matmul($1.tensor) }], assigning: [], inputs: [input])
    #expect(compiled.gainsByQuantizing)
    func difference(_ a: [Float], _ b: [Float]) -> Float {
      let squares = zip(a, b).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return (squares / a.reduce(Float(0)) { $0 + $1 * $1 }).squareRoot()
    }
    func bothRuns() throws -> (exact: [Float], quantized: [Float]) {
      let quantized = try compiled.run([x], quantized: true)[0].values()
      return (try compiled.run([x])[0].values(), quantized)
    }
    let first = try bothRuns()
    // Weights are off by 0.4 % of their root mean square, rows by 0.5 to 1 %; three products one after the other.
    #expect(difference(first.exact, first.quantized) < 0.02)
    #expect(first.exact != first.quantized)
    let again = try bothRuns()
    #expect(first.exact == again.exact && first.quantized == again.quantized)

    // Whichever way a variable is assigned.
    var factor: Float = 1
    func expectFollowing(_ comment: Comment) throws {
      let other = try bothRuns()
      #expect(other.exact == first.exact.map { factor * $0 }, comment)
      #expect(other.quantized == first.quantized.map { factor * $0 }, comment)
    }
    try variables[1].set(try variables[1].values().map { -2 * $0 })
    factor = -2
    try expectFollowing("set")
    try evaluate([], assigning: [(variables[0], variables[0].tensor * 0.5)])
    factor *= 0.5
    try expectFollowing("evaluated")
    let update = try CompiledGraph(computing: [], assigning: [(variables[2], variables[2].tensor * 4)], inputs: [])
    for _ in 0..<2 {
      _ = try update.run([])
      factor *= 4
      try expectFollowing("replayed")
    }
  }

  /// A variable that a run both reads and assigns is not quantized.
  @Test func whatIsAssignedIsNotQuantized() throws {
    var numbers = TestNumbers(state: 9)
    let variable = try Variable(
      (0..<(1 << 22)).map { _ in Float.random(in: -1...1, using: &numbers) }, shape: [2048, 2048], name: "w")
    let half = variable.tensor * 0.5
    let x = Tensor((0..<2048).map { _ in Float.random(in: -1...1, using: &numbers) }, shape: [1, 2048])
    let input = Tensor.standIn(like: x)
    let compiled = try CompiledGraph(computing: [input.matmul(half)], assigning: [(variable, half)], inputs: [input])
    #expect(!compiled.gainsByQuantizing)
    let expected = try x.matmul(half).values()
    #expect(try compiled.run([x], quantized: true)[0].values() == expected)
  }

  @Test func aVariableThatIsTwoMatricesIsNotQuantized() throws {
    let variable = try Variable((0..<(1 << 22)).map { Float($0 % 7) }, shape: [2048, 2048], name: "w")
    let x = Tensor.standIn(like: Tensor([Float](repeating: 1, count: 2048), shape: [1, 2048]))
    let y = x.matmul(variable.tensor)
    let z = Tensor.concatenated([y, y], axis: 1).matmul(variable.tensor.reshaped(to: [4096, 1024]))
    let compiled = try CompiledGraph(computing: [z], assigning: [], inputs: [x])
    #expect(!compiled.gainsByQuantizing)
    let ones = Tensor([Float](repeating: 1, count: 2048), shape: [1, 2048])
    #expect(try compiled.run([ones], quantized: true)[0].values() == compiled.run([ones])[0].values())
  }

  /// Where much else is read too, a quantized run would take nearly as long.
  @Test func aSmallPartIsNotQuantized() throws {
    let values = [Float](repeating: 0.01, count: 1 << 22)
    let (one, other) = (
      try Variable(values, shape: [2048, 2048], name: "a"), try Variable(values, shape: [2048, 2048], name: "b")
    )
    let x = Tensor.standIn(like: Tensor([Float](repeating: 1, count: 2048), shape: [1, 2048]))
    let turned = try CompiledGraph(
      computing: [x.matmul(one.tensor).matmul(other.tensor.transposed)], assigning: [], inputs: [x])
    #expect(!turned.gainsByQuantizing)
    let straight = try CompiledGraph(computing: [x.matmul(one.tensor).matmul(other.tensor)], assigning: [], inputs: [x])
    #expect(straight.gainsByQuantizing)
    // Data that is not a variable may differ from run to run.
    let data = Tensor(values, shape: [2048, 2048])
    let mixed = try CompiledGraph(computing: [x.matmul(one.tensor).matmul(data)], assigning: [], inputs: [x])
    #expect(!mixed.gainsByQuantizing)
  }

  @Test func littleIsNotQuantized() throws {
    let variable = try Variable(Array(repeating: 0.3, count: 1 << 18), shape: [512, 512], name: "w")
    let x = Tensor.standIn(like: Tensor(Array(repeating: Float(0.7), count: 512), shape: [1, 512]))
    let compiled = try CompiledGraph(computing: [x.matmul(variable.tensor)], assigning: [], inputs: [x])
    #expect(!compiled.gainsByQuantizing)
    let exact = try compiled.run([x])[0].values()
    #expect(try compiled.run([x], quantized: true)[0].values() == exact)
  }
}
