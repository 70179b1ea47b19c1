import Foundation
import Testing

@testable import Tensors

/// Methods that others make up, against PyTorch in float64.
@Suite struct ComposedMethodTests {
  struct Content: Decodable { var methods: [Method] }

  struct Method: Decodable, Sendable, CustomTestStringConvertible {
    struct Numbers: Decodable, Sendable {
      var shape: [Int]
      var isInteger: Bool
      var values: [String]

      var numbers: [Double] { values.map { Double($0) ?? .nan } }
      var tensor: Tensor {
        isInteger ? Tensor(numbers.map { Int32($0) }, shape: shape) : Tensor(numbers, shape: shape)
      }
    }

    var name: String
    var inputs: [Numbers]
    var result: Numbers

    var testDescription: String { name }
  }

  private static let functions = composed.merging(arrayMethods) { $1 }

  private static let composed: [String: @Sendable ([Tensor]) throws -> Tensor] = [
    "fraction": { $0[0].fraction() },
    "heaviside": { $0[0].heaviside(middle: $0[1]) },
    "logAddExp": { $0[0].logAddExp($0[1]) },
    "logAddExp of infinities": { $0[0].logAddExp($0[1]) },
    "logAddExp2": { $0[0].logAddExp2($0[1]) },
    "logit": { $0[0].logit() },
    "logit held": { $0[0].logit(epsilon: 0.2) },
    "interpolated": { $0[0].interpolated(to: $0[1], by: $0[2]) },
    "timesLog": { $0[0].timesLog(of: $0[1]) },
    "sinc": { $0[0].sinc() },
    "radians": { $0[0].radians() },
    "degrees": { $0[0].degrees() },
    "replacingNonFinite": { $0[0].replacingNonFinite() },
    "replacingNonFinite by others": { $0[0].replacingNonFinite(nan: 1, positiveInfinity: 2, negativeInfinity: -3) },
    "isPositiveInfinity": { $0[0].isPositiveInfinity() },
    "isNegativeInfinity": { $0[0].isNegativeInfinity() },
    "hasNegativeSign": { $0[0].hasNegativeSign() },
    "floorDivided": { $0[0].floorDivided(by: $0[1]) },
    "scaled": { $0[0].scaled(byPowerOf2: $0[1]) },
    "multivariateLgamma": { $0[0].multivariateLgamma(3) },
    "isClose": { $0[0].isClose(to: $0[1]) },
    "isClose of all": { $0[0].isClose(to: $0[1], nanIsClose: true) },
    "maximumNumber": { maximumNumber($0[0], $0[1]) },
    "minimumNumber": { minimumNumber($0[0], $0[1]) },
    "argmin": { $0[0].argmin() },
    "argmin of NaN": { $0[0].argmin() },
    "sumOfNumbers": { $0[0].sumOfNumbers(axes: [1]) },
    "meanOfNumbers": { $0[0].meanOfNumbers(axes: [0]) },
    "countNonzero": { $0[0].countNonzero(axes: [0]) },
    "kthLeast": { $0[0].kthLeast(2) },
    "covariance": { $0[0].covariance() },
    "correlation": { $0[0].correlation() },
    "binCounts": { $0[0].binCounts(6) },
    "histogram": { $0[0].histogram(bins: 4, in: -1.5...2.5) },
    "renormalized": { $0[0].renormalized(along: 1, to: 1.5) },
    "differences": { $0[0].differences() },
    "differences twice": { $0[0].differences(order: 2) },
    "unstacked": { $0[0].unstacked(axis: 1)[2] },
    "movedAxis": { $0[0].movedAxis(0, to: 2) },
    "rotated90": { $0[0].rotated90() },
    "rotated90 back": { $0[0].rotated90(-1) },
    "rotated90 twice": { $0[0].rotated90(2, from: 1, to: 0) },
    "unflattened": { $0[0].unflattened(axis: 0, to: [3, -1]) },
    "windows": { $0[0].windows(ofSize: 2) },
    "windows of rows": { $0[0].windows(ofSize: 2, along: 0) },
  ]

  private static func methods() throws -> [Method] {
    let folder = URL(filePath: #filePath).appending(path: "../../../Fixtures/Methods").standardizedFileURL
    return try ["methods.json", "arrays.json"].flatMap { name in
      try JSONDecoder().decode(Content.self, from: try Data(contentsOf: folder.appending(path: name))).methods
    }
  }

  @Test func eachMethodHasAFunction() throws {
    #expect(Set(try Self.methods().map(\.name)) == Set(Self.functions.keys))
  }

  @Test(arguments: try methods()) func resultsAreThoseOfPyTorch(_ method: Method) throws {
    let function = try #require(Self.functions[method.name])
    let result = try function(method.inputs.map(\.tensor))
    #expect(result.failure == nil, "\(result)")
    #expect(result.shape.dimensions == method.result.shape)
    let found = try result.cast(to: .float64).values(as: Double.self)
    for (a, b) in zip(found, method.result.numbers) {
      #expect(a == b || a.isNaN && b.isNaN || abs(a - b) < 1e-13 * max(1, abs(b)), "\(a), \(b)")
    }
    // In float32 as well, by the fast kernels.
    let single = try function(method.inputs.map { $0.isInteger ? $0.tensor : $0.tensor.cast(to: .float32) })
    let different = try difference(single, seed: 0)
    #expect(different == nil)
  }

  @Test func mistakesAreErrors() {
    let x = Tensor.ones([2, 3])
    for (result, word) in [
      (x.kthLeast(4), "no element 4"), (x.differences(order: 4), "order 4"), (x.windows(ofSize: 4), "4 and 1"),
      (x.unstacked(axis: 2)[0], "axis 2"), (x.movedAxis(0, to: 5), "axis 5"), (x.rotated90(from: 0, to: -2), "axis 0"),
      (x.binCounts(3), "int32"), (x.histogram(bins: 0, in: 0...1), "0"), (x.multivariateLgamma(0), "not 0"),
      (x[0].covariance(), "[3]"), (x.argmin(axis: 7), "7"), (x.unflattened(axis: 0, to: [3, 3]), "elements"),
    ] { #expect(result.failure?.message.contains(word) == true, "\(result)") }
  }
}
