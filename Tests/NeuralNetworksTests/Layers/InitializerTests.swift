import NeuralNetworks
import Tensors
import Testing

/// Initializers against PyTorch's: values where they are not random, otherwise what 80,000 of them have in common.
@Suite struct InitializerTests {
  struct Content: Decodable {
    var matrices: [Matrix]
    var gains: [String: Double]
    var distributions: [Distribution]

    static func read() throws -> Content { try fixture("Layers/initializers", as: Content.self) }
  }
  struct Matrix: Decodable, Sendable {
    var name: String
    var shape: [Int]
    var groups: Int?
    var values: [Float]
  }
  struct Distribution: Decodable, Sendable {
    var name: String
    var setting: Double
    var mean: Double
    var deviation: Double
    var greatest: Double
  }

  private func values(_ initializer: Initializer, _ shape: Shape, fanIn: Int = 400, fanOut: Int = 200) throws -> [Float]
  {
    try Random.$current.withValue(Random(seed: 9)) {
      try initializer.values(shape: shape, fanIn: fanIn, fanOut: fanOut)
    }
  }

  @Test(arguments: try Content.read().matrices) func fixedOnesMatchPyTorch(_ matrix: Matrix) throws {
    let initializer: Initializer = matrix.name == "eye" ? .eye : .dirac(groups: matrix.groups ?? 1)
    #expect(try values(initializer, Shape(matrix.shape)) == matrix.values)
  }

  @Test func gainsMatchPyTorch() throws {
    for (name, gain) in try Content.read().gains {
      #expect(abs(Initializer.gain(for: try #require(Activation(rawValue: name))) - gain) < 1e-12)
    }
  }

  @Test(arguments: try Content.read().distributions) func distributionsMatchPyTorch(_ expected: Distribution) throws {
    let setting = expected.setting
    let initializer: Initializer =
      switch expected.name {
      case "glorotUniform": .glorotUniform(gain: setting)
      case "glorotNormal": .glorotNormal(gain: setting)
      case "heUniform": .heUniform(slope: setting)
      case "heUniform output": .heUniform(slope: setting, keeping: .output)
      case "heNormal": .heNormal(slope: setting)
      case "heNormal output": .heNormal(slope: setting, keeping: .output)
      case "truncatedNormal": .truncatedNormal(mean: 0.5, deviation: 0.1, within: Float(setting))
      case "lecunNormal": .lecunNormal
      case "lecunUniform": .lecunUniform
      case "normal": .normal(mean: 0.5, deviation: 0.1)
      default: .uniform(in: -1...3)
      }
    let drawn = try values(initializer, [200, 400]).map { Double($0) }
    let mean = drawn.reduce(0, +) / 80_000
    let deviation = (drawn.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 80_000).squareRoot()
    #expect(abs(mean - expected.mean) < 0.03 * expected.deviation)
    #expect(abs(deviation / expected.deviation - 1) < 0.02)
    let isBounded = !expected.name.contains("ormal") || expected.name == "truncatedNormal"
    let greatest = drawn.reduce(0) { max($0, abs($1 - mean)) }
    #expect(abs(greatest / expected.greatest - 1) < (isBounded ? 0.02 : 0.3))
  }

  @Test(arguments: [[6, 6], [4, 9], [9, 4], [5, 2, 3]]) func orthogonalOnesAreOrthonormal(_ dimensions: [Int]) throws {
    let columns = dimensions.dropFirst().reduce(1, *)
    let matrix = Tensor(try values(.orthogonal(gain: 2), Shape(dimensions)), shape: [dimensions[0], columns])
    let product = dimensions[0] <= columns ? matrix.matmul(matrix.transposed) : matrix.transposed.matmul(matrix)
    let difference = (product - Tensor.eye(product.shape[0]) * 4).abs().max()
    #expect(try difference.scalar() < 1e-5)
  }

  @Test func sparseOnesHaveZerosInEachColumn() throws {
    let drawn = try values(.sparse(0.3, deviation: 0.1), [50, 20])
    for column in 0..<20 { #expect((0..<50).filter { drawn[$0 * 20 + column] == 0 }.count == 15) }
    let squares = drawn.reduce(0) { $0 + $1 * $1 }
    #expect(abs(squares / (1000 * 0.7) / 0.01 - 1) < 0.1)
  }

  private static let wrong: [(Initializer, Shape)] = [
    (.eye, [3]), (.dirac(), [3, 3]), (.dirac(groups: 2), [3, 3, 3]), (.dirac(groups: 0), [3, 3, 3]),
    (.orthogonal(), [3]),
    (.orthogonal(gain: .nan), [3, 3]), (.sparse(2), [3, 3]), (.sparse(0.5), [3]), (.uniform(in: 0...(.infinity)), [3]),
    (.normal(mean: .nan, deviation: 1), [3]), (.truncatedNormal(deviation: -1), [3]),
    (.truncatedNormal(deviation: 1, within: 0), [3]), (.heNormal(slope: .nan), [3]),
    (.glorotUniform(gain: .infinity), [3]),
    (.zeros, [-1, 2]),
  ]

  @Test(arguments: wrong.indices) func wrongSettingsSaySo(index: Int) throws {
    let (initializer, shape) = Self.wrong[index]
    let error = try #require(throws: TensorError.self) { try initializer.values(shape: shape, fanIn: 1, fanOut: 1) }
    #expect(isSentence(error.message), "\(error)")
  }
}
